import type { MessageService } from '../messages/service.ts'
import { atLeast } from '../../platform/principal.ts'
import { outsideTextOf, type PluginCallOutcome, type PluginCalls } from '../plugins/service.ts'
import {
  callsOf,
  isDone,
  type RunPlugin,
  type RunRecord,
  type StepRecord,
  type StoredCall,
  type StoredFunctionCall,
} from './run-record.ts'

export interface PluginWorkDeps {
  messages: MessageService
  pluginCalls: PluginCalls
  pluginLimits: PluginLimits
}

/** What one run may spend on plugins that this server runs; past it the model is told so, and the run goes on. */
export interface PluginLimits {
  calls: number
  /** Milliseconds of all calls together, their waiting included. */
  ms: number
}

export interface Done {
  call: StoredCall
  /** The plugin's output is the answer, with no second model pass (plugins.md 1). */
  isAnswer: boolean
}

export type Work = (stop: AbortSignal) => Promise<Done>

/** A call with less time left is not begun. */
const SHORTEST_MS = 1_000

/** The plugin a call names; null for a function that belongs to the client. */
const pluginOf = (run: RunRecord, call: StoredFunctionCall): RunPlugin | null =>
  run.plugins.find((plugin) => plugin.functionName === call.function.name) ?? null

/** Whether this server makes a call itself: its own tools always, plugins where the assistant says so and nobody is to be asked first. */
export const isServed = (run: RunRecord, call: StoredCall): boolean => {
  if (call.type !== 'function') return true
  const plugin = run.pluginMode === 'server' ? pluginOf(run, call) : null
  return plugin !== null && plugin.asksBefore !== true
}

/** Calls of plugins among those of a step which this server makes, done or not. */
const servedOf = (run: RunRecord, calls: readonly StoredCall[]): StoredFunctionCall[] =>
  calls.flatMap((call) => (call.type === 'function' && isServed(run, call) ? [call] : []))

/** What is to be done for the plugin calls of the open step, by call id. */
export const pluginWork = async (
  deps: PluginWorkDeps,
  { run, steps, openStep }: { run: RunRecord; steps: StepRecord[]; openStep: StepRecord | null },
  calls: readonly StoredCall[],
): Promise<Map<string, Work>> => {
  const work = new Map<string, Work>()
  const served = servedOf(run, calls)
  if (served.every(isDone)) return work
  const { workspaceId, ownerId, threadId } = run
  const owner = { workspaceId, personId: ownerId, keyId: run.keyId }
  const conversation = await deps.messages.conversation(owner, threadId)
  const { pluginLimits: limits } = deps
  const before = steps
    .filter((step) => step.id !== openStep?.id)
    .flatMap((step) => servedOf(run, callsOf(step))).length
  const leftMs = limits.ms - (await deps.pluginCalls.timeOfRun(workspaceId, run.id))
  for (const [at, call] of served.entries()) {
    const plugin = pluginOf(run, call)
    if (plugin === null || isDone(call)) continue
    const refusal = refusalOf(limits, before + at, leftMs)
    if (refusal !== null) {
      work.set(call.id, async () => ({ call: withOutput(call, refusal), isAnswer: false }))
      continue
    }
    work.set(call.id, async (stop) => {
      const outcome = await deps.pluginCalls.call(
        {
          workspaceId,
          callerId: ownerId,
          keyId: run.keyId,
          assistantId: run.assistantId,
          threadId,
          plugin: {
            id: plugin.pluginId,
            functionName: plugin.functionName,
            operation: plugin.operation ?? null,
            version: plugin.version ?? null,
          },
          origin: 'run',
          forRunId: null,
          model: run.model,
          argumentsText: call.function.arguments,
          customizedParams: null,
          conversation,
          run: { runId: run.id, toolCallId: call.id },
          leftMs,
        },
        stop,
      )
      const pluginCall = { id: outcome.callId, ok: outcome.ok }
      return {
        call: { ...withOutput(call, told(run, outcome)), pluginCall },
        isAnswer: outcome.ok && outcome.directResponse,
      }
    })
  }
  return work
}

/** What the model is told, which it may repeat: to those who may not look into the assistant no more than they may see themselves. */
const told = (run: RunRecord, outcome: PluginCallOutcome): string =>
  atLeast(run.begunWith, 'view') ? outcome.text : outsideTextOf(outcome)

const withOutput = (call: StoredFunctionCall, output: string): StoredFunctionCall => ({
  ...call,
  function: { ...call.function, output },
})

/** @param count calls of the run before this one */
const refusalOf = (limits: PluginLimits, count: number, leftMs: number): string | null => {
  if (count >= limits.calls) {
    return `The call was not made: one run may make ${limits.calls} plugin calls. Answer with what there is.`
  }
  if (leftMs < SHORTEST_MS) {
    return `The call was not made: the plugins of one run may take ${limits.ms / 1000} seconds together. Answer with what there is.`
  }
  return null
}
