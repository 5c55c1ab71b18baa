import type { Metadata } from '@melzi/contract/metadata.ts'
import type { ReasoningEffort, ResponseFormat } from '@melzi/contract/model-settings.ts'
import type {
  LastError,
  RequiredAction,
  RunStatus,
  TruncationStrategy,
} from '@melzi/contract/run.ts'
import type {
  CodeInterpreterToolCall,
  FileSearchToolCall,
  FunctionToolCall,
  MessageCreationDetails,
  RunStepLastError,
  RunStepStatus,
} from '@melzi/contract/run-step.ts'
import type { Right } from '../../platform/principal.ts'
import type { Tool, ToolChoice } from '@melzi/contract/tool.ts'
import type { ToolResources } from '@melzi/contract/tool-resources.ts'
import type { ModelUsage } from '../../models/language-model.ts'
import type { PluginMode } from '../assistants/service.ts'
import type { PluginModelUsage } from '../plugins/service.ts'

export type RunIncompleteReason = 'max_completion_tokens' | 'max_prompt_tokens' | 'content_filter'

/** A function of the run that is a plugin of this server. */
export interface RunPlugin {
  functionName: string
  /** `plug_...` */
  pluginId: string
  /** The operation or tool of its server; null, or absent in older runs, for a plugin that is one function. */
  operation?: string | null
  /** Absent in older runs: as the plugin is now. */
  version?: number
  /** Its calls always wait for the client. */
  asksBefore?: boolean
}

/** A run as stored. Times ending in `At` are Unix seconds, `dueMs` is milliseconds since 1970. */
export interface RunRecord {
  workspaceId: string
  id: string
  threadId: string
  assistantId: string
  ownerId: string
  /** The key it was made with. */
  keyId: string | null
  /** What whoever began it had on its assistant then; counts when the assistant is gone. */
  begunWith: Right
  /** Whether its answers may name the files they refer to. */
  namesFiles: boolean
  createdAt: number
  status: RunStatus
  model: string
  instructions: string | null
  tools: Tool[]
  /** The assistant's, or what the request put in their place; the thread's own come on top when they are needed. */
  toolResources: ToolResources
  /** Whether readers of its stream are told what the passages of file_search say (`include[]`). */
  includesContent: boolean
  metadata: Metadata
  temperature: number
  topP: number
  reasoningEffort: ReasoningEffort | null
  maxCompletionTokens: number | null
  maxPromptTokens: number | null
  truncationStrategy: TruncationStrategy
  responseFormat: ResponseFormat
  toolChoice: ToolChoice
  parallelToolCalls: boolean
  pluginMode: PluginMode
  plugins: RunPlugin[]
  requiredAction: RequiredAction | null
  lastError: LastError | null
  incompleteReason: RunIncompleteReason | null
  /** Sum of the model calls so far; shown only in an end state. */
  usage: ModelUsage | null
  startedAt: number | null
  expiresAt: number
  cancelledAt: number | null
  failedAt: number | null
  completedAt: number | null
  dueMs: number | null
  leaseOwner: string | null
  /** Fences every write and event: one node's hold of the run. */
  attempt: number
  /** In the line of its thread; null for a run that has had its turn. */
  place: number | null
}

/** A search with what the wire does not show: the model's arguments, and the first number of its citation marks. */
export type StoredFileSearch = FileSearchToolCall & {
  arguments: string
  /** Null until the search was made. */
  retrieval: number | null
}

/** Python that was run, with what the wire does not show. */
export type StoredCodeCall = CodeInterpreterToolCall & {
  /** What the model is told of it; null until it was run. */
  output: string | null
  /** Files it wrote beside pictures, by their names in /mnt/data. */
  files: { name: string; fileId: string }[]
}

/** A function that was called, with what the wire does not show: its call's record, where this server made it. */
export type StoredFunctionCall = FunctionToolCall & {
  /** `id` is `pcall_...`; false for `ok`: the plugin failed, and the output tells why. */
  pluginCall?: { id: string; ok: boolean }
}

export type StoredCall = StoredFunctionCall | StoredFileSearch | StoredCodeCall

export type StoredDetails =
  | MessageCreationDetails
  | { type: 'tool_calls'; tool_calls: StoredCall[] }

export interface StepRecord {
  workspaceId: string
  id: string
  runId: string
  threadId: string
  assistantId: string
  position: number
  createdAt: number
  type: 'message_creation' | 'tool_calls'
  status: RunStepStatus
  details: StoredDetails
  lastError: RunStepLastError | null
  /** Kept as soon as it is known; shown only when the step has ended. */
  usage: ModelUsage | null
  completedAt: number | null
  cancelledAt: number | null
  failedAt: number | null
  expiredAt: number | null
}

export type EndStatus = 'completed' | 'incomplete' | 'failed' | 'cancelled' | 'expired'

export const isEnded = (status: RunStatus): status is EndStatus =>
  status === 'completed' ||
  status === 'incomplete' ||
  status === 'failed' ||
  status === 'cancelled' ||
  status === 'expired'

/** The calls of a step; none for one that writes a message. */
export const callsOf = (step: Pick<StepRecord, 'details'>): StoredCall[] =>
  step.details.type === 'tool_calls' ? step.details.tool_calls : []

/** Whether a call has its output already, so that it is not made again. */
export const isDone = (call: StoredCall): boolean => {
  if (call.type === 'function') return call.function.output !== null
  return call.type === 'file_search' ? call.retrieval !== null : call.output !== null
}

export const noUsage: ModelUsage = {
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
}

export const addUsage = (a: ModelUsage | null, b: ModelUsage): ModelUsage => ({
  promptTokens: (a?.promptTokens ?? 0) + b.promptTokens,
  completionTokens: (a?.completionTokens ?? 0) + b.completionTokens,
  cachedTokens: (a?.cachedTokens ?? 0) + b.cachedTokens,
  reasoningTokens: (a?.reasoningTokens ?? 0) + b.reasoningTokens,
})

/** With what plugins have asked of a model; null: nothing. */
export const withPluginUsage = (
  usage: ModelUsage | null,
  given: PluginModelUsage | null,
): ModelUsage | null =>
  given === null
    ? usage
    : addUsage(usage, {
        ...noUsage,
        promptTokens: given.prompt_tokens,
        completionTokens: given.completion_tokens,
      })
