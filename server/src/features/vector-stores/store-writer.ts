import type { ChunkingStrategyInput } from '@melzi/contract/chunking-strategy.ts'
import type { Attributes } from '@melzi/contract/vector-store-file.ts'
import type { CreateVectorStoreRequest } from '@melzi/contract/vector-store.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { isOwn, makerOf } from '../../platform/principal.ts'
import type { Reader, Tx } from '../../platform/store/store.ts'
import type { FileOwner, OwnedFiles } from '../files/service.ts'
import { insertEntries, usableEntries, type EntryRecord } from './entry-store.ts'
import {
  contentsOf,
  findStore,
  insertStore,
  lockStore,
  touchStore,
  type StoreRecord,
} from './store.ts'

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
const DAY_SECONDS = 86_400

/** Unix seconds; null: never. */
export const expiryOf = (record: StoreRecord): number | null =>
  record.expiresAfterDays === null
    ? null
    : record.lastActiveAt + record.expiresAfterDays * DAY_SECONDS

/** @param now Unix seconds */
export const isExpired = (record: StoreRecord, now: number): boolean =>
  (expiryOf(record) ?? Infinity) <= now

export type StoreWriter = ReturnType<typeof createStoreWriter>

/** What a write unit can do with stores, its own feature's or another's. */
export const createStoreWriter = (deps: {
  clock: Clock
  files: Pick<OwnedFiles, 'getManyOwned'>
}) => {
  const { clock, files } = deps
  const now = () => seconds(clock.now())

  /** @throws AppError 404 when it does not exist or is another person's */
  const getOwned = async (db: Reader, owner: FileOwner, id: string): Promise<StoreRecord> => {
    const record = await findStore(db, owner.workspaceId, id)
    if (record === null || !isOwn(owner, record)) throw errors.notFound('vector store', id)
    return record
  }

  /** The same, for what an expired store cannot do any more. @throws AppError 404, or 400 when it has expired */
  const getLive = async (db: Reader, owner: FileOwner, id: string): Promise<StoreRecord> => {
    const record = await getOwned(db, owner, id)
    if (isExpired(record, now())) throw errors.invalid(`Vector store ${id} has expired.`)
    return record
  }

  /** @throws AppError 404 for a file that is not the caller's, 400 when the store would hold too many */
  const add = async (
    tx: Tx,
    owner: FileOwner,
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
    const ids = wanted.map(({ fileId }) => fileId)
    const owned = await files.getManyOwned(tx, owner, ids)
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

  /** Makes a store. @throws AppError 404 for a file that is not the caller's */
  const insert = async (
    tx: Tx,
    owner: FileOwner,
    request: Partial<CreateVectorStoreRequest>,
  ): Promise<StoreRecord> => {
    const record: StoreRecord = {
      workspaceId: owner.workspaceId,
      id: newId('vs_'),
      ownerId: owner.personId,
      madeBy: makerOf(owner),
      createdAt: now(),
      name: request.name ?? null,
      description: request.description ?? null,
      metadata: request.metadata ?? {},
      expiresAfterDays: request.expires_after?.days ?? null,
      lastActiveAt: now(),
    }
    await insertStore(tx, record)
    const chunking = request.chunking_strategy ?? null
    const ids = request.file_ids ?? []
    const entries = ids.map((fileId) => ({ fileId, chunking, attributes: {} }))
    await add(tx, owner, record, entries, null)
    return record
  }

  return {
    getOwned,
    getLive,
    add,
    insert,

    /**
     * Adds the files that the store has not got, or got without success: one that is there stays as it is and can be found meanwhile.
     * A use of the store in any case.
     * @throws AppError as getLive and add
     */
    async addMissing(
      tx: Tx,
      owner: FileOwner,
      id: string,
      fileIds: readonly string[],
    ): Promise<void> {
      const record = await getLive(tx, owner, id)
      const there = await usableEntries(tx, record.workspaceId, id, fileIds)
      const missing = fileIds.filter((fileId) => !there.has(fileId))
      const entries = missing.map((fileId) => ({ fileId, chunking: null, attributes: {} }))
      await add(tx, owner, record, entries, null)
      await touchStore(tx, record.workspaceId, id, now())
    },
  }
}

const chunkSizes = (chunking: ChunkingStrategyInput | null) =>
  chunking === null || chunking.type === 'auto'
    ? AUTO
    : {
        maxTokens: chunking.static.max_chunk_size_tokens,
        overlapTokens: chunking.static.chunk_overlap_tokens,
      }
