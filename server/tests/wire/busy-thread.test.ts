import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, textOf, unitPrice } from '../support/factories.ts'
import { assertLawfulStream } from '../support/lawful-stream.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'
import type { WireEvent } from '../support/sse.ts'

// `queue: true` through the door: what the contract promises of it; its line is tested in features/runs/line.test.ts.
describe('a busy thread', () => {
  let model: ScriptedModel
  let server: BootedServer
  let api: Api
  let assistantId: string

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
    api = new Api(server)
    assistantId = (await api.assistant({ tools: [unitPrice] })).id
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  /** A thread whose run waits for its client. */
  const busy = async () => {
    const { id } = await api.thread('hello')
    model.push({ toolCalls: [{ name: 'unit_price', arguments: { price: 1, weight: 1 } }] })
    const run = await api.settled(await api.run(id, assistantId))
    const path = `/threads/${id}`
    return { id, run, path, free: () => api.post(`${path}/runs/${run.id}/cancel`) }
  }
  const hello = { role: 'user', content: 'meanwhile' }

  it('streams a run that waits: created and queued at once, the rest at its turn', async () => {
    const { path, free } = await busy()
    const message = await api.post<MessageObject>(`${path}/messages`, {
      ...hello,
      queue: true,
      metadata: { kept: 'yes' },
    })
    assert.deepEqual([message.melzi, message.metadata], [{ queued: true }, { kept: 'yes' }])
    model.push({ text: 'at last' })
    const events: WireEvent[] = []
    const body = { assistant_id: assistantId, queue: true }
    for await (const event of api.stream(`${path}/runs`, body)) {
      events.push(event)
      if (event.event === 'thread.run.queued') {
        assert.equal((event.data as RunObject).expires_at, null)
        await free()
      }
      if (event.event === 'thread.run.in_progress')
        assert.ok((event.data as RunObject).expires_at, 'its time counts from its turn')
    }
    assertLawfulStream(events)
    const after = await api.get<MessageObject>(`${path}/messages/${message.id}`)
    const { melzi: _melzi, ...same } = message
    assert.deepEqual(after, same)
  })

  it('is as ever for a free thread, and without `queue`', async () => {
    const { id } = await api.thread()
    const made = await api.post<MessageObject>(`/threads/${id}/messages`, { ...hello, queue: true })
    assert.equal(made.melzi, undefined)
    model.push({ text: 'free' })
    const run = await api.run(id, assistantId, { queue: true })
    assert.ok(run.expires_at)
    assert.equal((await api.settled(run)).status, 'completed')
    assert.deepEqual((await api.messages(id)).map(textOf), ['meanwhile', 'free'])
    const thread = await busy()
    for (const queue of [false, null, undefined]) {
      await api.refused(
        'POST',
        `${thread.path}/messages`,
        { ...hello, queue },
        {
          status: 400,
          message: `Can't add messages to ${thread.id} while a run ${thread.run.id} is active.`,
        },
      )
      await api.refused(
        'POST',
        `${thread.path}/runs`,
        { assistant_id: assistantId, queue },
        {
          status: 400,
          message: `Thread ${thread.id} already has an active run ${thread.run.id}.`,
        },
      )
    }
  })

  it('refuses what is malformed, foreign, or no place for it', async () => {
    const { path } = await busy()
    const malformed = { status: 400, param: 'queue', code: 'invalid_type' }
    await api.refused('POST', `${path}/messages`, { ...hello, queue: 'yes' }, malformed)
    const run = { assistant_id: assistantId }
    await api.refused('POST', `${path}/runs`, { ...run, queue: 1 }, malformed)
    const unknown = { status: 400, code: 'unknown_parameter' }
    const additional = { ...run, queue: true, additional_messages: [{ ...hello, queue: true }] }
    await api.refused('POST', `${path}/runs`, additional, unknown)
    await api.refused('POST', '/threads', { messages: [{ ...hello, queue: true }] }, unknown)
    await api.refused('POST', '/threads/runs', { ...run, queue: true }, unknown)
    const other = new Api(await server.keyOf('Salaì'))
    const own = (await other.assistant()).id
    const none = { status: 404 }
    await other.refused('POST', `${path}/messages`, { ...hello, queue: true }, none)
    await other.refused('POST', `${path}/runs`, { assistant_id: own, queue: true }, none)
    const waiting = await api.post<RunObject>(`${path}/runs`, { ...run, queue: true })
    await other.refused('POST', `${path}/runs/${waiting.id}/cancel`, undefined, none)
    await other.refused('GET', `${path}/runs/${waiting.id}`, undefined, none)
  })

  it('says 429 and when to come again where 64 wait', async () => {
    const { path, free } = await busy()
    const queued = { ...hello, queue: true }
    for (let nth = 0; nth < 64; nth += 1) await api.post(`${path}/messages`, queued)
    const reply = await api.request('POST', `${path}/messages`, queued)
    assert.equal(reply.status, 429)
    assert.equal(reply.headers.get('retry-after'), '5')
    await free()
    await api.settled((await api.get<{ data: RunObject[] }>(`${path}/runs`)).data[0] as RunObject)
    const listed = await api.messages(path.slice('/threads/'.length))
    assert.equal(listed.length, 65)
  })
})
