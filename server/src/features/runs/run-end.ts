import type { LastError } from '@melzi/contract/run.ts'
import type { RunStepStatus } from '@melzi/contract/run-step.ts'
import type { ModelUsage } from '../../models/language-model.ts'
import type { IncompleteReason } from '../messages/service.ts'
import { noUsage, type EndStatus, type RunIncompleteReason, type StepRecord } from './run-record.ts'

/** How a run ends, and with it what was open. */
export interface RunEnd {
  status: EndStatus
  usage?: ModelUsage
  lastError?: LastError
  incompleteReason?: RunIncompleteReason
}

/** Why an open message stays incomplete when its run ends so; null: it is whole. */
export const messageReason = (end: RunEnd): IncompleteReason | null => {
  if (end.status === 'completed') return null
  if (end.status === 'cancelled') return 'run_cancelled'
  if (end.status === 'expired') return 'run_expired'
  if (end.status === 'failed') return 'run_failed'
  return end.incompleteReason === 'content_filter' ? 'content_filter' : 'max_tokens'
}

/** A step cut by a token limit counts as completed (behaviour.md 11). */
const stepStatus = (status: EndStatus): Exclude<RunStepStatus, 'in_progress'> =>
  status === 'incomplete' ? 'completed' : status

/** Steps know only two of the three codes (behaviour.md 7). */
const stepError = (error: LastError | undefined): StepRecord['lastError'] => ({
  code: error?.code === 'rate_limit_exceeded' ? 'rate_limit_exceeded' : 'server_error',
  message: error?.message ?? 'Sorry, something went wrong.',
})

/** How a step that is open then is closed. @param known what it is known to have cost */
export const stepEndOf = (end: RunEnd, known: ModelUsage | null) => {
  const status = stepStatus(end.status)
  return {
    status,
    usage: end.usage ?? known ?? (status === 'completed' ? noUsage : null),
    lastError: end.status === 'failed' ? stepError(end.lastError) : null,
  }
}
