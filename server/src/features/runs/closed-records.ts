import type { RunStepStatus } from '@melzi/contract/run-step.ts'
import type { IncompleteReason, MessageRecord } from '../messages/service.ts'
import type { StepRecord } from './run-record.ts'

/** A run's message as it is closed. @param reason why it is incomplete; null when it is whole @param now Unix seconds */
export const closedMessage = (
  message: MessageRecord,
  reason: IncompleteReason | null,
  content: readonly MessageRecord['content'][number][],
  now: number,
): MessageRecord => ({
  ...message,
  content: [...content],
  status: reason === null ? 'completed' : 'incomplete',
  incompleteReason: reason,
  completedAt: reason === null ? now : null,
  incompleteAt: reason === null ? null : now,
})

/** A step as it is closed. @param now Unix seconds */
export const closedStep = (
  step: StepRecord,
  end: Pick<StepRecord, 'usage' | 'lastError'> & { status: Exclude<RunStepStatus, 'in_progress'> },
  now: number,
): StepRecord => ({
  ...step,
  ...end,
  completedAt: end.status === 'completed' ? now : null,
  cancelledAt: end.status === 'cancelled' ? now : null,
  failedAt: end.status === 'failed' ? now : null,
  expiredAt: end.status === 'expired' ? now : null,
})
