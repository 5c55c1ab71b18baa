import { seconds, type Clock } from '../../platform/clock.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import type { LostRun } from '../sharing/service.ts'
import type { ThreadService } from '../threads/service.ts'
import type { Dispatcher } from './dispatcher.ts'
import { leaveLine } from './line.ts'
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
  ({
    store,
    clock,
    dispatcher,
    threads,
  }: {
    store: Store
    clock: Clock
    dispatcher: Dispatcher
    threads: Pick<ThreadService, 'leaveLine' | 'lock'>
  }) =>
  async ({ workspaceId, threadId, id }: LostRun): Promise<void> => {
    const isLost = await store.write('run.cancel-lost', async (tx) => {
      // the thread before a run that waits, as everywhere
      await threads.lock(tx, workspaceId, threadId)
      const before = await findRunForUpdate(tx, workspaceId, threadId, id)
      if (before === null || isEnded(before.status) || before.status === 'cancelling') return false
      if (before.place !== null) await leaveLine(tx, threads, before, seconds(clock.now()))
      else await writeCancelling(tx, before, clock.now())
      return true
    })
    if (isLost) dispatcher.cancel(id)
  }
