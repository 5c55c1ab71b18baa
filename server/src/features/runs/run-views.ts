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
     * What all who will read a run may do with its assistant: what the one who begins it may, or only use it where a limited key, which reads
     * what it made, made the thread.
     */
    commonRight: async (
      db: Reader,
      { keyId, scope }: Principal,
      { workspaceId, madeBy }: ThreadRecord,
      { right }: UsableAssistant,
    ): Promise<Right> => {
      if (scope !== null || madeBy === null || madeBy === keyId) return right
      return (await deps.isLimitedKey(db, workspaceId, madeBy)) ? 'use' : right
    },
  }
}

/**
 * Whether a run's answers may name the assistant's files: to those who may look into it by more than a limited key; else where the maker says so.
 * @param right what all who will read it have
 */
export const mayNameFiles = (
  { scope }: Principal,
  { showsCitations }: Pick<UsableAssistant, 'showsCitations'>,
  right: Right,
): boolean => showsCitations || (scope === null && atLeast(right, 'view'))
