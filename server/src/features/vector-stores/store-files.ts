import type {
  Attributes,
  CreateFileBatchRequest,
  CreateStoreFileRequest,
  StoreFileListQuery,
  StoreFileStatus,
} from '@melzi/contract/vector-store-file.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store } from '../../platform/store/store.ts'
import { readChunks } from './chunk-store.ts'
import {
  cancelEntries,
  deleteEntry,
  findEntry,
  listEntries,
  replaceAttributes,
  type EntryRecord,
} from './entry-store.ts'
import type { Indexer } from './indexer.ts'
import {
  contentsOf,
  findBatch,
  insertBatch,
  markBatchCancelled,
  type BatchRecord,
  type Contents,
} from './store.ts'
import type { NewEntry, StoreWriter } from './store-writer.ts'

export interface BatchView {
  batch: BatchRecord
  contents: Contents
  status: StoreFileStatus
}

export interface StoreFilesDeps extends Pick<StoreWriter, 'getOwned' | 'getLive' | 'add'> {
  store: Store
  clock: Clock
  indexer: Indexer
}

/** The files of stores, and batches of them: the part of the service that routes reach through it. */
export const createStoreFiles = (deps: StoreFilesDeps) => {
  const { store, clock, indexer, getOwned, getLive, add } = deps
  const now = () => seconds(clock.now())

  const getEntry = async (
    db: Reader,
    principal: Principal,
    id: string,
    fileId: string,
  ): Promise<EntryRecord> => {
    const record = await getOwned(db, principal, id)
    const entry = await findEntry(db, record.workspaceId, id, fileId)
    if (entry === null) throw errors.noFileInStore(fileId, id)
    return entry
  }

  const getBatch = async (db: Reader, principal: Principal, storeId: string, id: string) => {
    const record = await getOwned(db, principal, storeId)
    const batch = await findBatch(db, record.workspaceId, storeId, id)
    if (batch === null) throw errors.notFound('vector store file batch', id)
    return batch
  }

  const viewBatch = async (db: Reader, batch: BatchRecord): Promise<BatchView> => {
    const contents = (await contentsOf(db, batch.workspaceId, 'batch_id', [batch.id]))(batch.id)
    return { batch, contents, status: batchStatus(batch, contents) }
  }

  return {
    async addFile(
      principal: Principal,
      id: string,
      request: CreateStoreFileRequest,
    ): Promise<EntryRecord> {
      const entry = await store.write('vector-store.add', async (tx) => {
        const record = await getLive(tx, principal, id)
        const [added] = await add(tx, principal, record, [toNewEntry(request)], null)
        if (added === undefined) throw new Error('a request gave no entry')
        return added
      })
      indexer.announce()
      return entry
    },

    getFile: (principal: Principal, id: string, fileId: string) =>
      getEntry(store, principal, id, fileId),

    async listFiles(
      principal: Principal,
      id: string,
      batchId: string | null,
      status: StoreFileListQuery['filter'],
      query: PageQuery,
    ): Promise<Page<EntryRecord>> {
      const record = await getOwned(store, principal, id)
      if (batchId !== null) await getBatch(store, principal, id, batchId)
      const filter = { batchId, status: status ?? null }
      return listEntries(store, record.workspaceId, id, filter, query)
    },

    updateFile: (principal: Principal, id: string, fileId: string, attributes: Attributes | null) =>
      store.write('vector-store.attributes', async (tx) => {
        const entry = await getEntry(tx, principal, id, fileId)
        await replaceAttributes(tx, entry, attributes ?? {})
        return { ...entry, attributes: attributes ?? {} }
      }),

    /** The file itself stays (behaviour.md 3). */
    removeFile: (principal: Principal, id: string, fileId: string): Promise<void> =>
      store.write('vector-store.remove', async (tx) =>
        deleteEntry(tx, await getEntry(tx, principal, id, fileId)),
      ),

    /** The text as it was read, in pieces that follow one another. @throws AppError 400 while there is none */
    async fileText(principal: Principal, id: string, fileId: string): Promise<string[]> {
      const entry = await getEntry(store, principal, id, fileId)
      if (entry.status !== 'completed') {
        throw errors.invalid(
          `The content of file '${fileId}' is not available: its status is '${entry.status}'.`,
        )
      }
      const pieces: string[] = []
      let end = 0
      for (const { start_at: start, body } of await readChunks(store, entry)) {
        const piece = body.slice(Math.max(0, end - start))
        if (piece !== '') pieces.push(start > end && pieces.length > 0 ? `\n${piece}` : piece)
        end = Math.max(end, start + body.length)
      }
      return pieces
    },

    async createBatch(
      principal: Principal,
      id: string,
      request: CreateFileBatchRequest,
    ): Promise<BatchView> {
      const entries = entriesOf(request)
      const made = await store.write('vector-store.batch', async (tx) => {
        const record = await getLive(tx, principal, id)
        const batch: BatchRecord = {
          workspaceId: record.workspaceId,
          id: newId('vsfb_'),
          storeId: id,
          createdAt: now(),
          cancelledAt: null,
        }
        await insertBatch(tx, batch)
        await add(tx, principal, record, entries, batch.id)
        return viewBatch(tx, batch)
      })
      indexer.announce()
      return made
    },

    getBatch: async (principal: Principal, storeId: string, id: string) =>
      viewBatch(store, await getBatch(store, principal, storeId, id)),

    /** What is indexed stays. A batch that is done is answered as it is (behaviour.md 14). */
    cancelBatch: (principal: Principal, storeId: string, id: string) =>
      store.write('vector-store.cancel-batch', async (tx) => {
        const batch = await getBatch(tx, principal, storeId, id)
        if ((await cancelEntries(tx, batch.workspaceId, id)) > 0) {
          await markBatchCancelled(tx, batch.workspaceId, id, now())
          batch.cancelledAt = now()
        }
        return viewBatch(tx, batch)
      }),
  }
}

const toNewEntry = (request: CreateStoreFileRequest): NewEntry => ({
  fileId: request.file_id,
  chunking: request.chunking_strategy,
  attributes: request.attributes,
})

/** @throws AppError 400 unless exactly one of the two lists is there */
const entriesOf = (request: CreateFileBatchRequest): NewEntry[] => {
  const { file_ids: ids, files, chunking_strategy: chunking, attributes } = request
  if (ids !== undefined && files !== undefined)
    throw errors.invalid("Send either 'file_ids' or 'files', not both.", 'files')
  if (ids !== undefined) return ids.map((fileId) => ({ fileId, chunking, attributes }))
  if (files === undefined) {
    throw errors.invalid(
      "Missing required parameter: 'file_ids'.",
      'file_ids',
      'missing_required_parameter',
    )
  }
  return files.map(toNewEntry)
}

/** While anything is in progress the batch is: python's poller looks at the counts, node's at the status (behaviour.md 13). */
const batchStatus = (batch: BatchRecord, { counts }: Contents): StoreFileStatus => {
  if (counts.in_progress > 0) return 'in_progress'
  if (batch.cancelledAt !== null) return 'cancelled'
  return counts.total > 0 && counts.failed === counts.total ? 'failed' : 'completed'
}
