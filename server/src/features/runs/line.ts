import type { Tx } from '../../platform/store/store.ts'
import type { MessageService } from '../messages/service.ts'
import type { ThreadService } from '../threads/service.ts'
import { endedRun } from './closed-records.ts'
import type { RunRecord } from './run-record.ts'
import { beginTurn, nextInLine, updateRun } from './store.ts'

interface LineDeps {
  threads: Pick<ThreadService, 'letGo' | 'passOn'>
  messages: Pick<MessageService, 'takeTurn'>
}

/**
 * Frees the thread of a run that ends in this unit, or gives it to the next run of its line, with the messages before that one. Doing
 * it again, because the store did not say that it was done, changes nothing.
 * @returns whether a run that waited is due now
 */
export const freeThread = async (
  tx: Tx,
  { threads, messages }: LineDeps,
  { workspaceId, threadId, id }: Pick<RunRecord, 'workspaceId' | 'threadId' | 'id'>,
  nowMs: number,
): Promise<boolean> => {
  const waiting = await threads.letGo(tx, workspaceId, threadId, id)
  if (waiting === null || waiting === 0) return false
  const next = await nextInLine(tx, workspaceId, threadId)
  const thread = { workspaceId, id: threadId }
  const served = await messages.takeTurn(tx, thread, next?.place ?? 0)
  if (next !== null) await beginTurn(tx, workspaceId, next.id, nowMs)
  const left = next === null ? served : served + 1
  await threads.passOn(tx, workspaceId, threadId, next?.id ?? null, left)
  return next !== null
}

/** A run that waits is cancelled before its turn; the unit holds its thread and its row. @param now Unix seconds */
export const leaveLine = async (
  tx: Tx,
  threads: Pick<ThreadService, 'leaveLine'>,
  run: RunRecord,
  now: number,
): Promise<RunRecord> => {
  const cancelled: RunRecord = { ...endedRun(run, { status: 'cancelled' }, now), place: null }
  await updateRun(tx, cancelled)
  await threads.leaveLine(tx, run.workspaceId, run.threadId)
  return cancelled
}
