import type { Attachment } from '@melzi/contract/message.ts'
import type { ToolResources, ToolResourcesInput } from '@melzi/contract/tool-resources.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { AppError, errors } from '../../platform/errors.ts'
import type { Reader, Tx } from '../../platform/store/store.ts'
import type { FileOwner, OwnedFiles } from '../files/service.ts'
import type { StoreWriter } from '../vector-stores/service.ts'
import {
  appendFiles,
  replaceFiles,
  replaceStore,
  resourcesOf,
  type Holder,
  type HolderKind,
} from './store.ts'

/** Files code_interpreter can be given by one assistant or thread (behaviour.md 4). */
const MAX_FILES = 20
/** Stores made for a thread live this long after their last use (behaviour.md 14). */
const THREAD_STORE_EXPIRY = { anchor: 'last_active_at', days: 7 } as const
/** What null stands for in an update. */
const NOTHING: ToolResources = {
  code_interpreter: { file_ids: [] },
  file_search: { vector_store_ids: [] },
}

export interface ToolResourcesDeps {
  clock: Clock
  files: Pick<OwnedFiles, 'getManyOwned'>
  stores: Pick<StoreWriter, 'getOwned' | 'insert' | 'addMissing'>
  /** Tells the indexer that files wait for it. */
  announce: () => void
}

export interface Sifted {
  kept: ToolResourcesInput
  missing: string[]
}

export type ToolResourcesService = ReturnType<typeof createToolResources>

/** Files and stores that assistants and threads give their tools. */
export const createToolResources = (deps: ToolResourcesDeps) => {
  const { clock, files, stores } = deps

  const ofMany = (db: Reader, kind: HolderKind, workspaceId: string, ids: readonly string[]) =>
    resourcesOf(db, kind, workspaceId, ids, seconds(clock.now()))

  const of = async (db: Reader, { kind, workspaceId, id }: Holder): Promise<ToolResources> =>
    (await ofMany(db, kind, workspaceId, [id]))(id)

  /** The store a request names or has made; null for none; undefined when it says nothing of stores. */
  const chooseStore = async (
    tx: Tx,
    owner: FileOwner,
    holder: Holder,
    wanted: ToolResourcesInput['file_search'],
  ): Promise<string | null | undefined> => {
    const [named] = wanted?.vector_store_ids ?? []
    const [made] = wanted?.vector_stores ?? []
    if (named !== undefined && made !== undefined) {
      throw errors.invalid(
        "Send either 'vector_store_ids' or 'vector_stores', not both: at most one vector store can be attached.",
        'tool_resources.file_search',
        'invalid_value',
      )
    }
    if (named !== undefined) {
      const [there] = (await of(tx, holder)).file_search?.vector_store_ids ?? []
      return named === there ? named : (await stores.getOwned(tx, owner, named)).id
    }
    if (made === undefined) return wanted?.vector_store_ids === undefined ? undefined : null
    const { file_ids = [], chunking_strategy = null, metadata } = made
    const expires_after = holder.kind === 'thread' ? THREAD_STORE_EXPIRY : null
    const request = { file_ids, chunking_strategy, metadata: metadata ?? {}, expires_after }
    return (await stores.insert(tx, owner, request)).id
  }

  /**
   * Sets what the request names, in the unit that writes the holder; what it does not name stays. null takes all away. What the holder has already
   * may be named by whoever may change it, whoever's it is.
   * @throws AppError 404 for files and stores that are not the owner's, 400 for two stores
   */
  const set = async (
    tx: Tx,
    owner: FileOwner,
    holder: Holder,
    request: ToolResourcesInput | null | undefined,
  ): Promise<ToolResources> => {
    const { code_interpreter: code, file_search: search } =
      request === null ? NOTHING : (request ?? {})
    if (code !== undefined) {
      const ids = [...new Set(code.file_ids)]
      const there = new Set((await of(tx, holder)).code_interpreter?.file_ids)
      const added = ids.filter((id) => !there.has(id))
      await files.getManyOwned(tx, owner, added)
      await replaceFiles(tx, holder, ids)
    }
    const storeId = await chooseStore(tx, owner, holder, search)
    if (storeId !== undefined) await replaceStore(tx, holder, storeId)
    return of(tx, holder)
  }

  return {
    of,
    ofMany,
    set,

    /** The same for a holder that the unit has just made: most have nothing, and that costs no statement. */
    setNew: async (
      tx: Tx,
      owner: FileOwner,
      holder: Holder,
      request: ToolResourcesInput,
    ): Promise<ToolResources> =>
      Object.keys(request).length === 0 ? {} : set(tx, owner, holder, request),

    /**
     * Parts what a request from elsewhere names: what the owner has here, and the ids of files and stores that he has not. Stores to be
     * made stay.
     */
    async sift(db: Reader, owner: FileOwner, request: ToolResourcesInput): Promise<Sifted> {
      const missing: string[] = []
      const keep = async (ids: readonly string[], ask: (id: string) => Promise<unknown>) => {
        const kept: string[] = []
        for (const id of ids) ((await isFound(ask(id))) ? kept : missing).push(id)
        return kept
      }
      const { code_interpreter: code, file_search: search } = request
      const kept: ToolResourcesInput = {}
      if (code !== undefined) {
        const askFile = (id: string) => files.getManyOwned(db, owner, [id])
        kept.code_interpreter = { file_ids: await keep(code.file_ids, askFile) }
      }
      if (search !== undefined) {
        const askStore = (id: string) => stores.getOwned(db, owner, id)
        const ids = await keep(search.vector_store_ids ?? [], askStore)
        kept.file_search = { ...search, vector_store_ids: ids }
      }
      return { kept, missing }
    },

    /** For what a run names itself. @throws AppError 404 for files and stores that are not the owner's */
    async check(db: Reader, owner: FileOwner, request: ToolResources): Promise<void> {
      await files.getManyOwned(db, owner, [...new Set(request.code_interpreter?.file_ids)])
      for (const id of request.file_search?.vector_store_ids ?? []) {
        await stores.getOwned(db, owner, id)
      }
    },

    /**
     * Gives a message's files to the tools of its thread (behaviour.md 6). The unit holds the thread's row.
     * @throws AppError 404 for files that are not the owner's, 400 when code_interpreter would have more than 20 or the thread's store
     * has expired
     */
    async attach(
      tx: Tx,
      owner: FileOwner,
      threadId: string,
      attachments: readonly Attachment[],
    ): Promise<void> {
      if (attachments.length === 0) return
      const every = new Set(attachments.map((attachment) => attachment.file_id))
      await files.getManyOwned(tx, owner, [...every])
      const holder: Holder = { kind: 'thread', workspaceId: owner.workspaceId, id: threadId }
      const before = await of(tx, holder)
      const linked = before.code_interpreter?.file_ids ?? []
      const added = filesFor(attachments, 'code_interpreter').filter((id) => !linked.includes(id))
      const count = linked.length + added.length
      if (count > MAX_FILES) {
        throw errors.invalid(
          `A thread can hold at most ${MAX_FILES} files for code_interpreter; with these attachments thread ${threadId} would hold ${count}. Take files away with 'tool_resources.code_interpreter.file_ids' of the thread.`,
          'attachments',
          'array_above_max_length',
        )
      }
      if (added.length > 0) await appendFiles(tx, holder, added)
      const searched = filesFor(attachments, 'file_search')
      if (searched.length === 0) return
      const [storeId] = before.file_search?.vector_store_ids ?? []
      if (storeId !== undefined) return stores.addMissing(tx, owner, storeId, searched)
      const request = { file_ids: searched, expires_after: THREAD_STORE_EXPIRY }
      await replaceStore(tx, holder, (await stores.insert(tx, owner, request)).id)
    },

    /** Called after the commit of a unit that set or attached these: a store may have files to be indexed. */
    announce(attachments: readonly Attachment[], request?: ToolResourcesInput | null): void {
      const made = request?.file_search?.vector_stores ?? []
      if (made.length > 0 || filesFor(attachments, 'file_search').length > 0) deps.announce()
    },
  }
}

const isFound = async (asked: Promise<unknown>): Promise<boolean> => {
  try {
    await asked
    return true
  } catch (error) {
    if (error instanceof AppError && error.status === 404) return false
    throw error
  }
}

/** Ids of the files that are for a tool, each once. */
const filesFor = (attachments: readonly Attachment[], tool: 'code_interpreter' | 'file_search') => {
  const wanted = attachments.filter(({ tools }) => tools.some(({ type }) => type === tool))
  return [...new Set(wanted.map((attachment) => attachment.file_id))]
}
