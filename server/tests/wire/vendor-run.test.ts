import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ChatCompletion } from 'openai/resources'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, textOf, unitPrice } from '../support/factories.ts'
import { sendJson, startModelServer, type ModelServer } from '../support/model-server.ts'

// A run on a vendor with its own wire, from the models file to the answer.
const fixture = (name: string) =>
  readFileSync(
    path.join(import.meta.dirname, `../../src/models/ai-sdk/fixtures/anthropic-${name}.txt`),
  )
const KEY = 'sk-ant-1234567890abcdefgh'

describe('a model of a vendor', () => {
  let vendor: ModelServer
  let answers: (Buffer | number)[]
  let server: BootedServer
  let api: Api
  let dir: string

  before(async () => {
    vendor = await startModelServer((_request, response) => {
      const answer = answers.shift() ?? 500
      if (typeof answer === 'number') {
        const error = { type: 'invalid_request_error', message: `refused (${KEY})` }
        const headers: Record<string, string> = answer === 429 ? { 'retry-after': '60' } : {}
        sendJson(response, answer, { type: 'error', error }, headers)
      } else response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer)
    })
    dir = await mkdtemp(path.join(tmpdir(), 'melzi-vendor-'))
    const file = path.join(dir, 'models.json')
    const base_url = `${vendor.origin}/v1`
    const claude = { name: 'claude', provider: 'anthropic', model: 'claude-sonnet-4-5', base_url }
    await writeFile(file, JSON.stringify({ models: [{ ...claude, api_key_env: 'CLAUDE_KEY' }] }))
    server = await bootServer({ env: { MELZI_MODELS_FILE: file, CLAUDE_KEY: KEY } })
    api = new Api(server)
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await vendor?.[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  it('runs an assistant with functions, effort and usage', async () => {
    answers = [fixture('tools'), fixture('text')]
    const assistant = await api.assistant({
      model: 'gpt-4o',
      instructions: 'Be brief.',
      tools: [unitPrice, { type: 'function', function: { name: 'now' } }],
      reasoning_effort: 'medium',
    })
    const thread = await api.thread('what does it cost?')
    const waiting = await api.settled(await api.run(thread.id, assistant.id))
    assert.equal(waiting.status, 'requires_action')
    const calls = waiting.required_action?.submit_tool_outputs.tool_calls ?? []
    assert.deepEqual(
      calls.map((call) => call.function.name),
      ['unit_price', 'now'],
    )
    await api.post(`/threads/${thread.id}/runs/${waiting.id}/submit_tool_outputs`, {
      tool_outputs: calls.map(({ id }) => ({ tool_call_id: id, output: 'done' })),
    })
    const run = await api.settled(waiting)
    assert.equal(run.status, 'completed')
    assert.equal(run.usage?.prompt_tokens, 40 + 125)
    const messages = await api.messages(thread.id)
    assert.equal(textOf(messages.at(-1)), 'Hello 世界')
    const sent = vendor.lastJson() as { thinking?: object; messages: { content: object[] }[] }
    assert.ok(sent.thinking !== undefined)
    assert.deepEqual(
      sent.messages[1]?.content.map((part) => (part as { type: string }).type),
      ['thinking', 'text', 'tool_use', 'tool_use'],
    )
  })

  it('fails a run as the vendor says, without its key', async () => {
    answers = [400]
    const assistant = await api.assistant({ model: 'claude' })
    const thread = await api.thread('hello')
    const run = await api.settled(await api.run(thread.id, assistant.id))
    assert.deepEqual([run.status, run.last_error?.code], ['failed', 'invalid_prompt'])
    assert.match(run.last_error?.message ?? '', /refused \(\[cut\]\)/)
    assert.ok(!server.logs.includes(KEY))
  })

  it("tells a vendor's rate limit, and when to come again", async () => {
    answers = [429, 429]
    const assistant = await api.assistant({ model: 'claude' })
    const run = await api.settled(await api.run((await api.thread('hello')).id, assistant.id))
    assert.deepEqual([run.status, run.last_error?.code], ['failed', 'rate_limit_exceeded'])
    const body = { model: 'claude', messages: [{ role: 'user', content: 'hello' }] }
    const reply = await api.request('POST', '/chat/completions', body)
    assert.deepEqual([reply.status, reply.headers.get('retry-after')], [429, '60'])
  })

  it('answers chat completions converted, and takes no audio', async () => {
    answers = [fixture('text'), 400, 400]
    const body = { model: 'claude', messages: [{ role: 'user', content: 'hello' }] }
    const answer = await api.post<ChatCompletion>('/chat/completions', body)
    assert.equal(answer.choices[0]?.message.content, 'Hello 世界')
    assert.equal(answer.usage?.prompt_tokens_details?.cached_tokens, 100)
    const refusal = { status: 400, message: /refused \(\[cut\]\)/ }
    await api.refused('POST', '/chat/completions', body, refusal)
    await api.refused('POST', '/chat/completions', { ...body, stream: true }, refusal)
    await api.refused('POST', '/audio/speech', body, { status: 400, code: 'unsupported_model' })
  })
})
