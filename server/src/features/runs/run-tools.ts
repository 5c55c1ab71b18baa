import type { ModelRegistry } from '../../models/language-model.ts'
import type { Clock } from '../../platform/clock.ts'
import type { MessageService } from '../messages/service.ts'
import type { ThreadService } from '../threads/service.ts'
import type { Knowledge, VectorStoreService } from '../vector-stores/service.ts'
import { AnswerContent } from './answer-content.ts'
import { runCode, sessionFiles, type CodeCallDeps } from './code-call.ts'
import { searchFiles } from './file-search-call.ts'
import { sayCall } from './growing-call.ts'
import { waitingImages } from './known-marks.ts'
import { imageDelta, textDelta } from './live-deltas.ts'
import { isServed, pluginWork, type Done, type PluginWorkDeps, type Work } from './plugin-work.ts'
import type { RunJournal } from './run-journal.ts'
import { callsOf, isDone, type StoredCall, type StoredCodeCall } from './run-record.ts'
import { pythonFileIds, searchedStores } from './run-resources.ts'
import { codeEntry, usedBy } from './run-usage.ts'

export interface RunToolsDeps extends CodeCallDeps, PluginWorkDeps {
  messages: MessageService
  threads: ThreadService
  vectorStores: VectorStoreService
  knowledge: Knowledge
  models: Pick<ModelRegistry, 'find'>
  clock: Clock
}

/** Calls as `required_action` shows them: the functions that still have no output. */
export const toRequired = (calls: readonly StoredCall[]) =>
  calls.flatMap((call) =>
    call.type === 'function' && call.function.output === null
      ? [
          {
            id: call.id,
            type: call.type,
            function: { name: call.function.name, arguments: call.function.arguments },
          },
        ]
      : [],
  )

/**
 * Makes the calls of a step that are this server's: plugins and searches at the same time, Python one after the other. What has its output
 * stored is not made again. Functions that belong to the client are left to him.
 */
export const runTools = async (
  deps: RunToolsDeps,
  journal: RunJournal,
  calls: readonly StoredCall[],
  signal: AbortSignal,
): Promise<'rests' | 'goes on'> => {
  const { run } = journal
  const made = [...calls]
  const isToDo = (call: StoredCall) => isServed(run, call) && !isDone(call)
  const plugins = await pluginWork(deps, journal, calls)
  const searches = await searchWork(deps, journal, calls.filter(isToDo))
  const python = calls.some((call) => call.type === 'code_interpreter' && isToDo(call))
    ? pythonWork(deps, journal, made)
    : null
  const works: Work[] = python === null ? [] : [python]
  for (const [index, call] of calls.entries()) {
    const work = plugins.get(call.id) ?? searches.get(call.id)
    if (work === undefined) continue
    works.push(async (stop) => {
      const done = await work(stop)
      made[index] = done.call
      return done
    })
  }
  const done = await together(works, signal)
  const pending = toRequired(made)
  if (pending.length > 0) {
    await journal.requireAction(made, pending, null)
    return 'rests'
  }
  await journal.completeToolStep(made)
  const isAnswer = done.length === calls.length && done.every((one) => one.isAnswer)
  if (!isAnswer) return 'goes on'
  const outputs = made.flatMap((call) => (call.type === 'function' ? [call.function.output] : []))
  await answerWith(journal, outputs.join('\n'))
  return 'rests'
}

const searchWork = async (
  deps: RunToolsDeps,
  { run, steps }: RunJournal,
  calls: readonly StoredCall[],
): Promise<Map<string, Work>> => {
  const work = new Map<string, Work>()
  const searches = calls.flatMap((call) => (call.type === 'file_search' ? [call] : []))
  if (searches.length === 0) return work
  const scope = {
    storeIds: await searchedStores(deps, run),
    by: usedBy(run),
    contextTokens: deps.models.find(run.model)?.contextTokens ?? null,
    promptTokens:
      run.maxPromptTokens === null
        ? null
        : (run.maxPromptTokens - (run.usage?.promptTokens ?? 0)) / searches.length,
  }
  // Numbers that no answer in the thread's near past has used: the model may copy a mark from there.
  const owner = { workspaceId: run.workspaceId, personId: run.ownerId, keyId: run.keyId }
  const [newest] = await deps.messages.newest(deps.store, owner, run.threadId, 1)
  const earlier = steps
    .flatMap(callsOf)
    .filter((call) => call.type === 'file_search' && isDone(call))
  const from = (newest?.position ?? 0) + earlier.length
  for (const [at, call] of searches.entries()) {
    work.set(call.id, async (stop) => ({
      call: await searchFiles(deps.knowledge, run, scope, call, from + at, stop),
      isAnswer: false,
    }))
  }
  return work
}

/**
 * Runs the calls of Python one after the other, each said with its outputs, and kept, before the next call is said.
 * @param made the step's calls, whose Python is filled in here
 */
const pythonWork =
  (deps: RunToolsDeps, journal: RunJournal, made: StoredCall[]): Work =>
  async (stop) => {
    const { run } = journal
    const ids = await pythonFileIds(deps, run)
    const mounted = await sessionFiles(deps, run.workspaceId, ids)
    const count = made.filter((call) => call.type === 'code_interpreter').length
    let isFirst = !journal.steps
      .flatMap(callsOf)
      .some((call) => call.type === 'code_interpreter' && isDone(call))
    let last: StoredCodeCall | null = null
    for (const [index, call] of made.entries()) {
      if (journal.saysStep && !journal.hasSaid(index)) sayCall(journal, index, call)
      if (call.type !== 'code_interpreter' || isDone(call)) continue
      const fromMs = deps.clock.now()
      last = await runCode(deps, run, { mounted, isFirst, count }, call, stop)
      journal.owed.push(codeEntry(run, call.id, { fromMs, toMs: deps.clock.now() }))
      isFirst = false
      made[index] = last
      await journal.saveToolCalls(made)
      if (journal.saysStep) journal.sayOutputs(index, last.code_interpreter.outputs)
    }
    if (last === null) throw new Error('no Python was to be run')
    return { call: last, isAnswer: false }
  }

/** Says the kept calls that were waiting for Python's outputs when the run broke off: the step's end shows them (behaviour.md 13). */
export const sayWaitingCalls = (journal: RunJournal): void => {
  const { openStep: step } = journal
  if (step === null || !journal.saysStep) return
  for (const [index, call] of callsOf(step).entries()) {
    if (!journal.hasSaid(index)) sayCall(journal, index, call)
  }
}

/** Does all at once; when one fails the others are stopped and waited for, so that nothing outlives its run. */
const together = async (works: readonly Work[], signal: AbortSignal): Promise<Done[]> => {
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const running = works.map((work) =>
    work(stop).catch((error: unknown) => {
      failed.abort(error)
      throw error
    }),
  )
  await Promise.allSettled(running)
  if (failed.signal.aborted && !signal.aborted) throw failed.signal.reason
  return Promise.all(running)
}

/** The outputs of direct plugins become the run's message, after the pictures that wait. */
const answerWith = async (journal: RunJournal, value: string): Promise<void> => {
  const images = waitingImages(journal.steps)
  if (value === '' && images.length === 0) return journal.end({ status: 'completed' })
  const content = new AnswerContent()
  await journal.openMessage()
  for (const fileId of images) journal.sayPart(imageDelta(content.addImage(fileId), fileId))
  const { index, head } = content.addText('text', value)
  journal.sayPart(textDelta(index, 'text', value, head))
  await journal.end({ status: 'completed' }, content.parts)
}
