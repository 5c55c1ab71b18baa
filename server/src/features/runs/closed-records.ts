import type { RunStepStatus } from '@melzi/contract/run-step.ts'
import type { ModelUsage } from '../../models/language-model.ts'
import type { IncompleteReason, MessageRecord } from '../messages/service.ts'
import type { RunEnd } from './run-end.ts'
import { addUsage, type RunRecord, type StepRecord } from './run-record.ts'

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

/** How a step ends that has all it was to have. */
export const whole = (usage: ModelUsage | null) => ({
  status: 'completed' as const,
  usage,
  lastError: null,
})

/** A run as it ends, with the cost of what broke off. @param now Unix seconds */
export const endedRun = (run: RunRecord, end: RunEnd, now: number): RunRecord => ({
  ...run,
  status: end.status,
  usage: end.usage === undefined ? run.usage : addUsage(run.usage, end.usage),
  requiredAction: null,
  lastError: end.lastError ?? null,
  incompleteReason: end.incompleteReason ?? null,
  completedAt: end.status === 'completed' || end.status === 'incomplete' ? now : null,
  failedAt: end.status === 'failed' ? now : null,
  cancelledAt: end.status === 'cancelled' ? now : null,
  dueMs: null,
  leaseOwner: null,
})
