import type {
  EgressPolicy,
  Json,
  SandboxLimits,
  SandboxResult,
} from '../../plugins/python/sandbox-driver.ts'
import { parsePluginFile, type JsonObject } from '../../plugins/manifest.ts'
import { DEFAULT_LIMITS } from '../../plugins/call-limits.ts'
import type { PluginJob, PluginKinds } from '../../plugins/plugin-kind.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import type { Store } from '../../platform/store/store.ts'
import { parseArguments } from './call-arguments.ts'
import { usedBy, type CallAids, type KeptPictures, type OpenAids } from './call-aids.ts'
import {
  beginCall,
  endCall,
  findCall,
  giveModelUsage,
  timeOfRun,
  type CallOrigin,
  type PluginCallEnd,
  type PluginCallRecord,
} from './call-store.ts'
import { cutUtf8, storable, textOf, textOfError, type PluginCallError } from './call-text.ts'
import { noteUsage, type UsageEntry } from '../usage/service.ts'
import { secretHider } from '../../plugins/hide-secrets.ts'
import { hideInQuestion, hideInResult } from './hide-in-call.ts'
import { createOwnerSlots } from './owner-slots.ts'
import type { PluginSecrets } from './plugin-secrets.ts'
import type { PluginService } from './service.ts'
import type { PluginRecord } from './store.ts'
import type { UserCookie } from './user-cookie.ts'

export { outsideTextOf, type PluginCallError } from './call-text.ts'

export interface PluginCallRequest {
  workspaceId: string
  /** The person who calls. */
  callerId: string
  /** '' for a test. */
  assistantId: string
  threadId: string | null
  plugin: CalledFunction
  /** A text that is not saved and runs in place of the plugin's own; its `version` is 0. */
  unsaved?: PluginRecord
  origin: CallOrigin
  /** The run that waits while a client makes this call. */
  forRunId: string | null
  /** JSON text as the model or the client wrote it. */
  argumentsText: string
  /** CUSTOMIZED_PARAMS; null when the caller passed nothing. */
  customizedParams: Json
  /** CURRENT_CONVERSATION. */
  conversation: { role: string; content: string }[]
  /** The assistant's model, for what the plugin asks it; null: none is asked. */
  model: string | null
  /** Set when the run itself makes the call: then a call whose output is stored is not made again. */
  run: { runId: string; toolCallId: string } | null
  /** Milliseconds that its run has left for plugins; absent: as long as any call may take. */
  leftMs?: number
  /** The key of whoever is billed for it; absent: none. */
  keyId?: string | null
}

/** A function of a plugin. */
export interface CalledFunction {
  /** `plug_...` */
  id: string
  functionName: string
  /** The operation or tool; null for a plugin that is one function. */
  operation: string | null
  /** Null: as the plugin is now. */
  version: number | null
}

export interface PluginCallOutcome {
  /** `pcall_...`, the record that keeps the full output. */
  callId: string
  ok: boolean
  /** What the model and the client see; for a failure a clear text the model can react to. */
  text: string
  /** The end of `text` that shows its pictures; '' for none, and for a call whose output was stored earlier. */
  pictures: string
  error: PluginCallError | null
  /** The plugin asks that its output be the answer, with no second model pass (plugins.md 1: where the server runs plugins). */
  directResponse: boolean
}

/** Who of them runs when is the sandbox's to say (sandbox-gate.ts); this bounds the files that wait with them. */
const PYTHON_SLOTS = { perOwner: 8, waiting: 100 }
/** All others wait on a network. */
const NETWORK_SLOTS = { perOwner: 16, waiting: 200 }
/** Clients of the guide give up after 30 s (plugins.md 3): waiting and running together stay below. */
const TOTAL_MS = 27_000
const LONGEST_ARGUMENTS = 262_144
const LONGEST_WAIT_MS = 20_000
const SHORTEST_RUN_MS = 1_000

export type PluginCalls = ReturnType<typeof createPluginCalls>

/** Calls plugins of every kind. A call is a row before it starts and again when it has ended (design 4.6). */
export const createPluginCalls = (deps: {
  store: Store
  plugins: Pick<PluginService, 'atVersion'>
  kinds: PluginKinds
  secrets: Pick<PluginSecrets, 'open'>
  userCookie: UserCookie
  openAids: OpenAids
  clock: Clock
  log: Logger
  /** @default DEFAULT_LIMITS */
  limits?: SandboxLimits
  /**
   * Hosts of plugins whose file names none. Unless it is `'public'`, a file that asks for the public internet as a whole is not run:
   * that is the operator's to give, while hosts a file names are anyone's to read. @default no network
   */
  defaultHosts?: EgressPolicy['hosts']
  /** Milliseconds a call may take, waiting for its turn included. */
  totalMs?: number
}) => {
  const { store, kinds, clock, log } = deps
  const limits = deps.limits ?? DEFAULT_LIMITS
  const totalMs = deps.totalMs ?? TOTAL_MS
  const pythonSlots = createOwnerSlots(PYTHON_SLOTS)
  const networkSlots = createOwnerSlots(NETWORK_SLOTS)

  const begin = (
    request: PluginCallRequest,
    plugin: PluginRecord | null,
  ): Promise<PluginCallRecord> => {
    const id = newId('pcall_')
    const params =
      request.customizedParams === null ? null : storable(JSON.stringify(request.customizedParams))
    return store.write('plugin.call.begin', (tx) =>
      beginCall(tx, {
        workspaceId: request.workspaceId,
        id,
        pluginId: request.plugin.id,
        pluginVersion: plugin?.version ?? 0,
        assistantId: request.assistantId,
        threadId: request.threadId,
        runId: request.run?.runId ?? null,
        toolCallId: request.run?.toolCallId ?? null,
        callerId: request.callerId,
        functionName: request.plugin.functionName,
        origin: request.origin,
        forRunId: request.forRunId,
        arguments: cutUtf8(storable(request.argumentsText), LONGEST_ARGUMENTS),
        customizedParams: params,
        startedMs: clock.now(),
      }),
    )
  }

  const end = async (
    request: PluginCallRequest,
    call: PluginCallRecord,
    plugin: PluginRecord | null,
    result: SandboxResult | PluginCallError,
    aids: CallAids,
  ): Promise<PluginCallOutcome> => {
    await aids.settled()
    const pictures = 'usage' in result ? result.pictures : []
    let shown = ''
    const stored = await aids.endWith(pictures, async (tx, keep) => {
      shown = ''
      const known = await findCall(tx, call.workspaceId, call.id)
      // Another node has ended it: its output is the one that counts, and its pictures.
      if (known?.status !== 'started') return known
      const kept = await keep()
      shown = kept.markdown
      const written = endOf(result, limits.resultBytes, clock.now(), kept)
      await noteUsage(tx, callEntry(request, call, written.endedMs))
      return endCall(tx, call.workspaceId, call.id, written)
    })
    if (stored === null) throw new Error(`the record of ${call.id} is gone`)
    return outcomeOf(stored, plugin, shown)
  }

  const run = async (
    request: PluginCallRequest,
    plugin: PluginRecord,
    args: JsonObject,
    aids: CallAids,
    signal: AbortSignal,
  ): Promise<SandboxResult | null> => {
    const asked = clock.now()
    const owner = `${plugin.workspaceId}/${plugin.ownerId}`
    const manifest = parsePluginFile(plugin.manifest)
    const slots = manifest.api.kind === 'python' ? pythonSlots : networkSlots
    const release = await slots.take(owner, LONGEST_WAIT_MS, signal)
    if (release === null) return null
    try {
      const files = await aids.files(manifest)
      const { workspaceId, id } = plugin
      const secrets = await deps.secrets.open(store, workspaceId, id, manifest.secrets)
      const hide = secretHider(secrets)
      const waited = clock.now() - asked
      const longest = [limits.wallMs, totalMs - waited, request.leftMs ?? limits.wallMs]
      const wallMs = Math.min(manifest.timeoutMs ?? limits.wallMs, ...longest)
      const job: PluginJob = {
        workspaceId: plugin.workspaceId,
        ownerId: plugin.ownerId,
        callerId: request.callerId,
        pluginId: plugin.id,
        version: plugin.version,
        functionName: request.plugin.functionName,
        operation: request.plugin.operation,
        manifest,
        document: plugin.document,
        vectorStoreId: plugin.vectorStoreId,
        arguments: args,
        customizedParams: request.customizedParams,
        conversation: request.conversation,
        userCookie: deps.userCookie(plugin, request.callerId),
        modelTokenLimit: aids.modelTokenLimit,
        secrets,
        files,
        answer: (question, stop) => aids.answer(hideInQuestion(hide, question), stop),
        limits: { ...limits, wallMs: Math.max(SHORTEST_RUN_MS, wallMs) },
        defaultHosts: deps.defaultHosts ?? [],
      }
      return hideInResult(hide, await kinds[manifest.api.kind].call(job, signal))
    } finally {
      release()
    }
  }

  /** What the plugin says, or why it could not be asked; rejects only when the signal aborts. */
  const attempt = async (
    request: PluginCallRequest,
    plugin: PluginRecord | null,
    aids: CallAids,
    signal: AbortSignal,
  ): Promise<SandboxResult | PluginCallError> => {
    if (plugin === null) return failure('gone', 'The plugin has been deleted.')
    if (Buffer.byteLength(request.argumentsText) > LONGEST_ARGUMENTS) {
      return failure('arguments', `The arguments are longer than ${LONGEST_ARGUMENTS} bytes.`)
    }
    const args = parseArguments(request.argumentsText)
    if (!args.ok) return failure('arguments', args.message)
    const deadline = AbortSignal.timeout(totalMs)
    try {
      const either = AbortSignal.any([signal, deadline])
      const result = await run(request, plugin, args.value, aids, either)
      return result ?? failure('busy', BUSY)
    } catch (error) {
      if (signal.aborted) throw error
      if (deadline.aborted) {
        return failure(
          'timeout',
          `The call took longer than ${totalMs / 1000} s, waiting included.`,
        )
      }
      if (error instanceof AppError) return failure('unavailable', error.message)
      log.error({ err: error, pluginId: plugin.id }, 'a plugin could not be run')
      return failure('crash', 'The sandbox of this server failed; the plugin gave no output.')
    }
  }

  return {
    giveModelUsage,

    /** Milliseconds that the ended calls of a run have taken together, their waiting included. */
    timeOfRun: (workspaceId: string, runId: string) => timeOfRun(store, workspaceId, runId),

    /**
     * Calls a plugin and records the call. The caller has checked that the assistant has the plugin. Every failure of the plugin, its
     * arguments or the sandbox is an outcome with `ok: false`. When the signal aborts it rejects with the signal's reason; the record
     * of a run's call then stays `started`, so that the node which takes the run over makes the call again.
     */
    call: async (request: PluginCallRequest, signal: AbortSignal): Promise<PluginCallOutcome> => {
      const { id, version } = request.plugin
      const plugin =
        request.unsaved ?? (await deps.plugins.atVersion(store, request.workspaceId, id, version))
      const call = await begin(request, plugin)
      if (call.status !== 'started') return outcomeOf(call, plugin, '')
      const aids = deps.openAids(request, call.id)
      let result: SandboxResult | PluginCallError
      try {
        result = await attempt(request, plugin, aids, signal)
      } catch (error) {
        await aids.settled()
        if (request.run === null) {
          await end(
            request,
            call,
            plugin,
            failure('crash', 'The call was stopped before it ended.'),
            aids,
          )
        }
        throw error
      }
      const outcome = await end(request, call, plugin, result, aids)
      const ms = 'usage' in result ? result.usage.ms : null
      const { ok, callId, error } = outcome
      log.info({ callId, pluginId: id, ok, kind: error?.kind, ms }, 'plugin call')
      return outcome
    },
  }
}

/** What the call itself cost: one call, and its time. */
const callEntry = (
  request: PluginCallRequest,
  { id, startedMs }: PluginCallRecord,
  endedMs: number,
): UsageEntry => ({
  by: usedBy(request),
  source: id,
  kind: 'plugin_call',
  model: null,
  tokens: null,
  estimated: false,
  ms: endedMs - startedMs,
  at: seconds(endedMs),
})

const BUSY = "Too many calls of this owner's plugins are running; try again in a moment."

const failure = (kind: PluginCallError['kind'], message: string): PluginCallError => ({
  kind,
  message,
  traceback: null,
})

const endOf = (
  result: SandboxResult | PluginCallError,
  limitBytes: number,
  endedMs: number,
  { ids: pictureIds, markdown }: KeptPictures,
): PluginCallEnd => {
  if (!('usage' in result)) {
    const error = JSON.stringify(result)
    const output = textOfError(result)
    const silent = { stdout: '', stderr: '', usage: null }
    return { status: 'failed', output, error, ...silent, pictureIds, endedMs }
  }
  const text = textOf(result, limitBytes)
  return {
    status: result.ok && result.error === null ? 'completed' : 'failed',
    output: [text, markdown].filter((part) => part !== '').join('\n'),
    stdout: storable(result.stdout),
    stderr: storable(result.stderr),
    error: result.error === null ? null : JSON.stringify(result.error),
    usage: JSON.stringify(result.usage),
    pictureIds,
    endedMs,
  }
}

const outcomeOf = (
  call: PluginCallRecord,
  plugin: PluginRecord | null,
  pictures: string,
): PluginCallOutcome => ({
  callId: call.id,
  ok: call.status === 'completed',
  text: call.output ?? '',
  pictures,
  error: call.error === null ? null : (JSON.parse(call.error) as PluginCallError),
  directResponse: plugin !== null && parsePluginFile(plugin.manifest).directResponse,
})
