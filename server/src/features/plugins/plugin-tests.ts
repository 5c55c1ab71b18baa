import type { TestPluginRequest } from '@melzi/contract/plugin-requests.ts'
import { errors } from '../../platform/errors.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Store } from '../../platform/store/store.ts'
import { DEEPEST_JSON, isTooDeep } from '../../plugins/json-depth.ts'
import type { JsonObject } from '../../plugins/manifest.ts'
import type { Json } from '../../plugins/python/sandbox-driver.ts'
import type { ReadFunction } from '../../plugins/registry.ts'
import { parseArguments } from './call-arguments.ts'
import type { CallLog } from './call-log.ts'
import type { CallDetails } from './call-log-store.ts'
import type { PluginCalls } from './call-service.ts'
import { applyEdits } from './plugin-edits.ts'
import type { PluginService } from './service.ts'
import { findPlugin, updateTestArguments, type PluginRecord } from './store.ts'

export type PluginTests = ReturnType<typeof createPluginTests>

/** Tests of plugins by their owners. */
export const createPluginTests = (deps: {
  store: Store
  plugins: PluginService
  calls: PluginCalls
  callLog: Pick<CallLog, 'get'>
  /** The model a tested plugin asks when the test names none; null: none. */
  defaultModel: () => string | null
}) => {
  const { store, plugins, calls } = deps

  const save = (principal: Principal, id: string, name: string, given: JsonObject): Promise<void> =>
    store.write('plugin.test.save', async (tx) => {
      const plugin = await findPlugin(tx, principal.workspaceId, id)
      const saved = { ...savedOf(plugin), [name]: given }
      await updateTestArguments(tx, principal.workspaceId, id, samplesText(saved, 'arguments'))
    })

  return {
    /**
     * Calls a plugin as a run would, with no assistant, and gives the call's record. A failure of the plugin is in the record.
     * @throws AppError 404; 400 naming the field of the request
     */
    test: async (
      principal: Principal,
      id: string,
      request: TestPluginRequest,
      signal: AbortSignal,
    ): Promise<CallDetails> => {
      const plugin = await plugins.get(principal, id)
      const unsaved = unsavedOf(plugin, request.source)
      const { functions } = plugins.read(unsaved ?? plugin)
      const one = functionFor(functions, request.function)
      const customizedParams = (request.customized_params ?? null) as Json
      if (isTooDeep(customizedParams)) throw tooDeep('customized_params')
      const given = request.arguments ?? savedOf(plugin)[one.name] ?? {}
      const argumentsText = typeof given === 'string' ? given : JSON.stringify(given)
      if (request.save && request.arguments !== null) {
        const parsed = parseArguments(argumentsText)
        if (!parsed.ok) throw errors.invalid(parsed.message, 'arguments', 'invalid_value')
        await save(principal, id, one.name, parsed.value)
      }
      const outcome = await calls.call(
        {
          workspaceId: principal.workspaceId,
          callerId: principal.personId,
          keyId: principal.keyId,
          assistantId: '',
          threadId: null,
          plugin: { id, functionName: one.name, operation: one.operation, version: plugin.version },
          ...(unsaved === null ? {} : { unsaved }),
          origin: 'test',
          forRunId: null,
          argumentsText,
          customizedParams,
          conversation: request.conversation,
          model: request.model ?? deps.defaultModel(),
          run: null,
        },
        signal,
      )
      return deps.callLog.get(principal, id, outcome.callId)
    },
  }
}

/** Arguments by function. */
export const savedOf = (plugin: PluginRecord | null): Record<string, Json> =>
  plugin?.testArguments == null ? {} : (JSON.parse(plugin.testArguments) as Record<string, Json>)

const LONGEST_SAMPLES = 262_144

/**
 * Saved arguments as the store keeps them.
 * @throws AppError 400 naming `param` when they are too long: every list of plugins shows them
 */
export const samplesText = (samples: Record<string, unknown>, param: string): string => {
  const text = JSON.stringify(samples)
  if (Buffer.byteLength(text) <= LONGEST_SAMPLES) return text
  throw errors.invalid(
    `Invalid '${param}': the saved arguments of a plugin may have ${LONGEST_SAMPLES} bytes together.`,
    param,
    'invalid_value',
  )
}

/** Version 0: no other text may share a sandbox with it. */
const unsavedOf = (plugin: PluginRecord, source: string | null): PluginRecord | null =>
  source === null
    ? null
    : { ...plugin, version: 0, manifest: applyEdits(plugin.manifest, { source }) }

/**
 * The function of this name or operation; the only one when none is named.
 * @throws AppError 400 naming `function`
 */
export const functionFor = (
  functions: readonly ReadFunction[],
  name: string | null,
): ReadFunction => {
  const choice = (sentence: string) =>
    errors.invalid(
      functions.length === 0
        ? `Invalid 'function': the plugin has no functions yet.`
        : `Invalid 'function': ${sentence} Supported values are: ${functions.map((one) => `'${one.name}'`).join(', ')}.`,
      'function',
      'invalid_value',
    )
  if (name !== null) {
    const found =
      functions.find((one) => one.name === name) ?? functions.find((one) => one.operation === name)
    if (found === undefined) throw choice(`the plugin has no function '${name.slice(0, 200)}'.`)
    return found
  }
  const [only, ...others] = functions
  if (only === undefined || others.length > 0) throw choice('the plugin has several functions.')
  return only
}

const tooDeep = (param: string) =>
  errors.invalid(
    `Invalid '${param}': the JSON must not be nested more than ${DEEPEST_JSON} levels deep.`,
    param,
    'invalid_value',
  )
