import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { RunObject } from '@melzi/contract/run.ts'
import { bootServer, type BootedServer } from './support/boot.ts'
import { Api } from './support/factories.ts'

// plugins.md 2: a plugin that asks the assistant's model, in the real sandbox, with the built-in demo model.
const SOURCE = `
args = await infer_params(conversation=CURRENT_CONVERSATION, description='price and weight', parameters={
    'type': 'object',
    'properties': {'price': {'type': 'number'}, 'kg': {'type': 'number', 'description': 'weight in kg'}},
    'required': ['price', 'kg'],
})
said = await chat(conversation=[{'role': 'user', 'content': 'Say ' + str(args['price'] / args['kg'])}])
old = await chat(conversation=CURRENT_CONVERSATION, functions=[
    {'name': 'unit_price', 'description': 'price and weight', 'parameters': {
        'type': 'object', 'properties': {'price': {'type': 'number'}}, 'required': ['price']}}])
try:
    await chat(conversation=[{'role': 'robot'}])
except Exception as error:
    refused = str(error)
print(json.dumps([args, said, old['function_call'], await count_token('你好'), SELECTED_MODEL_TOKEN_LIMIT, refused]))
`

const PLUGIN = {
  id: 'ask_price',
  description_for_model: 'Price and weight of goods.',
  melzi: { parameters: { type: 'object', properties: { query: { type: 'string' } } } },
  api: { type: 'python', python: { source: SOURCE } },
}

const QUESTION = 'Please use ask_price: the price is 180 for a weight of 2 kg'

const checkOutput = (output: string) => {
  const [args, said, old, count, limit, refused] = JSON.parse(output) as unknown[]
  assert.deepEqual(args, { price: 180, kg: 2 })
  assert.match(JSON.stringify(said), /"role":"assistant".*demo model.*Say 90\.0/)
  assert.deepEqual(old, { name: 'unit_price', arguments: '{"price":180}' })
  assert.deepEqual([count, limit], [2, 128_000])
  assert.match(String(refused), /role must be 'system'/)
}

describe('a plugin that asks the model', () => {
  let server: BootedServer
  let api: Api
  let folder = ''
  const assistant = async (mode: string): Promise<string> => {
    const made = await server.cli(
      'assistant',
      'create',
      '--plugin',
      'ask_price',
      '--plugin-mode',
      mode,
      '--json',
    )
    return (JSON.parse(made) as { id: string }).id
  }

  before(async () => {
    server = await bootServer({ sandbox: true })
    api = new Api(server)
    folder = await mkdtemp(path.join(tmpdir(), 'melzi-plugin-'))
    const file = path.join(folder, 'plugin.json')
    await writeFile(file, JSON.stringify(PLUGIN))
    await server.cli('plugin', 'import', file)
  })

  after(async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  /** Usage of the tool step; the run's is the sum of its steps'. */
  const toolTokens = async (run: RunObject): Promise<number> => {
    const steps = await api.steps(run)
    const total = steps.reduce((sum, step) => sum + (step.usage?.total_tokens ?? 0), 0)
    assert.equal(run.usage?.total_tokens, total)
    return steps[0]?.usage?.total_tokens ?? 0
  }

  const outputOf = async (run: RunObject): Promise<string> => {
    const [step] = await api.steps(run)
    assert.ok(step?.step_details.type === 'tool_calls')
    const [call] = step.step_details.tool_calls
    assert.ok(call?.type === 'function')
    return call.function.output ?? ''
  }

  let asked = 0

  it('is answered in a run of the server, and costs it', async () => {
    const thread = await api.thread(QUESTION)
    const run = await api.settled(await api.run(thread.id, await assistant('server')), 60_000)
    assert.equal(run.status, 'completed', JSON.stringify(run.last_error))
    checkOutput(await outputOf(run))
    asked = await toolTokens(run)
  })

  it('is answered through /pluginapi, and costs the run that waits', async () => {
    const aid = await assistant('client')
    const thread = await api.thread(QUESTION)
    const run = await api.settled(await api.run(thread.id, aid))
    assert.equal(run.status, 'requires_action')
    const call = run.required_action?.submit_tool_outputs.tool_calls[0]
    assert.ok(call)
    const query = new URLSearchParams({ tid: thread.id, aid, pid: call.function.name })
    const response = await fetch(`${server.baseUrl}/pluginapi?${query.toString()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.apiKey}` },
      body: call.function.arguments,
    })
    const { text: output } = (await response.json()) as { text: string }
    checkOutput(output)
    await api.post(`/threads/${thread.id}/runs/${run.id}/submit_tool_outputs`, {
      tool_outputs: [{ tool_call_id: call.id, output }],
    })
    assert.equal(await toolTokens(await api.settled(run)), asked)
  })

  it('has pictures at addresses outside of the API, which need no key and tell nothing', async () => {
    for (const method of ['GET', 'HEAD']) {
      const reply = await fetch(`${server.origin}/pictures/${'A'.repeat(77)}.png`, { method })
      assert.equal(reply.status, 404)
    }
  })
})
