/** MCP plugins through the whole product: the booted program, a real MCP server, a scripted model. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import { bootServer, type BootedServer } from './support/boot.ts'
import { Api } from './support/factories.ts'
import { EVERYTHING, startEverything, type McpServer } from './support/mcp-servers.ts'
import { startScriptedModel, type ScriptedModel } from './support/scripted-model.ts'

describe('an MCP plugin', () => {
  let everything: McpServer
  let model: ScriptedModel
  let server: BootedServer
  let api: Api
  let folder = ''
  let assistants = { http: '', command: '', asks: '' }

  const write = async (id: string, at: object, melzi: object = {}): Promise<string> => {
    const file = path.join(folder, `${id}.json`)
    await writeFile(file, JSON.stringify({ id, api: { type: 'mcp', ...at }, melzi }))
    return file
  }

  before(async () => {
    everything = await startEverything()
    model = await startScriptedModel()
    folder = await mkdtemp(path.join(tmpdir(), 'melzi-mcp-'))
    server = await bootServer({
      model: { url: model.url },
      env: {
        MELZI_ALLOW_INTERNAL_HOSTS: everything.host,
        MELZI_MCP_COMMANDS: JSON.stringify({
          everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] },
        }),
      },
    })
    api = new Api(server)
    const functions = ['get-sum', 'echo']
    const files: [string, object, object][] = [
      ['http', { url: everything.url }, { functions }],
      ['command', { command: 'everything' }, {}],
      ['asks', { url: everything.url }, { functions, ask_before: ['get-sum'] }],
    ]
    const names = await Promise.all(files.map(([id, at, melzi]) => write(id, at, melzi)))
    await server.cli('plugin', 'import', ...names)
    const made = await Promise.all(files.map(([id]) => assistantOf(id)))
    assistants = { http: made[0] ?? '', command: made[1] ?? '', asks: made[2] ?? '' }
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
    await everything?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  /** An assistant of one plugin, which the server runs. */
  const assistantOf = async (id: string): Promise<string> => {
    const args = ['--plugin', id, '--plugin-mode', 'server', '--json']
    const made = await server.cli('assistant', 'create', ...args)
    return (JSON.parse(made) as { id: string }).id
  }

  const toolCallsOf = (steps: readonly RunStepObject[]) =>
    steps.flatMap(({ step_details: details }) =>
      details.type === 'tool_calls' ? details.tool_calls : [],
    )

  for (const where of ['http', 'command'] as const) {
    it(`(${where}) runs on the server: the model calls its tool, and the run goes on to the answer`, async () => {
      const assistant = assistants[where]
      model.push(
        { toolCalls: [{ name: 'get-sum', arguments: { a: 20, b: 22 } }] },
        { text: 'It is 42.' },
      )
      const thread = await api.thread('What is 20 + 22?')
      const run = await api.settled(await api.run(thread.id, assistant))
      assert.equal(run.status, 'completed')
      const [call] = toolCallsOf(await api.steps(run))
      assert.ok(call?.type === 'function')
      assert.equal(call.function.name, 'get-sum')
      assert.equal(call.function.output, 'The sum of 20 and 22 is 42.')
      const told = JSON.stringify(model.requests.at(-1)?.body.messages)
      assert.match(told, /The sum of 20 and 22 is 42\./)
    })
  }

  it('offers the tools that are ticked', async () => {
    const { tools } = await api.get<AssistantObject>(`/assistants/${assistants.http}`)
    const names = tools.map((tool) => tool.type === 'function' && tool.function.name)
    assert.deepEqual(names, ['echo', 'get-sum'])
    const all = await api.get<AssistantObject>(`/assistants/${assistants.command}`)
    assert.ok(all.tools.length > 8)
  })

  it('whose tool asks first stops the run on the server too, and /pluginapi makes the call', async () => {
    const assistant = assistants.asks
    model.push(
      { toolCalls: [{ name: 'echo', arguments: { message: 'x' } }] },
      { toolCalls: [{ name: 'get-sum', arguments: { a: 1, b: 2 } }] },
    )
    const thread = await api.thread('Add.')
    const run = await api.settled(await api.run(thread.id, assistant))
    assert.equal(run.status, 'requires_action')
    const [call] = run.required_action?.submit_tool_outputs.tool_calls ?? []
    assert.equal(call?.function.name, 'get-sum')
    const query = new URLSearchParams({ tid: thread.id, aid: assistant, pid: 'get-sum' })
    const answer = await fetch(`${server.baseUrl}/pluginapi?${query.toString()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.apiKey}`, 'content-type': 'application/json' },
      body: call?.function.arguments ?? '',
    })
    const { text } = (await answer.json()) as { text: string }
    assert.equal(text, 'The sum of 1 and 2 is 3.')
    model.push({ text: 'Three.' })
    const outputs = { tool_outputs: [{ tool_call_id: call?.id, output: text }] }
    await api.post(`/threads/${thread.id}/runs/${run.id}/submit_tool_outputs`, outputs)
    assert.equal((await api.settled(run)).status, 'completed')
  })

  it('of a command that is not listed is refused at its import', async () => {
    const file = await write('refused', { command: 'sh' })
    await assert.rejects(server.cli('plugin', 'import', file), /no command named 'sh'/)
  })

  it('leaves no program behind when the server stops', async () => {
    const assistant = assistants.command
    const thread = await api.thread('x')
    const query = new URLSearchParams({ tid: thread.id, aid: assistant, pid: 'get-env' })
    const answer = await fetch(`${server.baseUrl}/pluginapi?${query.toString()}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.apiKey}` },
    })
    const { text } = (await answer.json()) as { text: string }
    assert.deepEqual(Object.keys(JSON.parse(text) as object), ['PATH'])
    const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8')
      .split(' ')
      .filter((pid) => pid !== '')
    const runs = (pid: string) =>
      existsSync(`/proc/${pid}`) &&
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(EVERYTHING)
    const programs = children.filter(runs)
    assert.equal(programs.length, 1)
    assert.equal(await server.kill(), 0)
    assert.deepEqual(programs.filter(runs), [])
    assert.ok(!server.logs.includes('a promise was left alone'))
  })
})
