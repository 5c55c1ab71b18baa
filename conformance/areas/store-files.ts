import assert from 'node:assert/strict'
import type { StoreFileObject } from '@melzi/contract/vector-store-file.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 3 and 14. */
const { rows, good, error, list } = rowsOf('store files')
export const storeFileRows = rows

const AUTO = { type: 'static', static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 } }

good(
  'createVectorStoreFile',
  'the id of the file; indexed in the background',
  'R',
  async (bench) => {
    const [file, store] = [await bench.newFile(), await bench.newStore()]
    const path = `/vector_stores/${store.id}/files`
    const made = await bench.api.post<StoreFileObject>(path, { file_id: file.id })
    assert.deepEqual(
      [made.id, made.object, made.vector_store_id, made.attributes, made.last_error],
      [file.id, 'vector_store.file', store.id, {}, null],
    )
    assert.ok(['in_progress', 'completed'].includes(made.status))
    if (made.status === 'in_progress') assert.equal(made.usage_bytes, 0)
    const done = await bench.indexed(store.id, file.id)
    assert.equal(done.status, 'completed')
    assert.ok(done.usage_bytes > 0)
    assert.deepEqual(done.chunking_strategy, AUTO)
  },
)
good('createVectorStoreFile', 'a strategy of its own, and attributes', 'D', async (bench) => {
  const [file, store] = [await bench.newFile(), await bench.newStore()]
  const chunking_strategy = {
    type: 'static',
    static: { max_chunk_size_tokens: 200, chunk_overlap_tokens: 100 },
  }
  const attributes = { shelf: 'A', year: 2024, draft: false }
  const body = { file_id: file.id, chunking_strategy, attributes }
  await bench.api.post(`/vector_stores/${store.id}/files`, body)
  const done = await bench.indexed(store.id, file.id)
  assert.deepEqual([done.chunking_strategy, done.attributes], [chunking_strategy, attributes])
})
good('createVectorStoreFile', 'an empty file fails, and says why', 'D', async (bench) => {
  const [file, store] = [await bench.newFile('', 'empty.txt'), await bench.newStore()]
  await bench.api.post(`/vector_stores/${store.id}/files`, { file_id: file.id })
  const done = await bench.indexed(store.id, file.id)
  assert.equal(done.status, 'failed')
  const codes = ['server_error', 'unsupported_file', 'invalid_file']
  assert.ok(codes.includes(done.last_error?.code ?? '') && done.last_error?.message)
})
good('getVectorStoreFile', 'completed', 'R', async (bench) => {
  const { store, files } = await bench.filled()
  const path = `/vector_stores/${store.id}/files/${files[1]?.id}`
  const found = await bench.api.get<StoreFileObject>(path)
  assert.deepEqual([found.id, found.status], [files[1]?.id, 'completed'])
})
good('listVectorStoreFiles', 'every file of the store', 'R', async (bench) => {
  const { store, files } = await bench.filled()
  const { data } = await bench.api.get<{ data: StoreFileObject[] }>(
    `/vector_stores/${store.id}/files`,
  )
  assert.deepEqual(data.map(({ id }) => id).toSorted(), files.map(({ id }) => id).toSorted())
})
list('listVectorStoreFiles', 'filter', 'D', async (bench) => {
  const { store, files } = await bench.filled()
  for (const [filter, count] of [
    ['completed', files.length],
    ['failed', 0],
    ['cancelled', 0],
    ['in_progress', 0],
  ] as const) {
    const path = `/vector_stores/${store.id}/files?filter=${filter}`
    assert.equal((await bench.api.get<{ data: unknown[] }>(path)).data.length, count, filter)
  }
})
good('updateVectorStoreFileAttributes', 'attributes alone', 'D', async (bench) => {
  const [file, store] = [await bench.newFile(), await bench.newStore()]
  const path = `/vector_stores/${store.id}/files`
  await bench.api.post(path, { file_id: file.id, attributes: { a: '1' } })
  const done = await bench.indexed(store.id, file.id)
  const attributes = { b: 2, c: true, d: 'x' }
  const changed = await bench.api.post(`${path}/${file.id}`, { attributes })
  assert.deepEqual(changed, { ...done, attributes })
})
good('retrieveVectorStoreFileContent', 'its text', 'D', async (bench) => {
  const { store, files } = await bench.filled()
  const page = await bench.api.get<{ object: string; data: { type: string; text: string }[] }>(
    `/vector_stores/${store.id}/files/${files[0]?.id}/content`,
  )
  assert.equal(page.object, 'vector_store.file_content.page')
  assert.match(page.data.map(({ text }) => text).join(''), /The harbour clock is blue\./)
  assert.ok(page.data.every(({ type }) => type === 'text'))
})
good('deleteVectorStoreFile', 'says so; the file itself stays', 'R', async (bench) => {
  const file = await bench.newFile()
  const store = await bench.newStore({ file_ids: [file.id] })
  const path = `/vector_stores/${store.id}/files/${file.id}`
  const deleted = { id: file.id, object: 'vector_store.file.deleted', deleted: true }
  assert.deepEqual(await bench.api.delete(path), deleted)
  const message = `No file found with id '${file.id}' in vector store '${store.id}'.`
  await bench.api.refused('GET', path, {}, { status: 404, message })
  await bench.api.get(`/files/${file.id}`)
})

error('createVectorStoreFile', "a file that is nobody's", 'R', async (bench) => {
  const { store } = await bench.filled()
  const id = `file-${'x'.repeat(24)}`
  const refusal = { status: 404, message: `No such File object: ${id}` }
  const body = { file_id: id }
  await bench.api.refused('POST', `/vector_stores/${store.id}/files`, { body }, refusal)
})
const strategies: [what: string, max: number, overlap: number][] = [
  ['a chunk of 99 tokens', 99, 0],
  ['a chunk of 4,097 tokens', 4_097, 0],
  ['an overlap of more than half', 200, 101],
]
for (const [what, max_chunk_size_tokens, chunk_overlap_tokens] of strategies)
  error('createVectorStoreFile', what, 'D', async (bench) => {
    const { store, files } = await bench.filled()
    const chunking_strategy = {
      type: 'static',
      static: { max_chunk_size_tokens, chunk_overlap_tokens },
    }
    const body = { file_id: files[0]?.id, chunking_strategy }
    await bench.api.refused('POST', `/vector_stores/${store.id}/files`, { body }, { status: 400 })
  })
for (const [what, attributes] of [
  ['17 attributes', Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, i]))],
  ['an attribute that is a list', { a: [] }],
  ['an attribute of 513 characters', { a: 'x'.repeat(513) }],
] as const)
  error('updateVectorStoreFileAttributes', what, 'D', async (bench) => {
    const { store, files } = await bench.filled()
    const path = `/vector_stores/${store.id}/files/${files[0]?.id}`
    await bench.api.refused('POST', path, { body: { attributes } }, { status: 400 })
  })
