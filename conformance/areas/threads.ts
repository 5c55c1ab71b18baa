import assert from 'node:assert/strict'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { told } from '../client.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 3 and 5. */
const { rows, good, error } = rowsOf('threads')
export const threadRows = rows

const EMPTY = [{}, { code_interpreter: { file_ids: [] } }]
const DAY = 86_400

good('createThread', 'nothing: an empty thread', 'R', async (bench) => {
  const made = await bench.newThread()
  assert.match(made.id, /^thread_[0-9A-Za-z]{24}$/)
  assert.deepEqual([made.object, made.metadata], ['thread', {}])
  assert.ok(Number.isInteger(made.created_at))
  assert.ok(EMPTY.some((one) => JSON.stringify(one) === JSON.stringify(made.tool_resources)))
})
good('createThread', 'messages of both roles, in order', '0', async (bench) => {
  const said = ['one', 'two', 'three']
  const messages = said.map((content, i) => ({ role: i % 2 ? 'assistant' : 'user', content }))
  const made = await bench.newThread({ messages, metadata: { a: 'b' } })
  assert.deepEqual(made.metadata, { a: 'b' })
  assert.deepEqual(
    (await bench.messages(made.id)).map(({ role, content: [part] }) => [
      role,
      part?.type === 'text' ? part.text.value : '',
    ]),
    messages.map(({ role, content }) => [role, content]),
  )
})
good('createThread', 'an empty list of messages', 'R', async (bench) => {
  const { id } = await bench.newThread({ messages: [] })
  assert.deepEqual(await bench.messages(id), [])
})
good(
  'createThread',
  'vector_stores makes a store that expires after 7 days',
  'D',
  async (bench) => {
    const file = await bench.file()
    const made = await bench.newThread({
      tool_resources: { file_search: { vector_stores: [{ file_ids: [file.id] }] } },
    })
    const [id] = made.tool_resources?.file_search?.vector_store_ids ?? []
    bench.keep(`/vector_stores/${id}`)
    const store = await bench.api.get<VectorStoreObject>(`/vector_stores/${id}`)
    assert.deepEqual(store.expires_after, { anchor: 'last_active_at', days: 7 })
    assert.equal(store.expires_at, (store.last_active_at ?? 0) + 7 * DAY)
  },
)
good('getThread', 'what was made', 'D', async (bench) => {
  const made = await bench.newThread({ metadata: { a: 'b' } })
  const { tool_resources: _, ...found } = await bench.api.get<ThreadObject>(`/threads/${made.id}`)
  const { tool_resources: __, ...wanted } = made
  assert.deepEqual(found, wanted)
})
good('modifyThread', 'metadata and tool_resources', 'D', async (bench) => {
  const { id } = await bench.newThread({ metadata: { a: 'b' } })
  const file = await bench.file()
  const tool_resources = { code_interpreter: { file_ids: [file.id] } }
  const path = `/threads/${id}`
  const changed = await bench.api.post<ThreadObject>(path, { tool_resources })
  assert.deepEqual([changed.metadata, changed.tool_resources], [{ a: 'b' }, tool_resources])
  const again = await bench.api.post<ThreadObject>(path, { metadata: { a: 'c' } })
  assert.deepEqual([again.metadata, again.tool_resources], [{ a: 'c' }, tool_resources])
})
good('modifyThread', 'metadata on a locked thread', '?', async (bench) => {
  const { thread_id } = await bench.sharedWaiting()
  const body = { metadata: { a: 'b' } }
  return told(await bench.api.send('POST', `/threads/${thread_id}`, { body }))
})
good('deleteThread', 'says so; messages and runs are gone with it', 'R', async (bench) => {
  const { id } = await bench.thread('Hello.')
  const deleted = { id, object: 'thread.deleted', deleted: true }
  assert.deepEqual(await bench.api.delete(`/threads/${id}`), deleted)
  for (const path of ['', '/messages', '/runs'])
    await bench.api.refused('GET', `/threads/${id}${path}`, {}, { status: 404 })
})
good('deleteThread', 'a second time', '?', async (bench) => {
  const { id } = await bench.newThread()
  await bench.api.delete(`/threads/${id}`)
  return told(await bench.api.send('DELETE', `/threads/${id}`))
})
good('deleteThread', 'while a run is active', '?', async (bench) => {
  const { thread_id } = await bench.waiting()
  return told(await bench.api.send('DELETE', `/threads/${thread_id}`))
})

error('createThread', 'a role there is not', 'T', async ({ api }) => {
  const body = { messages: [{ role: 'system', content: 'x' }] }
  const message = "Invalid value: 'system'. Supported values are: 'user' and 'assistant'."
  const refusal = { status: 400, message, param: 'messages[0].role', code: 'invalid_value' }
  await api.refused('POST', '/threads', { body }, refusal)
})
error('createThread', 'a picture whose address is none', 'T', async ({ api }) => {
  const content = [{ type: 'image_url', image_url: { url: 'no url' } }]
  const body = { messages: [{ role: 'user', content }] }
  const param = 'messages[0].content[0].image_url.url'
  const message = `Invalid '${param}'. Expected a valid URL, but got a value with an invalid format.`
  await api.refused(
    'POST',
    '/threads',
    { body },
    { status: 400, message, param, code: 'invalid_value' },
  )
})
error('createThread', 'many messages at once', '?', async (bench) => {
  const messages = Array.from({ length: 101 }, () => ({ role: 'user', content: 'x' }))
  const reply = await bench.api.send('POST', '/threads', { body: { messages } })
  return `101 messages: ${told(reply)}`
})
