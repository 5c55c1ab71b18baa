import { errors } from '../../platform/errors.ts'
import { atLeast, type Principal } from '../../platform/principal.ts'
import type { Store } from '../../platform/store/store.ts'
import { DEEPEST_JSON, isTooDeep } from '../../plugins/json-depth.ts'
import type { Json } from '../../plugins/python/sandbox-driver.ts'
import type { AssistantService, UsableAssistant } from '../assistants/service.ts'
import type { MessageService } from '../messages/service.ts'
import { outsideTextOf, type AttachedFunction, type PluginCalls } from '../plugins/service.ts'
import type { RunRecord, RunService } from '../runs/service.ts'
import type { ThreadService } from '../threads/service.ts'
import type { PluginAnswer } from './plugin-answer.ts'

/** Query and body of POST /pluginapi as they came (plugins.md 3). */
export interface PluginApiRequest {
  /** Thread. */
  tid: string
  /** Assistant. */
  aid: string
  /** Function name, or the id of the plugin file. */
  pid: string
  /** JSON text of CUSTOMIZED_PARAMS; null when it was not sent. */
  params: string | null
  /** The arguments: a JSON object, a JSON string that holds one, or nothing. */
  body: string
}

export type PluginApiService = ReturnType<typeof createPluginApiService>

/** Plugin calls by clients, which run a function themselves while a run waits at `requires_action` (behaviour.md 0 row 10). */
export const createPluginApiService = (deps: {
  store: Store
  assistants: Pick<AssistantService, 'getUsable'>
  threads: Pick<ThreadService, 'getOwned'>
  messages: Pick<MessageService, 'conversation'>
  calls: Pick<PluginCalls, 'call'>
  runs: Pick<RunService, 'waiting'>
}) => {
  const { store, assistants, threads, messages, calls, runs } = deps

  return {
    /**
     * Calls a plugin of an assistant the principal may use, in a thread of his. A failure of the plugin is an answer with `ok: false`.
     * @throws AppError 400 naming `params` when that is not JSON or too deep; 404 for the assistant, thread or plugin; 403 for a function that
     *   this server calls itself, to those who may only use the assistant: what it gives is the model's (design 5)
     */
    call: async (
      principal: Principal,
      request: PluginApiRequest,
      signal: AbortSignal,
    ): Promise<PluginAnswer> => {
      const customizedParams = parseParams(request.params)
      const assistant = await assistants.getUsable(store, principal, request.aid)
      const thread = await threads.getOwned(store, principal, request.tid)
      const plugin = functionNamed(assistant.plugins, request.pid)
      const run = await runs.waiting(thread, assistant.id)
      const seesInside = atLeast(assistant.right, 'view')
      if (!seesInside && isServed(assistant, plugin, run)) {
        throw errors.forbidden(`The server calls the plugin '${request.pid}' itself.`, 'pid')
      }
      const outcome = await calls.call(
        {
          workspaceId: principal.workspaceId,
          callerId: principal.personId,
          keyId: principal.keyId,
          assistantId: assistant.id,
          threadId: thread.id,
          plugin: { ...plugin, version: frozenVersion(run, plugin) },
          origin: 'client',
          forRunId: run?.id ?? null,
          model: run?.model ?? assistant.model,
          argumentsText: request.body,
          customizedParams,
          conversation: await messages.conversation(principal, thread.id),
          run: null,
        },
        signal,
      )
      const { pictures, ok, callId } = outcome
      if (seesInside) return { text: outcome.text, pictures, ok, callId }
      return { text: outsideTextOf(outcome), ...(ok ? { pictures } : {}), ok, callId }
    },
  }
}

/** The function as a waiting run was frozen with it; null: it is as it is now. */
const frozen = (run: RunRecord | null, plugin: AttachedFunction) =>
  run?.plugins.find(
    (one) => one.pluginId === plugin.id && one.functionName === plugin.functionName,
  ) ?? null

const frozenVersion = (run: RunRecord | null, plugin: AttachedFunction): number | null =>
  frozen(run, plugin)?.version ?? null

/** Whether the server calls it, and not the client: in the run that waits, else in the next one. */
const isServed = (
  { pluginMode }: Pick<UsableAssistant, 'pluginMode'>,
  plugin: AttachedFunction,
  run: RunRecord | null,
): boolean =>
  (run?.pluginMode ?? pluginMode) === 'server' &&
  (frozen(run, plugin) ?? plugin).asksBefore !== true

/**
 * The function of this name; else the only one of the plugin whose file has this id.
 * @throws AppError 404, 400 where the plugin has several functions
 */
const functionNamed = (functions: readonly AttachedFunction[], name: string): AttachedFunction => {
  const exact = functions.find((one) => one.functionName === name)
  if (exact !== undefined) return exact
  const [only, ...others] = functions.filter((one) => one.pluginId === name)
  if (only === undefined) throw errors.notFound('plugin', name)
  if (others.length === 0) return only
  const names = [only, ...others].map((one) => `'${one.functionName}'`).join(', ')
  throw errors.invalid(
    `Invalid 'pid': the plugin '${name}' has several functions; name one of ${names}.`,
    'pid',
    'invalid_value',
  )
}

const parseParams = (text: string | null): Json => {
  if (text === null || text.trim() === '') return null
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    throw errors.invalid(
      "Invalid 'params': expected JSON text, but the value is not valid JSON.",
      'params',
      'invalid_value',
    )
  }
  if (isTooDeep(value)) {
    throw errors.invalid(
      `Invalid 'params': the JSON must not be nested more than ${DEEPEST_JSON} levels deep.`,
      'params',
      'invalid_value',
    )
  }
  return value
}
