import type { RunObject, RunUsage } from '@melzi/contract/run.ts'
import type { RunStepObject, StepDetails, ToolCall } from '@melzi/contract/run-step.ts'
import type { ToolResources } from '@melzi/contract/tool-resources.ts'
import type { ModelUsage } from '../../models/language-model.ts'
import { isEnded, type RunRecord, type StepRecord, type StoredCall } from './run-record.ts'

const presentUsage = (usage: ModelUsage): RunUsage => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.promptTokens + usage.completionTokens,
  prompt_token_details: { cached_tokens: usage.cachedTokens },
  completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
})

/** `{}`, or the files of Python where the run has it (behaviour.md 7). */
const presentResources = (run: RunRecord): ToolResources =>
  run.tools.some(({ type }) => type === 'code_interpreter')
    ? { code_interpreter: { file_ids: run.toolResources.code_interpreter?.file_ids ?? [] } }
    : {}

/** @param includesContent whether what the passages of file_search say is shown */
export const presentCall = (call: StoredCall, includesContent: boolean): ToolCall => {
  const { id } = call
  if (call.type === 'function') return { id, type: call.type, function: call.function }
  if (call.type === 'code_interpreter') {
    return { id, type: call.type, code_interpreter: call.code_interpreter }
  }
  const { ranking_options: rankingOptions, results = [] } = call.file_search
  const shown = includesContent
    ? results
    : results.map(({ content: _content, ...result }) => result)
  return {
    id,
    type: call.type,
    file_search: {
      ...(rankingOptions === undefined ? {} : { ranking_options: rankingOptions }),
      results: shown,
    },
  }
}

const presentDetails = (step: StepRecord, includesContent: boolean): StepDetails =>
  step.details.type === 'message_creation'
    ? step.details
    : {
        type: 'tool_calls',
        tool_calls: step.details.tool_calls.map((call) => presentCall(call, includesContent)),
      }

/** `usage` is shown in end states only, `expires_at` before them only (behaviour.md 7); in line it is not known yet. */
export const presentRun = (run: RunRecord): RunObject => {
  const ended = isEnded(run.status)
  return {
    id: run.id,
    object: 'thread.run',
    created_at: run.createdAt,
    assistant_id: run.assistantId,
    thread_id: run.threadId,
    status: run.status,
    started_at: run.startedAt,
    expires_at: ended || run.place !== null ? null : run.expiresAt,
    cancelled_at: run.cancelledAt,
    failed_at: run.failedAt,
    completed_at: run.completedAt,
    required_action: run.requiredAction,
    last_error: run.lastError,
    model: run.model,
    instructions: run.instructions,
    tools: run.tools,
    tool_resources: presentResources(run),
    metadata: run.metadata,
    temperature: run.temperature,
    top_p: run.topP,
    reasoning_effort: run.reasoningEffort,
    max_completion_tokens: run.maxCompletionTokens,
    max_prompt_tokens: run.maxPromptTokens,
    truncation_strategy: run.truncationStrategy,
    incomplete_details: run.incompleteReason === null ? null : { reason: run.incompleteReason },
    usage: ended && run.usage !== null ? presentUsage(run.usage) : null,
    response_format: run.responseFormat,
    tool_choice: run.toolChoice,
    parallel_tool_calls: run.parallelToolCalls,
  }
}

/**
 * @param run the step's run, whose life decides whether the step can still expire
 * @param includesContent whether what the passages of file_search say is shown (`include[]`)
 */
export const presentStep = (
  step: StepRecord,
  run: Pick<RunRecord, 'status' | 'expiresAt'>,
  includesContent: boolean,
): RunStepObject => ({
  id: step.id,
  object: 'thread.run.step',
  created_at: step.createdAt,
  run_id: step.runId,
  assistant_id: step.assistantId,
  thread_id: step.threadId,
  type: step.type,
  status: step.status,
  cancelled_at: step.cancelledAt,
  completed_at: step.completedAt,
  expires_at: isEnded(run.status) ? null : run.expiresAt,
  expired_at: step.expiredAt,
  failed_at: step.failedAt,
  last_error: step.lastError,
  step_details: presentDetails(step, includesContent),
  usage: step.status === 'in_progress' || step.usage === null ? null : presentUsage(step.usage),
  metadata: {},
})
