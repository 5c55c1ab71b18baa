/** Run steps and their deltas (behaviour.md 7, 12). */
import * as z from 'zod/mini'
import { unixSeconds } from './field.ts'
import { ListQuery, listOf } from './list.ts'
import { Metadata } from './metadata.ts'
import { RunUsage } from './run.ts'
import { RankingOptions } from './tool.ts'

const Include = z.enum(['step_details.tool_calls[*].file_search.results[*].content'])

/** `include[]` of run creation and of reading one step. */
export const IncludeQuery = z.strictObject({ include: z._default(z.array(Include), () => []) })
export type IncludeQuery = z.infer<typeof IncludeQuery>

export const RunStepListQuery = z.extend(ListQuery, {
  include: z._default(z.array(Include), () => []),
})
export type RunStepListQuery = z.infer<typeof RunStepListQuery>

/** `output` is null until the client has submitted it. */
export const FunctionToolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({
    name: z.string(),
    arguments: z.string(),
    output: z.nullable(z.string()),
  }),
})
export type FunctionToolCall = z.infer<typeof FunctionToolCall>

export const CodeInterpreterToolCall = z.object({
  id: z.string(),
  type: z.literal('code_interpreter'),
  code_interpreter: z.object({
    input: z.string(),
    outputs: z.array(
      z.discriminatedUnion('type', [
        z.object({ type: z.literal('logs'), logs: z.string() }),
        z.object({ type: z.literal('image'), image: z.object({ file_id: z.string() }) }),
      ]),
    ),
  }),
})
export type CodeInterpreterToolCall = z.infer<typeof CodeInterpreterToolCall>

export const FileSearchResult = z.object({
  file_id: z.string(),
  file_name: z.string(),
  score: z.number(),
  attributes: z.optional(z.record(z.string(), z.unknown())),
  content: z.optional(z.array(z.object({ type: z.literal('text'), text: z.string() }))),
})
export type FileSearchResult = z.infer<typeof FileSearchResult>

export const FileSearchToolCall = z.object({
  id: z.string(),
  type: z.literal('file_search'),
  file_search: z.object({
    ranking_options: z.optional(RankingOptions),
    results: z.optional(z.array(FileSearchResult)),
  }),
})
export type FileSearchToolCall = z.infer<typeof FileSearchToolCall>

export const ToolCall = z.discriminatedUnion('type', [
  CodeInterpreterToolCall,
  FileSearchToolCall,
  FunctionToolCall,
])
export type ToolCall = z.infer<typeof ToolCall>

export const MessageCreationDetails = z.object({
  type: z.literal('message_creation'),
  message_creation: z.object({ message_id: z.string() }),
})
export type MessageCreationDetails = z.infer<typeof MessageCreationDetails>
export const ToolCallsDetails = z.object({
  type: z.literal('tool_calls'),
  tool_calls: z.array(ToolCall),
})
export const StepDetails = z.discriminatedUnion('type', [MessageCreationDetails, ToolCallsDetails])
export type StepDetails = z.infer<typeof StepDetails>

export const RunStepStatus = z.enum(['in_progress', 'cancelled', 'failed', 'completed', 'expired'])
export type RunStepStatus = z.infer<typeof RunStepStatus>

export const RunStepLastError = z.object({
  code: z.enum(['server_error', 'rate_limit_exceeded']),
  message: z.string(),
})
export type RunStepLastError = z.infer<typeof RunStepLastError>

/** Sent in full: the schema's `expired_at` and `metadata` beside the live API's `expires_at` (README.md table B). */
export const RunStepObject = z.object({
  id: z.string(),
  object: z.literal('thread.run.step'),
  created_at: unixSeconds,
  run_id: z.string(),
  assistant_id: z.string(),
  thread_id: z.string(),
  type: z.enum(['message_creation', 'tool_calls']),
  status: RunStepStatus,
  cancelled_at: z.nullable(unixSeconds),
  completed_at: z.nullable(unixSeconds),
  expires_at: z.nullable(unixSeconds),
  expired_at: z.nullable(unixSeconds),
  failed_at: z.nullable(unixSeconds),
  last_error: z.nullable(RunStepLastError),
  step_details: StepDetails,
  usage: z.nullable(RunUsage),
  metadata: Metadata,
})
export type RunStepObject = z.infer<typeof RunStepObject>

export const RunStepList = listOf(RunStepObject)
export type RunStepList = z.infer<typeof RunStepList>

/** `id`, `name` and `output` stand in a call's first delta only: SDKs would join a second one to the first (behaviour.md 13). */
export const FunctionToolCallDelta = z.object({
  index: z.int(),
  id: z.optional(z.string()),
  type: z.literal('function'),
  function: z.object({
    name: z.optional(z.string()),
    arguments: z.optional(z.string()),
    output: z.optional(z.nullable(z.string())),
  }),
})
export type FunctionToolCallDelta = z.infer<typeof FunctionToolCallDelta>

const CodeInterpreterToolCallDelta = z.object({
  index: z.int(),
  id: z.optional(z.string()),
  type: z.literal('code_interpreter'),
  code_interpreter: z.object({
    input: z.optional(z.string()),
    outputs: z.optional(
      z.array(
        z.discriminatedUnion('type', [
          z.object({ index: z.int(), type: z.literal('logs'), logs: z.optional(z.string()) }),
          z.object({
            index: z.int(),
            type: z.literal('image'),
            image: z.optional(z.object({ file_id: z.optional(z.string()) })),
          }),
        ]),
      ),
    ),
  }),
})

const FileSearchToolCallDelta = z.object({
  index: z.int(),
  id: z.optional(z.string()),
  type: z.literal('file_search'),
  file_search: z.object({
    ranking_options: z.optional(RankingOptions),
    results: z.optional(z.array(FileSearchResult)),
  }),
})

export const ToolCallDelta = z.discriminatedUnion('type', [
  CodeInterpreterToolCallDelta,
  FileSearchToolCallDelta,
  FunctionToolCallDelta,
])
export type ToolCallDelta = z.infer<typeof ToolCallDelta>

export const RunStepDelta = z.object({
  id: z.string(),
  object: z.literal('thread.run.step.delta'),
  delta: z.object({
    step_details: z.object({
      type: z.literal('tool_calls'),
      tool_calls: z.array(ToolCallDelta),
    }),
  }),
})
export type RunStepDelta = z.infer<typeof RunStepDelta>
