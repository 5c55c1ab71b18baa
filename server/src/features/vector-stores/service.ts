import type { SearchRequest } from '@melzi/contract/vector-store-search.ts'
import type {
  CreateVectorStoreRequest,
  ModifyVectorStoreRequest,
  VectorStoreObject,
} from '@melzi/contract/vector-store.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { FileService } from '../files/service.ts'
import { deleteUnusedEmbeddings } from './embedding-store.ts'
import type { Indexer } from './indexer.ts'
import type { Knowledge, Passage } from './search.ts'
import { createStoreFiles } from './store-files.ts'
import {
  contentsOf,
  deleteStore,
  findStore,
  insertStore,
  listStores,
  touchStore,
  updateStore,
  type Contents,
  type StoreRecord,
} from './store.ts'

export type { BatchView } from './store-files.ts'
export type { Knowledge, Passage } from './search.ts'
export type { EntryRecord } from './entry-store.ts'

export interface StoreView {
  store: StoreRecord
  contents: Contents
  status: VectorStoreObject['status']
  /** Unix seconds. */
  expiresAt: number | null
}

const DAY_SECONDS = 86_400
/** A use is noted when the last noted one is older, in seconds: it counts in days. */
const TOUCH_SECONDS = 60
/** An embedding that nobody uses is kept this long: its file may be about to be added again. */
const KEEP_EMBEDDINGS_SECONDS = DAY_SECONDS

export interface VectorStoreDeps {
  store: Store
  clock: Clock
  files: FileService
  indexer: Indexer
  knowledge: Knowledge
  /** Turns questions into search queries, one for each; never rejects. Without it questions stay as they are. */
  rewrite?: ((questions: readonly string[]) => Promise<readonly string[]>) | null
}

export interface FoundPassages {
  /** What was searched. */
  queries: readonly string[]
  passages: Passage[]
}

export type VectorStoreService = ReturnType<typeof createVectorStoreService>

export const createVectorStoreService = (deps: VectorStoreDeps) => {
  const { store, clock, indexer, knowledge, rewrite = null } = deps
  const now = () => seconds(clock.now())

  const expiryOf = (record: StoreRecord): number | null =>
    record.expiresAfterDays === null
      ? null
      : record.lastActiveAt + record.expiresAfterDays * DAY_SECONDS

  const viewOf = (record: StoreRecord, contents: Contents): StoreView => {
    const expiresAt = expiryOf(record)
    const isExpired = expiresAt !== null && expiresAt <= now()
    const working = contents.counts.in_progress > 0 ? 'in_progress' : 'completed'
    return { store: record, contents, expiresAt, status: isExpired ? 'expired' : working }
  }

  const view = async (db: Reader, record: StoreRecord): Promise<StoreView> => {
    const contents = await contentsOf(db, record.workspaceId, 'store_id', [record.id])
    return viewOf(record, contents(record.id))
  }

  /** @throws AppError 404 when it does not exist or is another person's */
  const getOwned = async (db: Reader, principal: Principal, id: string): Promise<StoreRecord> => {
    const record = await findStore(db, principal.workspaceId, id)
    if (record === null || record.ownerId !== principal.personId)
      throw errors.notFound('vector store', id)
    return record
  }

  /** The same, for what an expired store cannot do any more. */
  const getLive = async (db: Reader, principal: Principal, id: string): Promise<StoreRecord> => {
    const record = await getOwned(db, principal, id)
    const expiresAt = expiryOf(record)
    if (expiresAt !== null && expiresAt <= now())
      throw errors.invalid(`Vector store ${id} has expired.`)
    return record
  }

  const storeFiles = createStoreFiles({ ...deps, getOwned, getLive })

  const insert = async (
    tx: Tx,
    principal: Principal,
    request: Partial<CreateVectorStoreRequest>,
  ): Promise<StoreRecord> => {
    const record: StoreRecord = {
      workspaceId: principal.workspaceId,
      id: newId('vs_'),
      ownerId: principal.personId,
      createdAt: now(),
      name: request.name ?? null,
      description: request.description ?? null,
      metadata: request.metadata ?? {},
      expiresAfterDays: request.expires_after?.days ?? null,
      lastActiveAt: now(),
    }
    await insertStore(tx, record)
    const chunking = request.chunking_strategy ?? null
    const entries = (request.file_ids ?? []).map((fileId) => ({ fileId, chunking, attributes: {} }))
    await storeFiles.add(tx, principal, record, entries, null)
    return record
  }

  return {
    ...storeFiles,
    getOwned,
    getLive,

    /** For write units of other features: makes a store, adds files. They call {@link announce} after the commit. */
    insert,
    announce: () => indexer.announce(),

    async create(principal: Principal, request: CreateVectorStoreRequest): Promise<StoreView> {
      const made = await store.write('vector-store.create', async (tx) =>
        view(tx, await insert(tx, principal, request)),
      )
      if (made.contents.counts.total > 0) indexer.announce()
      return made
    },

    get: async (principal: Principal, id: string) =>
      view(store, await getOwned(store, principal, id)),

    async list(principal: Principal, query: PageQuery): Promise<Page<StoreView>> {
      const page = await listStores(store, principal, query)
      const ids = page.items.map(({ id }) => id)
      const contents = await contentsOf(store, principal.workspaceId, 'store_id', ids)
      return {
        items: page.items.map((item) => viewOf(item, contents(item.id))),
        hasMore: page.hasMore,
      }
    },

    update: (principal: Principal, id: string, request: ModifyVectorStoreRequest) =>
      store.write('vector-store.update', async (tx) => {
        const record = await getOwned(tx, principal, id)
        const changed: StoreRecord = { ...record, lastActiveAt: now() }
        if (request.name !== undefined) changed.name = request.name
        if (request.metadata !== undefined) changed.metadata = request.metadata ?? {}
        if (request.expires_after !== undefined)
          changed.expiresAfterDays = request.expires_after?.days ?? null
        await updateStore(tx, changed)
        return view(tx, changed)
      }),

    /** Files stay (behaviour.md 3). */
    delete: (principal: Principal, id: string): Promise<void> =>
      store.write('vector-store.delete', async (tx) => {
        await getOwned(tx, principal, id)
        await deleteStore(tx, principal.workspaceId, id)
      }),

    /** Forgets embeddings of texts that are in no store any more. @returns how many */
    sweepEmbeddings: (): Promise<number> =>
      store.write('vector-store.sweep-embeddings', (tx) =>
        deleteUnusedEmbeddings(tx, now() - KEEP_EMBEDDINGS_SECONDS),
      ),

    async search(principal: Principal, id: string, request: SearchRequest): Promise<FoundPassages> {
      const record = await getLive(store, principal, id)
      const asked = typeof request.query === 'string' ? [request.query] : request.query
      const hasWords = asked.some((question) => question.trim() !== '')
      const queries =
        request.rewrite_query && hasWords ? ((await rewrite?.(asked)) ?? asked) : asked
      const passages = await knowledge.search({
        workspaceId: record.workspaceId,
        storeIds: [id],
        query: queries,
        maxResults: request.max_num_results,
        scoreThreshold: request.ranking_options?.score_threshold ?? 0,
        filter: request.filters ?? null,
        textOnly: request.ranking_options?.ranker === 'none',
      })
      if (record.lastActiveAt + TOUCH_SECONDS < now()) {
        await store.write('vector-store.touch', (tx) =>
          touchStore(tx, record.workspaceId, id, now()),
        )
      }
      return { queries, passages }
    },
  }
}
