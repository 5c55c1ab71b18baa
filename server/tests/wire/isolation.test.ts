import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { ListReply } from '@melzi/contract/list.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, unitPrice } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// design section 5: an object you have no right on is 404, on every route, read or write or stream alike.
describe('two people of one workspace', () => {
  let model: ScriptedModel
  let server: BootedServer
  let mine: Api
  let other: Api
  const ids = {
    assistant: '',
    thread: '',
    message: '',
    run: '',
    step: '',
    ownAssistant: '',
    ownThread: '',
  }

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
    mine = new Api(server)
    other = new Api(await server.keyOf('Salaì'))
    ids.assistant = (await mine.assistant({ instructions: 'secret', tools: [unitPrice] })).id
    const thread = await mine.thread('my question')
    ids.thread = thread.id
    ids.message = (await mine.messages(thread.id))[0]?.id ?? ''
    model.push({ toolCalls: [{ name: 'unit_price', arguments: {} }] })
    const run = await mine.settled(await mine.run(thread.id, ids.assistant))
    ids.run = run.id
    ids.step = (await mine.steps(run))[0]?.id ?? ''
    ids.ownAssistant = (await other.assistant()).id
    ids.ownThread = (await other.thread('my own')).id
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  const routes: [method: string, path: () => string, body?: () => object][] = [
    ['GET', () => `/assistants/${ids.assistant}`],
    ['POST', () => `/assistants/${ids.assistant}`, () => ({ name: 'stolen' })],
    ['DELETE', () => `/assistants/${ids.assistant}`],
    ['GET', () => `/threads/${ids.thread}`],
    ['POST', () => `/threads/${ids.thread}`, () => ({ metadata: { a: 'b' } })],
    ['DELETE', () => `/threads/${ids.thread}`],
    ['GET', () => `/threads/${ids.thread}/messages`],
    ['POST', () => `/threads/${ids.thread}/messages`, () => ({ role: 'user', content: 'x' })],
    ['GET', () => `/threads/${ids.thread}/messages/${ids.message}`],
    ['POST', () => `/threads/${ids.thread}/messages/${ids.message}`, () => ({ metadata: {} })],
    ['DELETE', () => `/threads/${ids.thread}/messages/${ids.message}`],
    ['GET', () => `/threads/${ids.thread}/runs`],
    ['POST', () => `/threads/${ids.thread}/runs`, () => ({ assistant_id: ids.ownAssistant })],
    [
      'POST',
      () => `/threads/${ids.thread}/runs`,
      () => ({ assistant_id: ids.ownAssistant, stream: true }),
    ],
    ['POST', () => `/threads/${ids.ownThread}/runs`, () => ({ assistant_id: ids.assistant })],
    [
      'POST',
      () => `/threads/${ids.ownThread}/runs`,
      () => ({ assistant_id: ids.assistant, stream: true }),
    ],
    ['POST', () => '/threads/runs', () => ({ assistant_id: ids.assistant })],
    ['GET', () => `/threads/${ids.thread}/runs/${ids.run}`],
    ['POST', () => `/threads/${ids.thread}/runs/${ids.run}`, () => ({ metadata: {} })],
    ['POST', () => `/threads/${ids.thread}/runs/${ids.run}/cancel`],
    [
      'POST',
      () => `/threads/${ids.thread}/runs/${ids.run}/submit_tool_outputs`,
      () => ({ tool_outputs: [{ tool_call_id: 'call_x', output: 'x' }] }),
    ],
    [
      'POST',
      () => `/threads/${ids.thread}/runs/${ids.run}/submit_tool_outputs`,
      () => ({ tool_outputs: [{ tool_call_id: 'call_x', output: 'x' }], stream: true }),
    ],
    ['GET', () => `/threads/${ids.thread}/runs/${ids.run}/events?after=0`],
    ['GET', () => `/threads/${ids.thread}/runs/${ids.run}/steps`],
    ['GET', () => `/threads/${ids.thread}/runs/${ids.run}/steps/${ids.step}`],
    // A right on the thread gives none on a run, message or step of another thread.
    ['GET', () => `/threads/${ids.ownThread}/runs/${ids.run}`],
    ['POST', () => `/threads/${ids.ownThread}/runs/${ids.run}/cancel`],
    ['GET', () => `/threads/${ids.ownThread}/runs/${ids.run}/events?after=0`],
    ['GET', () => `/threads/${ids.ownThread}/runs/${ids.run}/steps`],
    ['GET', () => `/threads/${ids.ownThread}/runs/${ids.run}/steps/${ids.step}`],
    ['GET', () => `/threads/${ids.ownThread}/messages/${ids.message}`],
    ['DELETE', () => `/threads/${ids.ownThread}/messages/${ids.message}`],
    ['POST', () => `/pluginapi?tid=${ids.thread}&aid=${ids.assistant}&pid=unit_price`, () => ({})],
    [
      'POST',
      () => `/pluginapi?tid=${ids.ownThread}&aid=${ids.assistant}&pid=unit_price`,
      () => ({}),
    ],
  ]
  for (const [i, [method, path, body]] of routes.entries())
    it(`${i + 1}: ${method} ${path.toString().replace(/^\(\) => /, '')} is 404`, () =>
      other.refused(method, path(), body?.(), { status: 404 }))

  it('lists show nothing of the other', async () => {
    const { data } = await other.get<ListReply<AssistantObject>>('/assistants?limit=100')
    assert.deepEqual(
      data.map(({ id }) => id),
      [ids.ownAssistant],
    )
  })

  it('cursors of the other are unknown', () =>
    other.refused('GET', `/assistants?after=${ids.assistant}`, undefined, { status: 404 }))

  it('and nothing of it was changed', async () => {
    const assistant = await mine.get<AssistantObject>(`/assistants/${ids.assistant}`)
    assert.deepEqual([assistant.name, assistant.instructions], [null, 'secret'])
    const run = await mine.get<{ status: string }>(`/threads/${ids.thread}/runs/${ids.run}`)
    assert.equal(run.status, 'requires_action')
    assert.equal((await mine.messages(ids.thread)).length, 1)
    assert.equal(model.requests.length, 1)
  })

  it('a deleted key ends on the very next request', async () => {
    const { apiKey, baseUrl } = await server.keyOf('Salaì')
    const short = new Api({ apiKey, baseUrl })
    await short.get('/assistants')
    const { data } = JSON.parse(await server.cli('key', 'list', '--person', 'Salaì', '--json')) as {
      data: { id: string; last_four: string }[]
    }
    const key = data.find(({ last_four: end }) => apiKey.endsWith(end))
    assert.ok(key)
    await server.cli('key', 'delete', key.id, '--person', 'Salaì')
    await short.refused('GET', '/assistants', undefined, { status: 401, code: 'invalid_api_key' })
    await other.get('/assistants')
  })
})
