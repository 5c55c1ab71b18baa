import type { ModifyThreadRequest } from '@melzi/contract/thread.ts'
import type { Metadata } from '@melzi/contract/metadata.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import {
  deleteThread,
  findThread,
  findThreadForUpdate,
  insertThread,
  listThreads,
  setActiveRun,
  takePositions,
  updateThreadMetadata,
  type ThreadRecord,
} from './store.ts'

export { presentThread } from './present.ts'
export type { ThreadRecord } from './store.ts'

export type ThreadService = ReturnType<typeof createThreadService>

export const createThreadService = (deps: { store: Store; clock: Clock }) => {
  const { store, clock } = deps

  const owned = (thread: ThreadRecord | null, principal: Principal, id: string): ThreadRecord => {
    if (thread === null || thread.ownerId !== principal.personId) {
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

  return {
    getOwned,
    lockOwned,
    setActiveRun,
    takePositions,

    get: (principal: Principal, id: string) => getOwned(store, principal, id),

    /** All threads of the key's person, whichever key made them (design 5). @throws AppError 404 for an unknown cursor */
    list: (principal: Principal, query: PageQuery): Promise<Page<ThreadRecord>> =>
      listThreads(store, principal.workspaceId, principal.personId, query),

    async insert(tx: Tx, principal: Principal, metadata: Metadata): Promise<ThreadRecord> {
      const record: ThreadRecord = {
        workspaceId: principal.workspaceId,
        id: newId('thread_'),
        ownerId: principal.personId,
        createdAt: seconds(clock.now()),
        metadata,
        activeRunId: null,
      }
      await insertThread(tx, record)
      return record
    },

    async update(
      principal: Principal,
      id: string,
      request: Pick<ModifyThreadRequest, 'metadata'>,
    ): Promise<ThreadRecord> {
      return store.write('thread.update', async (tx) => {
        const thread = await lockOwned(tx, principal, id)
        if (request.metadata === undefined) return thread
        const metadata = request.metadata ?? {}
        await updateThreadMetadata(tx, principal.workspaceId, id, metadata)
        return { ...thread, metadata }
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
