import type { ModifyThreadRequest } from '@melzi/contract/thread.ts'
import type { ToolResources, ToolResourcesInput } from '@melzi/contract/tool-resources.ts'
import type { Metadata } from '@melzi/contract/metadata.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { isOwn, makerOf, requireOwnList, type Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { ToolResourcesService } from '../tool-resources/service.ts'
import {
  deleteThread,
  findThread,
  findThreadForUpdate,
  insertThread,
  leaveLine,
  letGo,
  listThreads,
  passOn,
  setActiveRun,
  takePlaces,
  takePositions,
  updateThreadMetadata,
  type ThreadRecord,
} from './store.ts'

export { presentThread } from './present.ts'
export type { ThreadRecord } from './store.ts'

/** Messages and runs that can wait for their turn on one thread. */
const LONGEST_LINE = 64

/** A thread with what it gives its tools. */
export interface Thread extends ThreadRecord {
  toolResources: ToolResources
}

export type ThreadService = ReturnType<typeof createThreadService>

export const createThreadService = (deps: {
  store: Store
  clock: Clock
  toolResources: ToolResourcesService
}) => {
  const { store, clock, toolResources } = deps

  const owned = (thread: ThreadRecord | null, principal: Principal, id: string): ThreadRecord => {
    if (thread === null || !isOwn(principal, thread)) {
      throw errors.notFound('thread', id)
    }
    return thread
  }

  /** @throws AppError 404 when it does not exist or is another person's */
  const getOwned = async (db: Reader, principal: Principal, id: string): Promise<ThreadRecord> =>
    owned(await findThread(db, principal.workspaceId, id), principal, id)

  /** The same, with the thread's row locked until the unit ends. */
  const lockOwned = async (tx: Tx, principal: Principal, id: string): Promise<ThreadRecord> =>
    owned(await findThreadForUpdate(tx, principal.workspaceId, id), principal, id)

  const toolResourcesOf = (db: Reader, workspaceId: string, id: string): Promise<ToolResources> =>
    toolResources.of(db, { kind: 'thread', workspaceId, id })

  const withResources = async (db: Reader, thread: ThreadRecord): Promise<Thread> => ({
    ...thread,
    toolResources: await toolResourcesOf(db, thread.workspaceId, thread.id),
  })

  return {
    getOwned,
    lockOwned,
    toolResourcesOf,
    withResources,
    setActiveRun,
    letGo,
    passOn,
    leaveLine,
    /** The thread's row, locked until the unit ends; asks for no right. */
    lock: findThreadForUpdate,
    takePositions,

    /**
     * Takes `count` places in the line of a thread that the unit has locked and that has an active run.
     * @returns the first of them
     * @throws AppError 429 when there would be more than {@link LONGEST_LINE}
     */
    async joinLine(
      tx: Tx,
      { workspaceId, id }: Pick<ThreadRecord, 'workspaceId' | 'id'>,
      count: number,
    ): Promise<number> {
      const { first, waiting } = await takePlaces(tx, workspaceId, id, count)
      if (waiting > LONGEST_LINE) throw errors.lineIsFull(id, LONGEST_LINE)
      return first
    },

    get: async (principal: Principal, id: string): Promise<Thread> =>
      withResources(store, await getOwned(store, principal, id)),

    /**
     * All threads of the key's person, whichever key made them; of a limited key those it made (design 5).
     * @throws AppError 404 for an unknown cursor, 403 for a key that is in many hands
     */
    async list(principal: Principal, query: PageQuery): Promise<Page<Thread>> {
      requireOwnList(principal)
      const { workspaceId } = principal
      const page = await listThreads(store, principal, query)
      const ids = page.items.map(({ id }) => id)
      const resources = await toolResources.ofMany(store, 'thread', workspaceId, ids)
      const items = page.items.map((item) => ({ ...item, toolResources: resources(item.id) }))
      return { items, hasMore: page.hasMore }
    },

    /** @throws AppError 404 for files and stores that are not the caller's */
    async insert(
      tx: Tx,
      principal: Principal,
      metadata: Metadata,
      resources: ToolResourcesInput = {},
    ): Promise<Thread> {
      const record: ThreadRecord = {
        workspaceId: principal.workspaceId,
        id: newId('thread_'),
        ownerId: principal.personId,
        madeBy: makerOf(principal),
        createdAt: seconds(clock.now()),
        metadata,
        activeRunId: null,
        waiting: 0,
      }
      await insertThread(tx, record)
      const holder = { kind: 'thread', workspaceId: record.workspaceId, id: record.id } as const
      return {
        ...record,
        toolResources: await toolResources.setNew(tx, principal, holder, resources),
      }
    },

    /** Changes what the request names. @throws AppError 404 for files and stores that are not the caller's */
    async update(principal: Principal, id: string, request: ModifyThreadRequest): Promise<Thread> {
      return store.write('thread.update', async (tx) => {
        const thread = await lockOwned(tx, principal, id)
        const { workspaceId } = thread
        const holder = { kind: 'thread', workspaceId, id } as const
        const resources = await toolResources.set(tx, principal, holder, request.tool_resources)
        if (request.metadata === undefined) return { ...thread, toolResources: resources }
        const metadata = request.metadata ?? {}
        await updateThreadMetadata(tx, workspaceId, id, metadata)
        return { ...thread, metadata, toolResources: resources }
      })
    },

    /** Ends an active run too: its node finds the row gone at its next write and stops. */
    async delete(principal: Principal, id: string): Promise<ThreadRecord> {
      return store.write('thread.delete', async (tx) => {
        const thread = await lockOwned(tx, principal, id)
        await deleteThread(tx, principal.workspaceId, id)
        return thread
      })
    },
  }
}
