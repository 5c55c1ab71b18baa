import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ListReply } from '@melzi/contract/list.ts'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, textOf } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// behaviour.md 3, 5 and 6.
const PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP438AAQQxwFgBf0gj7joAKVQAAAABJRU5ErkJggg=='

describe('threads and messages', () => {
  let model: ScriptedModel
  let server: BootedServer
  let api: Api

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
    api = new Api(server)
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  const say = (threadId: string, content: unknown, fields: object = {}) =>
    api.post<MessageObject>(`/threads/${threadId}/messages`, { role: 'user', content, ...fields })

  it('makes, changes and deletes a thread', async () => {
    const made = await api.post<ThreadObject>('/threads', { metadata: { a: '1' } })
    assert.match(made.id, /^thread_[0-9A-Za-z]{24}$/)
    assert.deepEqual([made.object, made.metadata], ['thread', { a: '1' }])
    const path = `/threads/${made.id}`
    const changed = await api.post<ThreadObject>(path, { metadata: { b: '2' } })
    assert.deepEqual(changed.metadata, { b: '2' })
    assert.deepEqual((await api.get<ThreadObject>(path)).metadata, { b: '2' })
    assert.deepEqual((await api.post<ThreadObject>(path, { metadata: null })).metadata, {})
    await say(made.id, 'gone soon')
    assert.deepEqual(await api.delete(path), {
      id: made.id,
      object: 'thread.deleted',
      deleted: true,
    })
    for (const below of ['', '/messages', '/runs'])
      await api.refused('GET', path + below, undefined, { status: 404 })
    await api.refused('DELETE', path, undefined, { status: 404 })
    await api.refused('POST', path, { messages: [] }, { status: 400, code: 'unknown_parameter' })
  })

  it("lists the person's own threads in pages, as Azure does", async () => {
    const other = new Api(await server.keyOf('Lister'))
    const ids: string[] = []
    for (let i = 0; i < 3; i += 1) ids.push((await other.thread('x')).id)
    const page = (query: string) => other.get<ListReply<ThreadObject>>(`/threads${query}`)
    const newest = await page('?limit=2')
    assert.deepEqual([newest.data.map(({ id }) => id), newest.has_more], [[ids[2], ids[1]], true])
    assert.deepEqual([newest.first_id, newest.last_id], [ids[2], ids[1]])
    const rest = await page(`?after=${newest.last_id}&api-version=2024-05-01-preview`)
    assert.deepEqual([rest.data.map(({ id }) => id), rest.has_more], [[ids[0]], false])
    assert.deepEqual(
      (await page('?order=asc')).data.map(({ id }) => id),
      ids,
    )
    const mine = await api.thread('mine')
    assert.ok(!(await page('')).data.some(({ id }) => id === mine.id))
    // a cursor of another person's thread is no cursor
    await other.refused('GET', `/threads?after=${mine.id}`, undefined, { status: 404 })
    await other.refused('GET', '/threads?limit=0', undefined, { status: 400, param: 'limit' })
  })

  it('takes alternating first messages, one with a picture alone', async () => {
    const thread = await api.post<ThreadObject>('/threads', {
      messages: [
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: [{ type: 'image_url', image_url: { url: PICTURE } }] },
      ],
    })
    const messages = await api.messages(thread.id)
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['user', 'assistant', 'user'],
    )
    assert.deepEqual(messages[2]?.content, [
      { type: 'image_url', image_url: { url: PICTURE, detail: 'auto' } },
    ])
    assert.deepEqual((await api.get<ListReply<unknown>>(`/threads/${thread.id}/runs`)).data, [])
    assert.equal((await api.post<ThreadObject>('/threads', { messages: [] })).object, 'thread')
  })

  it('makes a text a part, and says the rest', async () => {
    const thread = await api.thread()
    const { id, created_at: at, completed_at: done, ...rest } = await say(thread.id, '你好 👋')
    assert.match(id, /^msg_[0-9A-Za-z]{24}$/)
    assert.equal(done, at)
    assert.deepEqual(rest, {
      object: 'thread.message',
      thread_id: thread.id,
      status: 'completed',
      incomplete_details: null,
      incomplete_at: null,
      role: 'user',
      content: [{ type: 'text', text: { value: '你好 👋', annotations: [] } }],
      assistant_id: null,
      run_id: null,
      attachments: [],
      metadata: {},
    })
  })

  it('takes parts of text and pictures, by address and by data URL', async () => {
    const thread = await api.thread()
    const made = await say(thread.id, [
      { type: 'text', text: 'look' },
      { type: 'image_url', image_url: { url: 'https://pictures.example/a.png', detail: 'low' } },
      { type: 'image_url', image_url: { url: PICTURE } },
    ])
    assert.deepEqual(made.content, [
      { type: 'text', text: { value: 'look', annotations: [] } },
      { type: 'image_url', image_url: { url: 'https://pictures.example/a.png', detail: 'low' } },
      { type: 'image_url', image_url: { url: PICTURE, detail: 'auto' } },
    ])
    const path = `/threads/${thread.id}/messages/${made.id}`
    assert.deepEqual(await api.get(path), made)
    const large = `data:image/png;base64,${'A'.repeat(400_000)}`
    const [part] = (await say(thread.id, [{ type: 'image_url', image_url: { url: large } }]))
      .content
    assert.ok(part?.type === 'image_url' && part.image_url.url === large)
  })

  it('refuses what no message is', async () => {
    const thread = await api.thread()
    const path = `/threads/${thread.id}/messages`
    const refused: [body: object, param: string, code: string][] = [
      [{ role: 'user' }, 'content', 'missing_required_parameter'],
      [{ content: 'x' }, 'role', 'missing_required_parameter'],
      [{ role: 'system', content: 'x' }, 'role', 'invalid_value'],
      [{ role: 'user', content: 'x'.repeat(256_001) }, 'content', 'string_above_max_length'],
      [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'ftp://a/b' } }] },
        'content[0].image_url.url',
        'invalid_value',
      ],
      [
        { role: 'user', content: [{ type: 'text' }] },
        'content[0].text',
        'missing_required_parameter',
      ],
      [{ role: 'user', content: [{ type: 'sound' }] }, 'content[0].type', 'invalid_value'],
    ]
    for (const [body, param, code] of refused)
      await api.refused('POST', path, body, { status: 400, param, code })
    await api.refused('POST', path, { role: 'user', content: [] }, { status: 400 })
    assert.deepEqual(await api.messages(thread.id), [])
  })

  it("changes a message's metadata only, and deletes it", async () => {
    const thread = await api.thread()
    const made = await say(thread.id, 'hello', { metadata: { a: '1' } })
    const path = `/threads/${thread.id}/messages/${made.id}`
    const changed = await api.post<MessageObject>(path, { metadata: { b: '2' } })
    assert.deepEqual(changed, { ...made, metadata: { b: '2' } })
    await api.refused(
      'POST',
      path,
      { content: 'other' },
      { status: 400, code: 'unknown_parameter' },
    )
    assert.deepEqual(await api.delete(path), {
      id: made.id,
      object: 'thread.message.deleted',
      deleted: true,
    })
    await api.refused('GET', path, undefined, { status: 404 })
    assert.deepEqual(await api.messages(thread.id), [])
  })

  it('lists newest first, also within one second, and by run', async () => {
    const assistant = await api.assistant()
    const thread = await api.thread('one', 'two', 'three')
    model.push({ text: 'four' })
    const run = await api.settled(await api.run(thread.id, assistant.id))
    const page = (query: string) =>
      api.get<ListReply<MessageObject>>(`/threads/${thread.id}/messages?${query}`)
    const texts = async (query: string) => (await page(query)).data.map(textOf)
    assert.deepEqual(await texts(''), ['four', 'three', 'two', 'one'])
    assert.deepEqual(await texts('order=asc&limit=2'), ['one', 'two'])
    assert.deepEqual(await texts(`run_id=${run.id}`), ['four'])
    const { last_id: last, has_more: more } = await page('limit=2')
    assert.equal(more, true)
    assert.deepEqual(await texts(`after=${last}`), ['two', 'one'])
    assert.deepEqual(await texts(`before=${last}`), ['four'])
    const answer = (await page('limit=1')).data[0]
    assert.deepEqual([answer?.run_id, answer?.assistant_id], [run.id, assistant.id])
  })

  it('gives pictures to the model as they came, and a picture in a text as a picture', async () => {
    const assistant = await api.assistant()
    const thread = await api.post<ThreadObject>('/threads', {
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: PICTURE } }] },
        { role: 'user', content: PICTURE },
        { role: 'user', content: 'https://pictures.example/cat.png' },
        { role: 'user', content: 'what is it?' },
      ],
    })
    model.push({ text: 'a cat' })
    const run: RunObject = await api.settled(await api.run(thread.id, assistant.id))
    assert.equal(run.status, 'completed')
    const sent = JSON.stringify(model.requests.at(-1)?.body.messages)
    assert.equal(sent.split(JSON.stringify(PICTURE)).length - 1, 2)
    assert.match(sent, /"image_url":\{[^}]*"url":"https:\/\/pictures\.example\/cat\.png"/)
    assert.match(sent, /what is it\?/)
  })
})
