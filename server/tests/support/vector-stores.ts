/** Vector stores as black-box suites use them. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileBatchObject, StoreFileObject } from '@melzi/contract/vector-store-file.ts'
import { SearchPage } from '@melzi/contract/vector-store-search.ts'
import type { Api } from './factories.ts'

export const ASSISTANTS = { purpose: 'assistants' }

/** The store file once it is at rest. */
export const settled = async (
  api: Api,
  storeId: string,
  fileId: string,
): Promise<StoreFileObject> => {
  const until = Date.now() + 20_000
  for (;;) {
    const path = `/vector_stores/${storeId}/files/${fileId}`
    const file = StoreFileObject.parse(await api.get(path))
    if (file.status !== 'in_progress') return file
    assert.ok(Date.now() < until, 'the file is still being indexed')
    await sleep(50)
  }
}

export const settledBatch = async (
  api: Api,
  storeId: string,
  id: string,
): Promise<FileBatchObject> => {
  const until = Date.now() + 30_000
  for (;;) {
    const path = `/vector_stores/${storeId}/file_batches/${id}`
    const batch = FileBatchObject.parse(await api.get(path))
    if (batch.status !== 'in_progress') return batch
    assert.ok(Date.now() < until, JSON.stringify(batch))
    await sleep(50)
  }
}

/** What a search gives. */
export const found = async (api: Api, storeId: string, query: unknown, fields: object = {}) => {
  const body = { query, ...fields }
  const page = SearchPage.parse(await api.post(`/vector_stores/${storeId}/search`, body))
  return page.data
}

/** Puts a text into a store and waits until it is at rest. */
export const addText = async (
  api: Api,
  storeId: string,
  content: string | Uint8Array<ArrayBuffer>,
  name: string,
  fields: object = {},
): Promise<StoreFileObject> => {
  const { id } = await api.file(content, name, ASSISTANTS)
  await api.post(`/vector_stores/${storeId}/files`, { file_id: id, ...fields })
  return settled(api, storeId, id)
}
