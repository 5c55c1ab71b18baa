import assert from 'node:assert/strict'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { told } from '../client.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 3 and 14. */
const { rows, good, error, isolation } = rowsOf('vector stores')
export const vectorStoreRows = rows

const DAY = 86_400
const NONE = { in_progress: 0, completed: 0, failed: 0, cancelled: 0, total: 0 }

good('createVectorStore', 'an empty store is completed', 'R', async (bench) => {
  const { id, created_at, last_active_at, ...rest } = await bench.newStore()
  assert.match(id, /^vs_(?:[0-9a-f]{32}|[0-9A-Za-z]{24})$/)
  assert.ok(Number.isInteger(created_at) && Number.isInteger(last_active_at))
  // Fields of a server's own break no client.
  assert.partialDeepStrictEqual(rest, {
    object: 'vector_store',
    name: null,
    description: null,
    usage_bytes: 0,
    file_counts: NONE,
    status: 'completed',
    expires_after: null,
    expires_at: null,
    metadata: {},
  })
})
good('createVectorStore', 'with files: indexed, counted, completed', 'R', async (bench) => {
  const [one, two] = [await bench.newFile(), await bench.newFile('Pears ripen.', 'pears.txt')]
  const made = await bench.newStore({ name: 'A', file_ids: [one.id, two.id] })
  assert.equal(made.file_counts.total, 2)
  for (const { id } of [one, two]) await bench.indexed(made.id, id)
  const found = await bench.api.get<VectorStoreObject>(`/vector_stores/${made.id}`)
  assert.equal(found.status, 'completed')
  assert.deepEqual(found.file_counts, { ...NONE, completed: 2, total: 2 })
  assert.ok(found.usage_bytes > 0)
})
good('createVectorStore', 'expires_after', 'R', async (bench) => {
  const expires_after = { anchor: 'last_active_at', days: 2 }
  const made = await bench.newStore({ expires_after })
  assert.deepEqual(made.expires_after, expires_after)
  assert.equal(made.expires_at, (made.last_active_at ?? 0) + 2 * DAY)
})
good('getVectorStore', 'what was made', 'R', async (bench) => {
  const made = await bench.newStore({ name: 'A', metadata: { a: 'b' } })
  assert.deepEqual(await bench.api.get(`/vector_stores/${made.id}`), made)
})
good('listVectorStores', 'has what was made', 'R', async (bench) => {
  const made = await bench.newStore()
  const { data } = await bench.api.get<{ data: VectorStoreObject[] }>('/vector_stores')
  assert.deepEqual(
    data.find(({ id }) => id === made.id),
    made,
  )
})
good('modifyVectorStore', 'name, metadata, expires_after; the rest stays', 'R', async (bench) => {
  const made = await bench.newStore({ name: 'A', metadata: { a: 'b' } })
  const path = `/vector_stores/${made.id}`
  const changed = await bench.api.post<VectorStoreObject>(path, { name: 'B' })
  assert.deepEqual([changed.name, changed.metadata], ['B', { a: 'b' }])
  const expires_after = { anchor: 'last_active_at', days: 1 }
  const expiring = await bench.api.post<VectorStoreObject>(path, { expires_after })
  assert.equal(expiring.expires_at, (expiring.last_active_at ?? 0) + DAY)
})
good('deleteVectorStore', 'says so; its files stay', 'R', async (bench) => {
  const file = await bench.newFile()
  const { id } = await bench.newStore({ file_ids: [file.id] })
  const deleted = { id, object: 'vector_store.deleted', deleted: true }
  assert.deepEqual(await bench.api.delete(`/vector_stores/${id}`), deleted)
  await bench.api.refused('GET', `/vector_stores/${id}`, {}, { status: 404 })
  await bench.api.get(`/files/${file.id}`)
})
good('deleteVectorStore', 'a second time', '?', async (bench) => {
  const { id } = await bench.newStore()
  await bench.api.delete(`/vector_stores/${id}`)
  return told(await bench.api.send('DELETE', `/vector_stores/${id}`))
})

error('createVectorStore', "a file that is nobody's", 'R', async ({ api }) => {
  const id = `file-${'x'.repeat(24)}`
  const refusal = { status: 404, message: `No such File object: ${id}` }
  await api.refused('POST', '/vector_stores', { body: { file_ids: [id] } }, refusal)
})
for (const [what, days, code] of [
  ['below minimum', 0, 'integer_below_min_value'],
  ['above maximum', 366, 'integer_above_max_value'],
] as const)
  error('createVectorStore', `expires_after.days ${what}`, 'T', async ({ api }) => {
    const body = { expires_after: { anchor: 'last_active_at', days } }
    const refusal = { status: 400, param: 'expires_after.days', code }
    await api.refused('POST', '/vector_stores', { body }, refusal)
  })
error('createVectorStore', 'another anchor', 'T', async ({ api }) => {
  const body = { expires_after: { anchor: 'created_at', days: 1 } }
  const refusal = { status: 400, param: 'expires_after.anchor', code: 'invalid_value' }
  await api.refused('POST', '/vector_stores', { body }, refusal)
})
isolation(
  'createVectorStore',
  'a file of somebody else',
  'D',
  async (bench) => {
    const other = bench.other ?? assert.fail('no second key')
    const body = { file_ids: [(await bench.file()).id] }
    const reply = await other.send('POST', '/vector_stores', { body })
    assert.ok([403, 404].includes(reply.status), `${reply.status} ${reply.text.slice(0, 200)}`)
  },
  'a second key',
)
