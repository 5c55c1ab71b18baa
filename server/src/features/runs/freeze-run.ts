import type { CreateRunRequest, CreateThreadAndRunRequest } from '@melzi/contract/run.ts'
import type { Tool, ToolChoice } from '@melzi/contract/tool.ts'
import type { ToolResources } from '@melzi/contract/tool-resources.ts'
import { seconds } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { atLeast, type Principal } from '../../platform/principal.ts'
import { normalizeTools, toolsOf, type UsableAssistant } from '../assistants/service.ts'
import type { ThreadRecord } from '../threads/service.ts'
import type { Claim } from './dispatcher.ts'
import type { RunRecord } from './run-record.ts'

export type RunRequest = CreateRunRequest | CreateThreadAndRunRequest

/**
 * A new run with its settings: the run's own value, else the assistant's, frozen here so that a later change of the assistant does not
 * reach it (behaviour.md 7).
 * @throws AppError 403 for settings that those who may only use the assistant put in place of its own (design 5)
 * @throws AppError 400 for tools this server cannot run or a tool choice that names no function of the run
 */
export const freezeRun = (
  principal: Principal,
  thread: ThreadRecord,
  { assistant, resources }: { assistant: UsableAssistant; resources: ToolResources },
  request: RunRequest,
  at: {
    nowMs: number
    expiresSeconds: number
    claim: Claim | null
    includesContent: boolean
    namesFiles: boolean
    mountsFiles: boolean
  },
): RunRecord => {
  if (!atLeast(assistant.right, 'view')) checkOverrides(request)
  const tools = request.tools == null ? toolsOf(assistant) : normalizeTools(request.tools)
  checkToolChoice(request.tool_choice, tools)
  const createdAt = seconds(at.nowMs)
  const effort = 'reasoning_effort' in request ? request.reasoning_effort : null
  return {
    workspaceId: thread.workspaceId,
    id: newId('run_'),
    threadId: thread.id,
    assistantId: assistant.id,
    ownerId: principal.personId,
    keyId: principal.keyId,
    begunWith: assistant.right,
    namesFiles: at.namesFiles,
    createdAt,
    status: 'queued',
    model: request.model ?? assistant.model,
    instructions: instructionsOf(request, assistant),
    tools,
    toolResources: resourcesOf(request, givenBy(resources, at.mountsFiles)),
    includesContent: at.includesContent,
    metadata: request.metadata,
    temperature: request.temperature ?? assistant.temperature,
    topP: request.top_p ?? assistant.topP,
    reasoningEffort: effort ?? assistant.reasoningEffort,
    maxCompletionTokens: request.max_completion_tokens,
    maxPromptTokens: request.max_prompt_tokens,
    truncationStrategy: request.truncation_strategy,
    responseFormat: request.response_format ?? assistant.responseFormat,
    toolChoice: request.tool_choice,
    parallelToolCalls: request.parallel_tool_calls,
    pluginMode: assistant.pluginMode,
    plugins: assistant.plugins.map(({ functionName, id, operation, version, asksBefore }) => ({
      functionName,
      pluginId: id,
      operation,
      version,
      asksBefore,
    })),
    requiredAction: null,
    lastError: null,
    incompleteReason: null,
    usage: null,
    startedAt: null,
    expiresAt: createdAt + at.expiresSeconds,
    cancelledAt: null,
    failedAt: null,
    completedAt: null,
    dueMs: at.claim?.leaseUntilMs ?? at.nowMs,
    leaseOwner: at.claim?.owner ?? null,
    attempt: at.claim === null ? 0 : 1,
    place: null,
  }
}

/** @throws AppError 403 naming the setting that is not the caller's to make */
const checkOverrides = (request: RunRequest): void => {
  const { model, instructions, tools } = request
  const resources = ('tool_resources' in request ? request.tool_resources : null) ?? {}
  const made = { model, instructions, tools, tool_resources: Object.keys(resources)[0] }
  for (const [name, value] of Object.entries(made)) {
    if (value == null) continue
    throw errors.forbidden(
      `You are allowed to use this assistant, not to run it with other ${name}.`,
      name,
    )
  }
}

/** What an assistant gives its tools: its files for Python only where they may be mounted (run-views.ts). */
const givenBy = (
  { code_interpreter: code, ...resources }: ToolResources,
  mountsFiles: boolean,
): ToolResources =>
  code === undefined || !mountsFiles ? resources : { ...resources, code_interpreter: code }

/** Additional instructions are appended for this run, and shown in it. */
const instructionsOf = (request: RunRequest, assistant: UsableAssistant): string | null => {
  const base = request.instructions ?? assistant.instructions
  const more = 'additional_instructions' in request ? request.additional_instructions : null
  if (more == null || more === '') return base
  return base === null || base === '' ? more : `${base}\n${more}`
}

/** A tool's resources that the request names stand in place of the assistant's; `POST /threads/runs` alone can name some (behaviour.md 7). */
const resourcesOf = (request: RunRequest, resources: ToolResources): ToolResources => ({
  ...resources,
  ...('tool_resources' in request ? request.tool_resources : {}),
})

const checkToolChoice = (choice: ToolChoice, tools: readonly Tool[]): void => {
  if (typeof choice === 'string') {
    if (choice === 'required' && tools.length === 0) {
      throw errors.invalid(
        "Invalid 'tool_choice': 'required' needs at least one tool.",
        'tool_choice',
        'invalid_value',
      )
    }
    return
  }
  if (choice.type !== 'function') {
    if (tools.some((tool) => tool.type === choice.type)) return
    throw errors.invalid(
      `Invalid 'tool_choice.type': no tool of type '${choice.type}' is among the tools of this run.`,
      'tool_choice.type',
      'invalid_value',
    )
  }
  const { name } = choice.function
  if (!tools.some((tool) => tool.type === 'function' && tool.function.name === name)) {
    throw errors.invalid(
      `Invalid 'tool_choice.function.name': no function named '${name}' is among the tools of this run.`,
      'tool_choice.function.name',
      'invalid_value',
    )
  }
}
