import type { FileOwner } from '../files/service.ts'
import type { RunRecord, StepRecord } from './run-record.ts'

/**
 * A step as it is read: the addresses of pictures in its outputs are signed anew.
 * @param freshLinks without it texts stay as they are
 */
export const freshStep = (
  freshLinks: ((text: string, owner: FileOwner) => string) | undefined,
  step: StepRecord,
  run: RunRecord,
): StepRecord => {
  const { details } = step
  if (freshLinks === undefined || details.type !== 'tool_calls') return step
  const owner = { workspaceId: run.workspaceId, personId: run.ownerId }
  const calls = details.tool_calls.map((call) => {
    if (call.type !== 'function' || call.function.output === null) return call
    const output = freshLinks(call.function.output, owner)
    return { ...call, function: { ...call.function, output } }
  })
  return { ...step, details: { type: details.type, tool_calls: calls } }
}
