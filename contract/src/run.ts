/** Runs (behaviour.md 7 to 9). */
import * as z from 'zod/mini'
import { orDefault, orNull, tokenCount, unixSeconds } from './field.ts'
import { listOf } from './list.ts'
import { CreateMessageRequest, Queue } from './message.ts'
import { Metadata } from './metadata.ts'
import {
  Instructions,
  ReasoningEffort,
  ResponseFormat,
  Temperature,
  TopP,
} from './model-settings.ts'
import { CreateThreadRequest } from './thread.ts'
import { Tool, ToolChoice, ToolsInput } from './tool.ts'
import { ToolResources } from './tool-resources.ts'

export { ResponseFormat, ToolChoice }

export const RunStatus = z.enum([
  'queued',
  'in_progress',
  'requires_action',
  'cancelling',
  'cancelled',
  'failed',
  'completed',
  'incomplete',
  'expired',
])
export type RunStatus = z.infer<typeof RunStatus>

/** `last_messages` n keeps the newest n messages of the thread. */
export const TruncationStrategy = z.object({
  type: z.enum(['auto', 'last_messages']),
  last_messages: z.nullable(z.int()),
})
export type TruncationStrategy = z.infer<typeof TruncationStrategy>

const TruncationStrategyInput = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto'), last_messages: orNull(z.null()) }),
  z.strictObject({ type: z.literal('last_messages'), last_messages: z.int().check(z.minimum(1)) }),
])

const AssistantId = z.string().check(z.startsWith('asst'))

/** What both ways of starting a run take. null and absent mean the same: the assistant's value, or the run's default. */
const runSettings = {
  model: z.nullish(z.string()),
  instructions: z.nullish(Instructions),
  tools: z.nullish(ToolsInput),
  metadata: orDefault(Metadata, () => ({})),
  temperature: z.nullish(Temperature),
  top_p: z.nullish(TopP),
  max_prompt_tokens: orNull(z.int().check(z.minimum(256))),
  max_completion_tokens: orNull(z.int().check(z.minimum(16))),
  truncation_strategy: orDefault(TruncationStrategyInput, () => ({
    type: 'auto' as const,
    last_messages: null,
  })),
  tool_choice: orDefault(ToolChoice, () => 'auto' as const),
  parallel_tool_calls: z._default(z.boolean(), true),
  response_format: z.nullish(ResponseFormat),
  stream: orDefault(z.boolean(), () => false),
}

export const CreateRunRequest = z.strictObject({
  assistant_id: AssistantId,
  ...runSettings,
  reasoning_effort: z.nullish(ReasoningEffort),
  additional_instructions: z.nullish(Instructions),
  additional_messages: orDefault(z.array(CreateMessageRequest), () => []),
  queue: Queue,
})
export type CreateRunRequest = z.infer<typeof CreateRunRequest>

export const CreateThreadAndRunRequest = z.strictObject({
  assistant_id: AssistantId,
  thread: z.optional(CreateThreadRequest),
  ...runSettings,
  tool_resources: z.nullish(ToolResources),
})
export type CreateThreadAndRunRequest = z.infer<typeof CreateThreadAndRunRequest>

export const ModifyRunRequest = z.strictObject({ metadata: z.nullish(Metadata) })
export type ModifyRunRequest = z.infer<typeof ModifyRunRequest>

/** A cancel takes nothing. */
export const CancelRunRequest = z.strictObject({})

export const SubmitToolOutputsRequest = z.strictObject({
  tool_outputs: z.array(
    z.strictObject({ tool_call_id: z.string(), output: z._default(z.string(), '') }),
  ),
  stream: orDefault(z.boolean(), () => false),
})
export type SubmitToolOutputsRequest = z.infer<typeof SubmitToolOutputsRequest>

/** `arguments` is JSON text, `"{}"` when empty. */
export const RequiredToolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
})
export type RequiredToolCall = z.infer<typeof RequiredToolCall>

export const RequiredAction = z.object({
  type: z.literal('submit_tool_outputs'),
  submit_tool_outputs: z.object({ tool_calls: z.array(RequiredToolCall) }),
})
export type RequiredAction = z.infer<typeof RequiredAction>

export const LastError = z.object({
  code: z.enum(['server_error', 'rate_limit_exceeded', 'invalid_prompt']),
  message: z.string(),
})
export type LastError = z.infer<typeof LastError>

/** `prompt_token_details` has the singular "token" on the wire. */
export const RunUsage = z.object({
  prompt_tokens: tokenCount,
  completion_tokens: tokenCount,
  total_tokens: tokenCount,
  prompt_token_details: z.object({ cached_tokens: tokenCount }),
  completion_tokens_details: z.object({ reasoning_tokens: tokenCount }),
})
export type RunUsage = z.infer<typeof RunUsage>

/** `content_filter` is reported of the live API and absent from its published schema (README.md table D). */
export const RunIncompleteReason = z.enum([
  'max_completion_tokens',
  'max_prompt_tokens',
  'content_filter',
])
export type RunIncompleteReason = z.infer<typeof RunIncompleteReason>

/** Keys in the live order. */
export const RunObject = z.object({
  id: z.string(),
  object: z.literal('thread.run'),
  created_at: unixSeconds,
  assistant_id: z.string(),
  thread_id: z.string(),
  status: RunStatus,
  started_at: z.nullable(unixSeconds),
  expires_at: z.nullable(unixSeconds),
  cancelled_at: z.nullable(unixSeconds),
  failed_at: z.nullable(unixSeconds),
  completed_at: z.nullable(unixSeconds),
  required_action: z.nullable(RequiredAction),
  last_error: z.nullable(LastError),
  model: z.string(),
  instructions: z.nullable(z.string()),
  tools: z.array(Tool),
  tool_resources: z.nullable(ToolResources),
  metadata: Metadata,
  temperature: z.nullable(z.number()),
  top_p: z.nullable(z.number()),
  reasoning_effort: z.nullable(ReasoningEffort),
  max_completion_tokens: z.nullable(z.int()),
  max_prompt_tokens: z.nullable(z.int()),
  truncation_strategy: TruncationStrategy,
  incomplete_details: z.nullable(z.object({ reason: RunIncompleteReason })),
  usage: z.nullable(RunUsage),
  response_format: ResponseFormat,
  tool_choice: ToolChoice,
  parallel_tool_calls: z.boolean(),
})
export type RunObject = z.infer<typeof RunObject>

export const RunList = listOf(RunObject)
export type RunList = z.infer<typeof RunList>
