import assert from 'node:assert/strict'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { Plan } from './thread-commands.ts'

const ENDED = ['completed', 'incomplete', 'failed', 'cancelled', 'expired']

export const isEnded = (run: Pick<RunObject, 'status'>): boolean => ENDED.includes(run.status)

const END_OF: Record<Plan['end'], RunObject['status']> = {
  text: 'completed',
  refusal: 'completed',
  length: 'incomplete',
  failure: 'failed',
  cut: 'failed',
  hang: 'cancelled',
}

/** Where an ended run may stand, by what its model did and whether it was cancelled. */
const lawfulEnds = ({ plan, left, cancelled }: Ended): RunObject['status'][] => {
  if (!cancelled) return [END_OF[plan.end]]
  return left > 0 ? ['cancelled'] : ['cancelled', END_OF[plan.end]]
}

export interface Ended {
  run: RunObject
  plan: Plan
  /** Tool rounds that never came. */
  left: number
  cancelled: boolean
}

/**
 * What holds of every run that has ended (behaviour.md 7 and 8).
 * @param steps oldest first
 * @param written the run's own messages, oldest first
 */
export const checkRun = (
  ended: Ended,
  steps: readonly RunStepObject[],
  written: readonly MessageObject[],
): void => {
  const { run } = ended
  assert.ok(
    lawfulEnds(ended).includes(run.status),
    `${run.status} is no lawful end of ${JSON.stringify(ended.plan)}`,
  )
  assert.deepEqual([run.expires_at, run.required_action], [null, null])
  assert.equal(run.last_error !== null, run.status === 'failed', 'a failed run says why')
  assert.equal(run.incomplete_details !== null, run.status === 'incomplete')
  for (const field of ['prompt_tokens', 'completion_tokens', 'total_tokens'] as const) {
    const sum = steps.reduce((total, { usage }) => total + (usage?.[field] ?? 0), 0)
    assert.equal(run.usage?.[field] ?? 0, sum, `${field} of the run is the sum of its steps`)
  }
  const statuses = steps.map(({ status }) => status)
  assert.ok(!statuses.includes('in_progress'), 'no step of an ended run is open')
  assert.ok(
    statuses.slice(0, -1).every((status) => status === 'completed'),
    `only the last step may have failed: ${statuses.join()}`,
  )
  assert.deepEqual(
    steps.flatMap(({ step_details: details }) =>
      details.type === 'message_creation' ? [details.message_creation.message_id] : [],
    ),
    written.map(({ id }) => id),
    'one step for each message, in their order',
  )
  assert.ok(
    written.every(({ status }) => status !== 'in_progress'),
    'no message of an ended run is open',
  )
  for (const { step_details: details, status } of steps) {
    if (details.type !== 'tool_calls' || status !== 'completed') continue
    for (const call of details.tool_calls)
      assert.equal(call.type === 'function' && call.function.output, `output of ${call.id}`)
  }
}
