import assert from 'node:assert/strict'
import type { FileBatchObject, StoreFileObject } from '@melzi/contract/vector-store-file.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 14. */
const { rows, good, error, list } = rowsOf('file batches')
export const fileBatchRows = rows

good('createVectorStoreFileBatch', 'counts, and comes to rest', 'R', async (bench) => {
  const store = await bench.newStore()
  const files = [await bench.newFile(), await bench.newFile('', 'empty.txt')]
  const path = `/vector_stores/${store.id}/file_batches`
  const made = await bench.api.post<FileBatchObject>(path, { file_ids: files.map(({ id }) => id) })
  assert.match(made.id, /^vsfb_/)
  assert.equal(made.object, 'vector_store.file_batch')
  assert.deepEqual([made.vector_store_id, made.file_counts.total], [store.id, 2])
  const done = await bench.batchDone(store.id, made.id)
  assert.equal(done.status, 'completed')
  const { in_progress, completed, failed, total } = done.file_counts
  assert.deepEqual([in_progress, completed, failed, total], [0, 1, 1, 2])
})
good('createVectorStoreFileBatch', 'files, each with attributes of its own', 'D', async (bench) => {
  const [store, one, two] = [await bench.newStore(), await bench.newFile(), await bench.newFile()]
  const made = await bench.api.post<FileBatchObject>(`/vector_stores/${store.id}/file_batches`, {
    files: [{ file_id: one.id, attributes: { n: 1 } }, { file_id: two.id }],
  })
  await bench.batchDone(store.id, made.id)
  const path = `/vector_stores/${store.id}/files`
  const found = await bench.api.get<StoreFileObject>(`${path}/${one.id}`)
  assert.deepEqual(found.attributes, { n: 1 })
})
good('getVectorStoreFileBatch', 'status and counts agree', 'S', async (bench) => {
  const { store, batch } = await bench.filled()
  const path = `/vector_stores/${store.id}/file_batches/${batch.id}`
  const found = await bench.api.get<FileBatchObject>(path)
  assert.deepEqual([found.status, found.file_counts.in_progress], ['completed', 0])
  assert.deepEqual([found.file_counts.completed, found.file_counts.total], [3, 3])
})
good('listFilesInVectorStoreBatch', 'its files, and no others of the store', 'R', async (bench) => {
  const { store, batch, files } = await bench.filled()
  const path = `/vector_stores/${store.id}/file_batches/${batch.id}/files`
  const { data } = await bench.api.get<{ data: StoreFileObject[] }>(path)
  const wanted = files.slice(1).map(({ id }) => id)
  assert.deepEqual(data.map(({ id }) => id).toSorted(), wanted.toSorted())
})
list('listFilesInVectorStoreBatch', 'filter', 'D', async (bench) => {
  const { store, batch } = await bench.filled()
  const path = `/vector_stores/${store.id}/file_batches/${batch.id}/files`
  const count = async (filter: string) =>
    (await bench.api.get<{ data: unknown[] }>(`${path}?filter=${filter}`)).data.length
  assert.deepEqual([await count('completed'), await count('failed')], [3, 0])
})
good('cancelVectorStoreFileBatch', 'a finished batch stays completed', 'R', async (bench) => {
  const { store, batch } = await bench.filled()
  const path = `/vector_stores/${store.id}/file_batches/${batch.id}/cancel`
  assert.equal((await bench.api.call<FileBatchObject>('POST', path)).status, 'completed')
})
good('cancelVectorStoreFileBatch', 'an unfinished one comes to rest', 'D', async (bench) => {
  const [store, file] = [
    await bench.newStore(),
    await bench.newFile('word '.repeat(200_000), 'long.txt'),
  ]
  const path = `/vector_stores/${store.id}/file_batches`
  const { id } = await bench.api.post<FileBatchObject>(path, { file_ids: [file.id] })
  await bench.api.call('POST', `${path}/${id}/cancel`)
  const done = await bench.batchDone(store.id, id)
  assert.equal(done.file_counts.in_progress, 0)
  return `status ${done.status}`
})

error('createVectorStoreFileBatch', 'file_ids and files at once', 'D', async (bench) => {
  const [{ store }, file] = [await bench.filled(), await bench.file()]
  const body = { file_ids: [file.id], files: [{ file_id: file.id }] }
  const path = `/vector_stores/${store.id}/file_batches`
  await bench.api.refused('POST', path, { body }, { status: 400 })
})
error('createVectorStoreFileBatch', 'neither', 'D', async (bench) => {
  const { store } = await bench.filled()
  const path = `/vector_stores/${store.id}/file_batches`
  await bench.api.refused('POST', path, { body: {} }, { status: 400 })
})
error('createVectorStoreFileBatch', "a file that is nobody's", 'R', async (bench) => {
  const { store } = await bench.filled()
  const body = { file_ids: [`file-${'x'.repeat(24)}`] }
  const path = `/vector_stores/${store.id}/file_batches`
  await bench.api.refused('POST', path, { body }, { status: 404 })
})
