import { atLeast, type Principal, type Right } from '../../platform/principal.ts'
import type { Reader, Store } from '../../platform/store/store.ts'
import type { AssistantService, UsableAssistant } from '../assistants/service.ts'
import type { ThreadRecord } from '../threads/service.ts'
import type { View } from './outside-view.ts'
import type { RunRecord } from './run-record.ts'

/** @param right on the run's assistant now */
const viewBy = ({ scope }: Principal, run: RunRecord, right: Right | 'gone' | null): View => {
  const counts = right === 'gone' ? (scope === null ? run.begunWith : 'use') : right
  return atLeast(counts, 'view') ? 'whole' : 'outside'
}

/** Who sees how much of a run: by the right on its assistant now, or, where that is gone, by the one the run was begun with. */
export const createRunViews = (deps: {
  store: Store
  assistants: Pick<AssistantService, 'rightOn'>
  /** Whether a key may less than its person. */
  isLimitedKey: (db: Reader, workspaceId: string, keyId: string) => Promise<boolean>
}) => {
  const { store, assistants } = deps

  /** Whether a key that may less than its person has made the thread, and it is not the caller's. */
  const isReadByLimitedKey = async (
    db: Reader,
    { keyId }: Principal,
    { workspaceId, madeBy }: ThreadRecord,
  ): Promise<boolean> =>
    madeBy !== null && madeBy !== keyId && (await deps.isLimitedKey(db, workspaceId, madeBy))

  return {
    viewOf: async (principal: Principal, run: RunRecord): Promise<View> =>
      viewBy(principal, run, await assistants.rightOn(store, principal, run.assistantId)),

    /** The same for the runs of one thread. */
    viewsOf: async (principal: Principal, all: readonly RunRecord[]): Promise<View[]> => {
      const rights = new Map<string, Right | 'gone' | null>()
      for (const id of new Set(all.map(({ assistantId }) => assistantId))) {
        rights.set(id, await assistants.rightOn(store, principal, id))
      }
      return all.map((run) => viewBy(principal, run, rights.get(run.assistantId) ?? null))
    },

    /**
     * Whether a run's answers may name the files they refer to: for those who may look into the assistant, on a thread that no limited key
     * reads too; else where the maker says so.
     */
    mayNameFiles: async (
      db: Reader,
      principal: Principal,
      thread: ThreadRecord,
      { right, showsCitations }: UsableAssistant,
    ): Promise<boolean> => {
      if (showsCitations) return true
      if (!atLeast(right, 'view') || principal.scope !== null) return false
      return !(await isReadByLimitedKey(db, principal, thread))
    },

    /**
     * Whether Python finds the assistant's files in a run: by the same rule, for what a run leaves in its thread's session is there for the
     * next run too.
     */
    mayMountFiles: async (
      db: Reader,
      principal: Principal,
      thread: ThreadRecord,
      { right, mountsFiles }: UsableAssistant,
    ): Promise<boolean> =>
      mountsFiles || (atLeast(right, 'view') && !(await isReadByLimitedKey(db, principal, thread))),
  }
}
