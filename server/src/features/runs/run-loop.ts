import type { LastError } from '@melzi/contract/run.ts'
import {
  ModelError,
  type LanguageModel,
  type ModelRegistry,
  type ModelRequest,
  type ModelUsage,
} from '../../models/language-model.ts'
import { estimatePromptTokens } from '../../models/estimate-tokens.ts'
import { AppError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/log.ts'
import { takeTurn, type BrokenTurn, type Turn } from './model-turn.ts'
import { builtInNames, toolNotes } from './built-in-tools.ts'
import type { AnswerPart } from './answer-content.ts'
import { sessionFiles } from './code-call.ts'
import { rankingOptionsOf } from './file-search-call.ts'
import { knownMarks, waitingImages } from './known-marks.ts'
import { shortest, truncate, withPictures } from './fit-prompt.ts'
import { isServed } from './plugin-work.ts'
import { buildConversation, MAX_PROMPT_MESSAGES, modelRequest } from './prompt.ts'
import type { RunEnd } from './run-end.ts'
import { RunStopped, type RunHold, type WorkEnd } from './run-hold.ts'
import type { JournalDeps } from './journal-deps.ts'
import { RunJournal } from './run-journal.ts'
import { callsOf, noUsage, type RunRecord } from './run-record.ts'
import { pythonFileIds, waitForIndexing } from './run-resources.ts'
import { CancelRequested, isOutage, LeaseLost } from './run-stops.ts'
import { keepUsage, noteUsage, type Hold, type Quotas } from '../usage/service.ts'
import { turnEntry, usedBy } from './run-usage.ts'
import { runTools, sayWaitingCalls, toRequired, type RunToolsDeps } from './run-tools.ts'

export interface RunLoopDeps extends JournalDeps, RunToolsDeps {
  models: ModelRegistry
  quotas: Pick<Quotas, 'hold'>
  log: Logger
  /** Model turns of one run before it fails. */
  maxTurns: number
  /** How long a run waits for the files of its thread to be indexed, in ms. */
  indexingWaitMs: number
}

/**
 * Works on a run this node holds until it ends, waits for the client, or is taken away: prompt -> model -> events, a finished message or
 * step is a row (design.md 4). Never rejects: what cannot be stored is left for another attempt to go on from.
 */
export const runLoop = async (
  deps: RunLoopDeps,
  claimed: RunRecord,
  hold: RunHold,
): Promise<WorkEnd> => {
  const journal = new RunJournal(deps, claimed, () => hold.held())
  const log = deps.log.child({ run: claimed.id, attempt: claimed.attempt })
  let broken: BrokenTurn | null = null
  try {
    await work(deps, journal, hold.signal, (turn) => {
      broken = turn
    })
    log.info({ status: journal.run.status }, 'run rests')
    return restOf(journal)
  } catch (error) {
    const end = endOf(error, hold.signal)
    if (end === 'unfinished' || end === 'let go') {
      log.info({ why: String(error) }, 'run is let go')
      await keepOwed(deps, journal)
      return end
    }
    if (end.status === 'failed') log.warn({ err: error }, 'run fails')
    const rests = await finish(journal, end, broken, log)
    await keepOwed(deps, journal)
    return rests
  }
}

/** What an attempt has used that may not write any more stands in the ledger all the same. */
const keepOwed = async (deps: RunLoopDeps, { owed }: RunJournal): Promise<void> => {
  if (owed.length === 0) return
  await keepUsage(deps, 'run.keep-usage', async (tx) => {
    for (const entry of owed) await noteUsage(tx, entry)
  })
}
const restOf = ({ passedOn }: RunJournal): WorkEnd => (passedOn ? 'passed on' : 'rests')

/** Ends a run that broke off, with what its open message had said and what that had cost. */
const finish = async (
  journal: RunJournal,
  end: RunEnd,
  broken: BrokenTurn | null,
  log: Logger,
): Promise<WorkEnd> => {
  try {
    sayWaitingCalls(journal)
    if (end.status === 'cancelled' && journal.run.status !== 'cancelling') journal.sayCancelling()
    // Usage is the sum of the steps': without an open step there is nothing it could be counted on.
    const usage = journal.openStep === null ? null : (broken?.usage ?? null)
    const content = journal.messageIsOpen ? broken?.content : undefined
    await journal.end({ ...end, ...(usage === null ? {} : { usage }) }, content)
    return restOf(journal)
  } catch (error) {
    if (error instanceof LeaseLost) {
      log.info({ why: error.message }, 'run is let go')
      return 'unfinished'
    }
    // Nothing is lost: the row still says what was last stored, and the next attempt goes on from there.
    log.error({ err: error }, 'the end of a run could not be stored')
    return isOutage(error) ? 'unfinished' : 'let go'
  }
}

/** How a run ends after an error; else how this node leaves it. */
const endOf = (error: unknown, signal: AbortSignal): RunEnd | 'unfinished' | 'let go' => {
  if (error instanceof LeaseLost) return 'unfinished'
  if (error instanceof CancelRequested) return { status: 'cancelled' }
  const reason: unknown = signal.aborted ? signal.reason : error
  if (reason instanceof RunStopped) {
    if (reason.reason === 'cancelled') return { status: 'cancelled' }
    if (reason.reason === 'expired') return { status: 'expired' }
    return 'let go'
  }
  if (isOutage(error)) return 'unfinished'
  const lastError: LastError =
    error instanceof ModelError
      ? { code: error.code, message: error.message }
      : { code: 'server_error', message: 'Sorry, something went wrong.' }
  return { status: 'failed', lastError }
}

const work = async (
  deps: RunLoopDeps,
  journal: RunJournal,
  signal: AbortSignal,
  onBroken: (turn: BrokenTurn | null) => void,
): Promise<void> => {
  if (journal.run.attempt > 1) {
    await journal.load()
    await oweAbandoned(deps, journal)
  }
  const early = earlyEnd(deps, journal)
  if (early !== null) {
    if (early.status === 'cancelled') journal.sayCancelling()
    return journal.end(early)
  }
  if (journal.run.status === 'queued') {
    await waitForIndexing(deps, journal.run, deps.indexingWaitMs, signal)
    await journal.start()
  }
  if ((await resumeStep(deps, journal, signal)) === 'rests') return
  for (let turn = 0; turn < deps.maxTurns; turn += 1) {
    onBroken(null)
    if ((await oneTurn(deps, journal, signal, onBroken)) === 'rests') return
  }
  throw new ModelError(
    'server_error',
    `The run was ended after ${deps.maxTurns} turns without an answer.`,
  )
}

const earlyEnd = (deps: RunLoopDeps, journal: RunJournal): RunEnd | null => {
  if (journal.run.status === 'cancelling') return { status: 'cancelled' }
  if (deps.clock.now() >= journal.run.expiresAt * 1000) return { status: 'expired' }
  return null
}

/** Goes on with a step another attempt left open: calls that were kept are made, anything else is closed and done anew. */
const resumeStep = async (
  deps: RunLoopDeps,
  journal: RunJournal,
  signal: AbortSignal,
): Promise<'rests' | 'goes on'> => {
  const step = journal.openStep
  if (step === null) return 'goes on'
  const calls = callsOf(step)
  if (calls.length > 0) return runTools(deps, journal, calls, signal)
  await journal.closeAbandoned()
  return 'goes on'
}

/** What a turn of an attempt is counted by: the step that carries its usage, else the attempt. One has at most one turn without a step. */
const sourceOf = ({ run, openStep }: RunJournal, attempt: number): string =>
  openStep?.id ?? `${run.id}/${attempt}`

/**
 * A turn that the last attempt had begun has cost its prompt, by estimate: what was said of the answer went with that attempt. Should it
 * live after all and come to know, its own entry takes the place of this one.
 */
const oweAbandoned = async (deps: RunLoopDeps, journal: RunJournal): Promise<void> => {
  const { run, openStep: step } = journal
  const isInTurn = step === null ? run.status === 'in_progress' : callsOf(step).length === 0
  if (!isInTurn) return
  const model = deps.models.find(run.model)
  const asked = model === null ? null : await nextQuestion(deps, journal, model)
  if (asked === null) return
  const promptTokens = estimatePromptTokens(asked.request)
  const now = deps.clock.now()
  const took = { fromMs: now, toMs: now }
  const source = sourceOf(journal, run.attempt - 1)
  journal.owed.push(turnEntry(run, source, { ...noUsage, promptTokens }, true, took))
}

const oneTurn = async (
  deps: RunLoopDeps,
  journal: RunJournal,
  signal: AbortSignal,
  onBroken: (turn: BrokenTurn | null) => void,
): Promise<'rests' | 'goes on'> => {
  const { run } = journal
  const model = deps.models.find(run.model)
  if (model === null) {
    throw new ModelError(
      'server_error',
      `The model '${run.model}' is not available on this server.`,
    )
  }
  const maxTokens = remaining(run.maxCompletionTokens, run.usage?.completionTokens ?? 0)
  if (maxTokens === 0)
    return rest(journal, { status: 'incomplete', incompleteReason: 'max_completion_tokens' })
  const asked = await nextQuestion(deps, journal, model)
  if (asked === null)
    return rest(journal, { status: 'incomplete', incompleteReason: 'max_prompt_tokens' })
  const { names, stored, unread, request } = asked
  request.messages = await withPictures(request.messages, unread, {
    ofBlob: (blob) => deps.messages.readImage(run.workspaceId, blob),
    ofFile: (fileId) => deps.messages.readImageFile(run.workspaceId, fileId),
  })
  const tools = {
    names,
    rankingOptions: rankingOptionsOf(run),
    marks: knownMarks(stored, journal.steps),
    images: waitingImages(journal.steps),
  }
  await using hold = await holdQuota(deps, run, request, signal)
  const fromMs = deps.clock.now()
  const owe = (tokens: ModelUsage, isEstimated: boolean): void => {
    const source = sourceOf(journal, run.attempt)
    const took = { fromMs, toMs: deps.clock.now() }
    journal.owed.push(turnEntry(run, source, tokens, isEstimated, took))
  }
  const turn = await takeTurn(model, request, tools, journal, signal, (broken) => {
    if (broken.usage !== null) owe(broken.usage, broken.isEstimated)
    onBroken(broken)
  })
  owe(turn.usage, turn.isEstimated)
  // Awaited here: the hold must not be given back before the ledger has what the turn cost.
  return await settle(deps, journal, turn, hold, signal)
}

const remaining = (budget: number | null, used: number): number | null =>
  budget === null ? null : Math.max(0, budget - used)

const rest = async (journal: RunJournal, end: RunEnd, content?: AnswerPart[]): Promise<'rests'> => {
  await journal.end(end, content)
  return 'rests'
}

/** What the model is asked next, within its context and the run's prompt budget, but for pictures; null when it cannot fit. */
const nextQuestion = async (
  deps: RunLoopDeps,
  { run, steps }: RunJournal,
  model: LanguageModel,
) => {
  const names = builtInNames(run)
  const stored = await deps.messages.newest(
    deps.store,
    { workspaceId: run.workspaceId, personId: run.ownerId, keyId: run.keyId },
    run.threadId,
    MAX_PROMPT_MESSAGES,
  )
  const mounted = names.has('code_interpreter')
    ? await sessionFiles(deps, run.workspaceId, await pythonFileIds(deps, run))
    : []
  const notes = toolNotes(names, mounted)
  const conversation = buildConversation({ run, steps, names, notes }, stored)
  const budget = remaining(run.maxPromptTokens, run.usage?.promptTokens ?? 0)
  const { contextTokens } = model
  // The estimate is coarse, so an unknown remainder is left to the model's own limit: only the context bounds the prompt there.
  const messages =
    budget === null
      ? (truncate(conversation, contextTokens) ?? shortest(conversation, contextTokens))
      : truncate(conversation, budget)
  if (messages === null) return null
  // A step that a dead attempt left failed is done anew: the forced choice still holds.
  const firstTurn = !steps.some((step) => step.type === 'tool_calls' && step.status === 'completed')
  const maxTokens = remaining(run.maxCompletionTokens, run.usage?.completionTokens ?? 0)
  const request = modelRequest(run, messages, names, maxTokens, firstTurn)
  return { names, stored, unread: conversation.unread, request }
}

/** @throws ModelError when a quota is used up, which ends the run; the signal's reason */
const holdQuota = async (
  { quotas }: RunLoopDeps,
  run: RunRecord,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<Hold> => {
  const need = {
    model: run.model,
    promptTokens: estimatePromptTokens(request),
    answerTokens: request.maxTokens,
  }
  try {
    return await quotas.hold(usedBy(run), need, signal, run.id)
  } catch (error) {
    if (!(error instanceof AppError) || error.status !== 429) throw error
    throw new ModelError('rate_limit_exceeded', error.message, { cause: error })
  }
}

/** What follows from a whole answer. */
const settle = async (
  deps: RunLoopDeps,
  journal: RunJournal,
  turn: Turn,
  hold: Hold,
  signal: AbortSignal,
): Promise<'rests' | 'goes on'> => {
  if (turn.reason === 'length' || turn.reason === 'content_filter') {
    const incompleteReason = turn.reason === 'length' ? 'max_completion_tokens' : 'content_filter'
    return rest(
      journal,
      { status: 'incomplete', incompleteReason, usage: turn.usage },
      turn.content,
    )
  }
  if (turn.calls.length === 0) {
    return rest(journal, { status: 'completed', usage: turn.usage }, turn.content)
  }
  if (!turn.calls.some((call) => isServed(journal.run, call))) {
    await journal.requireAction(turn.calls, toRequired(turn.calls), turn.usage)
    return 'rests'
  }
  await journal.keepToolCalls(turn.calls, turn.usage)
  // Plugins may ask a model too, and need room of their own.
  await hold.release()
  return runTools(deps, journal, turn.calls, signal)
}
