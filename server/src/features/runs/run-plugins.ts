import type { FunctionToolCall } from '@melzi/contract/run-step.ts'
import type { MessageService } from '../messages/service.ts'
import type { PluginCalls } from '../plugins/service.ts'
import type { RunJournal, TextPart } from './run-journal.ts'
import type { RunRecord } from './run-record.ts'

export interface RunPluginsDeps {
  pluginCalls: PluginCalls
  messages: MessageService
}

/** `plug_...` of the plugin a call names; null for a function that belongs to the client. */
export const pluginOf = (run: RunRecord, call: FunctionToolCall): string | null =>
  run.plugins.find((plugin) => plugin.functionName === call.function.name)?.pluginId ?? null

/** A call as `required_action` shows it. */
export const toRequired = (call: FunctionToolCall) => ({
  id: call.id,
  type: 'function' as const,
  function: { name: call.function.name, arguments: call.function.arguments },
})

interface Done {
  call: FunctionToolCall
  /** The plugin's output is the answer, with no second model pass (plugins.md 1). */
  isAnswer: boolean
}

/**
 * Runs the plugins among the calls, in parallel; each is recorded before and after, so one whose output is stored is not made again.
 * Functions that belong to the client are left to him.
 */
export const runPlugins = async (
  deps: RunPluginsDeps,
  journal: RunJournal,
  calls: readonly FunctionToolCall[],
  signal: AbortSignal,
): Promise<'rests' | 'goes on'> => {
  const { run } = journal
  const conversation = await deps.messages.conversation(run.workspaceId, run.threadId)
  const one = async (call: FunctionToolCall, stop: AbortSignal): Promise<Done> => {
    const pluginId = pluginOf(run, call)
    if (pluginId === null || call.function.output !== null) return { call, isAnswer: false }
    const outcome = await deps.pluginCalls.call(
      {
        workspaceId: run.workspaceId,
        callerId: run.ownerId,
        assistantId: run.assistantId,
        threadId: run.threadId,
        plugin: { id: pluginId },
        argumentsText: call.function.arguments,
        customizedParams: null,
        conversation,
        run: { runId: run.id, toolCallId: call.id },
      },
      stop,
    )
    return {
      call: { ...call, function: { ...call.function, output: outcome.text } },
      isAnswer: outcome.ok && outcome.directResponse,
    }
  }
  const done = await together(calls, one, signal)
  const made = done.map(({ call }) => call)
  const pending = made.filter((call) => call.function.output === null)
  if (pending.length > 0) {
    await journal.requireAction(made, pending.map(toRequired), null)
    return 'rests'
  }
  await journal.completeToolStep(made)
  if (!done.every(({ isAnswer }) => isAnswer)) return 'goes on'
  await answerWith(journal, made.map((call) => call.function.output ?? '').join('\n'))
  return 'rests'
}

/** Does all at once; when one fails the others are stopped and waited for, so that nothing outlives its run. */
const together = async (
  calls: readonly FunctionToolCall[],
  one: (call: FunctionToolCall, signal: AbortSignal) => Promise<Done>,
  signal: AbortSignal,
): Promise<Done[]> => {
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const work = calls.map((call) =>
    one(call, stop).catch((error: unknown) => {
      failed.abort(error)
      throw error
    }),
  )
  await Promise.allSettled(work)
  if (failed.signal.aborted && !signal.aborted) throw failed.signal.reason
  return Promise.all(work)
}

/** The outputs of direct plugins become the run's message. */
const answerWith = async (journal: RunJournal, value: string): Promise<void> => {
  if (value === '') return journal.end({ status: 'completed' })
  const content: TextPart[] = [{ type: 'text', text: { value, annotations: [] } }]
  await journal.openMessage()
  journal.sayText(0, 'text', value, true)
  await journal.end({ status: 'completed' }, content)
}
