import type { Clock } from '../../platform/clock.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import type { LostRun } from '../sharing/service.ts'
import type { Dispatcher } from './dispatcher.ts'
import { isEnded, type RunRecord } from './run-record.ts'
import { findRunForUpdate, updateRun } from './store.ts'

/**
 * Asks for the end of a run whose row the unit holds; the node that holds it, or claims it for that, says so on its stream and ends it
 * (behaviour.md 8). After the commit the dispatcher is told.
 */
export const writeCancelling = async (
  tx: Tx,
  before: RunRecord,
  nowMs: number,
): Promise<RunRecord> => {
  const after: RunRecord = {
    ...before,
    status: 'cancelling',
    requiredAction: null,
    dueMs: before.leaseOwner === null ? nowMs : before.dueMs,
  }
  await updateRun(tx, after)
  return after
}

/** Ends runs whose caller lost its right; one that has ended, or is about to, is left alone. */
export const createCancelLost =
  ({ store, clock, dispatcher }: { store: Store; clock: Clock; dispatcher: Dispatcher }) =>
  async ({ workspaceId, threadId, id }: LostRun): Promise<void> => {
    const isLost = await store.write('run.cancel-lost', async (tx) => {
      const before = await findRunForUpdate(tx, workspaceId, threadId, id)
      if (before === null || isEnded(before.status) || before.status === 'cancelling') return false
      await writeCancelling(tx, before, clock.now())
      return true
    })
    if (isLost) dispatcher.cancel(id)
  }
