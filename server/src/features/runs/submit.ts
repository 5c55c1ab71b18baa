import type { SubmitToolOutputsRequest } from '@melzi/contract/run.ts'
import { errors } from '../../platform/errors.ts'
import { noUsage, type RunRecord, type StepRecord } from './run-record.ts'

/**
 * The waiting tool step with the client's outputs in it, completed. All pending calls come in one request, each once (behaviour.md 9).
 * @param nowSeconds Unix seconds
 * @throws AppError 400 when ids are missing, foreign or repeated
 */
export const fillOutputs = (
  run: RunRecord,
  steps: readonly StepRecord[],
  outputs: SubmitToolOutputsRequest['tool_outputs'],
  nowSeconds: number,
): StepRecord => {
  const expected = (run.requiredAction?.submit_tool_outputs.tool_calls ?? []).map((call) => call.id)
  const got = outputs.map((output) => output.tool_call_id)
  const given = new Map(outputs.map((output) => [output.tool_call_id, output.output]))
  const matches =
    got.length === expected.length &&
    given.size === expected.length &&
    expected.every((id) => given.has(id))
  if (!matches) throw errors.submitMismatch(expected, got)
  const step = steps.find((one) => one.status === 'in_progress')
  if (step?.details.type !== 'tool_calls') {
    throw new Error(`run ${run.id} waits for outputs without an open tool step`)
  }
  return {
    ...step,
    status: 'completed',
    completedAt: nowSeconds,
    usage: step.usage ?? noUsage,
    details: {
      type: 'tool_calls',
      tool_calls: step.details.tool_calls.map((call) => {
        const output = given.get(call.id)
        if (call.type !== 'function' || output === undefined) return call
        return { ...call, function: { ...call.function, output } }
      }),
    },
  }
}
