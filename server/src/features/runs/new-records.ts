import { newId } from '../../platform/ids.ts'
import type { MessageRecord } from '../messages/service.ts'
import type { RunRecord, StepRecord } from './run-record.ts'

/** An open step of a run; its position is given by the unit that inserts it. @param now Unix seconds */
export const newStep = (
  run: RunRecord,
  now: number,
  details: StepRecord['details'],
): StepRecord => ({
  workspaceId: run.workspaceId,
  id: newId('step_'),
  runId: run.id,
  threadId: run.threadId,
  assistantId: run.assistantId,
  position: 0,
  createdAt: now,
  type: details.type,
  status: 'in_progress',
  details,
  lastError: null,
  usage: null,
  completedAt: null,
  cancelledAt: null,
  failedAt: null,
  expiredAt: null,
})

/** The open message a run writes; its position is given by the unit that inserts it. @param now Unix seconds */
export const newMessage = (run: RunRecord, id: string, now: number): MessageRecord => ({
  workspaceId: run.workspaceId,
  id,
  threadId: run.threadId,
  position: 0,
  createdAt: now,
  role: 'assistant',
  content: [],
  attachments: [],
  assistantId: run.assistantId,
  runId: run.id,
  status: 'in_progress',
  incompleteReason: null,
  completedAt: null,
  incompleteAt: null,
  metadata: {},
})
