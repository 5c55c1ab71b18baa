import type { SearchRequest } from '@melzi/contract/vector-store-search.ts'
import type {
  CreateVectorStoreRequest,
  ModifyVectorStoreRequest,
  VectorStoreObject,
} from '@melzi/contract/vector-store.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { requireOwnList, type Owner, type Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store } from '../../platform/store/store.ts'
import type { FileService } from '../files/service.ts'
import { deleteUnusedEmbeddings } from './embedding-store.ts'
import type { Indexer } from './indexer.ts'
import type { Knowledge, Passage } from './search.ts'
import { createStoreFiles } from './store-files.ts'
import { createStoreWriter, expiryOf, isExpired } from './store-writer.ts'
import {
  contentsOf,
  deleteStore,
  findStore,
  listStores,
  touchStore,
  updateStore,
  type Contents,
  type StoreRecord,
} from './store.ts'

export type { BatchView } from './store-files.ts'
export type { Knowledge, Passage } from './search.ts'
export type { EntryRecord } from './entry-store.ts'
export { createStoreWriter, type StoreWriter } from './store-writer.ts'

export interface StoreView {
  store: StoreRecord
  contents: Contents
  status: VectorStoreObject['status']
  /** Unix seconds. */
  expiresAt: number | null
  search: VectorStoreObject['melzi']['search']
}

/** A use is noted when the last noted one is older, in seconds: it counts in days. */
const TOUCH_SECONDS = 60
/** An embedding that nobody uses is kept this long: its file may be about to be added again. */
const KEEP_EMBEDDINGS_SECONDS = 86_400

export interface VectorStoreDeps {
  store: Store
  clock: Clock
  files: FileService
  indexer: Indexer
  knowledge: Knowledge
  /** Turns questions into search queries, one for each; never rejects. Without it questions stay as they are. */
  rewrite?: ((owner: Owner, questions: readonly string[]) => Promise<readonly string[]>) | null
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

  const writer = createStoreWriter(deps)
  const { getOwned, getLive, insert } = writer

  const noteUse = async ({ workspaceId, id, lastActiveAt }: StoreRecord): Promise<void> => {
    if (lastActiveAt + TOUCH_SECONDS >= now()) return
    await store.write('vector-store.touch', (tx) => touchStore(tx, workspaceId, id, now()))
  }

  const viewOf = (record: StoreRecord, contents: Contents): StoreView => {
    const working = contents.counts.in_progress > 0 ? 'in_progress' : 'completed'
    const status = isExpired(record, now()) ? 'expired' : working
    return {
      store: record,
      contents,
      expiresAt: expiryOf(record),
      status,
      search: knowledge.searchedBy,
    }
  }

  const view = async (db: Reader, record: StoreRecord): Promise<StoreView> => {
    const contents = await contentsOf(db, record.workspaceId, 'store_id', [record.id])
    return viewOf(record, contents(record.id))
  }

  const storeFiles = createStoreFiles({ ...deps, ...writer })

  return {
    ...storeFiles,
    /** For write units of other features. Those that add files call {@link announce} after the commit. */
    ...writer,
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
      requireOwnList(principal)
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

    /** How far a store is, for a run that may use it; a store that is gone has nothing to wait for. */
    async statusOf(workspaceId: string, id: string): Promise<VectorStoreObject['status']> {
      const record = await findStore(store, workspaceId, id)
      return record === null ? 'completed' : (await view(store, record)).status
    },

    /** Those of the stores that have not expired, for a run that may use them. The use is noted. */
    async useLive(workspaceId: string, ids: readonly string[]): Promise<string[]> {
      const live: string[] = []
      for (const id of ids) {
        const record = await findStore(store, workspaceId, id)
        if (record === null || isExpired(record, now())) continue
        await noteUse(record)
        live.push(id)
      }
      return live
    },

    async search(owner: Owner, id: string, request: SearchRequest): Promise<FoundPassages> {
      const record = await getLive(store, owner, id)
      const asked = typeof request.query === 'string' ? [request.query] : request.query
      const hasWords = asked.some((question) => question.trim() !== '')
      const queries =
        request.rewrite_query && hasWords ? ((await rewrite?.(owner, asked)) ?? asked) : asked
      const passages = await knowledge.search({
        workspaceId: record.workspaceId,
        storeIds: [id],
        query: queries,
        maxResults: request.max_num_results,
        scoreThreshold: request.ranking_options?.score_threshold ?? 0,
        filter: request.filters ?? null,
        textOnly: request.ranking_options?.ranker === 'none',
        by: {
          workspaceId: record.workspaceId,
          personId: owner.personId,
          keyId: owner.keyId ?? null,
          assistantId: null,
          runId: null,
        },
      })
      await noteUse(record)
      return { queries, passages }
    },
  }
}
