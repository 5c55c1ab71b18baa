import type { ChunkingStrategyInput } from '@melzi/contract/chunking-strategy.ts'
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
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { FileService } from '../files/service.ts'
import { readChunks } from './chunk-store.ts'
import {
  cancelEntries,
  deleteEntry,
  findEntry,
  insertEntries,
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
  lockStore,
  type BatchRecord,
  type Contents,
  type StoreRecord,
} from './store.ts'

export interface BatchView {
  batch: BatchRecord
  contents: Contents
  status: StoreFileStatus
}

/** A file on its way into a store. */
export interface NewEntry {
  fileId: string
  chunking: ChunkingStrategyInput | null
  attributes: Attributes
}

/** What `auto` stands for (behaviour.md 14). */
const AUTO = { maxTokens: 800, overlapTokens: 400 }
/** Files one store can hold (behaviour.md 14). */
const MAX_FILES = 10_000

type GetStore = (db: Reader, principal: Principal, id: string) => Promise<StoreRecord>

export interface StoreFilesDeps {
  store: Store
  clock: Clock
  files: FileService
  indexer: Indexer
  /** @throws AppError 404 */
  getOwned: GetStore
  /** @throws AppError 404, or 400 when it has expired */
  getLive: GetStore
}

/** The files of stores, and batches of them: the part of the service that routes reach through it. */
export const createStoreFiles = (deps: StoreFilesDeps) => {
  const { store, clock, files, indexer, getOwned, getLive } = deps
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

  /** @throws AppError 404 for a file that is not the caller's, 400 when the store would hold too many */
  const add = async (
    tx: Tx,
    principal: Principal,
    record: StoreRecord,
    entries: readonly NewEntry[],
    batchId: string | null,
  ): Promise<EntryRecord[]> => {
    const wanted = [...new Map(entries.map((entry) => [entry.fileId, entry])).values()]
    if (wanted.length === 0) return []
    // Two clients that add the same file at once would both find it absent.
    await lockStore(tx, record.workspaceId, record.id, now())
    const contents = await contentsOf(tx, record.workspaceId, 'store_id', [record.id])
    if (contents(record.id).counts.total + wanted.length > MAX_FILES)
      throw errors.invalid(`A vector store can hold ${MAX_FILES} files at most.`)
    const owned = await files.getManyOwned(
      tx,
      principal,
      wanted.map(({ fileId }) => fileId),
    )
    const added = wanted.map((entry, index): EntryRecord => ({
      workspaceId: record.workspaceId,
      storeId: record.id,
      fileId: entry.fileId,
      entryId: newId('vsf_'),
      batchId,
      createdAt: now(),
      filename: owned[index]?.filename ?? '',
      status: 'in_progress',
      lastError: null,
      attributes: entry.attributes,
      ...chunkSizes(entry.chunking),
      usageBytes: 0,
      attempt: 0,
      tries: 0,
    }))
    await insertEntries(tx, added, clock.now())
    return added
  }

  return {
    add,

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

const chunkSizes = (chunking: ChunkingStrategyInput | null) =>
  chunking === null || chunking.type === 'auto'
    ? AUTO
    : {
        maxTokens: chunking.static.max_chunk_size_tokens,
        overlapTokens: chunking.static.chunk_overlap_tokens,
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
