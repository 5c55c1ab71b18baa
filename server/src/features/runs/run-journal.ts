import { setTimeout as sleep } from 'node:timers/promises'
import type { RequiredToolCall } from '@melzi/contract/run.ts'
import type { ModelUsage } from '../../models/language-model.ts'
import { seconds } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/store/store.ts'
import { presentWith, type MessageRecord } from '../messages/service.ts'
import { noteUsage, type UsageEntry } from '../usage/service.ts'
import type { AnswerPart } from './answer-content.ts'
import type { JournalDeps } from './journal-deps.ts'
import { closedMessage, closedStep, endedRun, whole } from './closed-records.ts'
import { freeThread } from './line.ts'
import { messageDelta, stepDelta } from './live-deltas.ts'
import { newMessage, newStep } from './new-records.ts'
import { presentCall, presentRun, presentStep } from './present.ts'
import { CancelRequested, isOutage, LeaseLost } from './run-stops.ts'
import { messageReason, stepEndOf, type RunEnd } from './run-end.ts'
import {
  addUsage,
  noUsage,
  withPluginUsage,
  type RunRecord,
  type StepRecord,
  type StoredCall,
  type StoredCodeCall,
} from './run-record.ts'
import { allSteps, findStep, insertStep, updateStep } from './step-store.ts'
import { fenceRun, saveProgress, takeStepPosition, updateRun } from './store.ts'

export type CodeOutputs = StoredCodeCall['code_interpreter']['outputs']

/** Pauses before a write is tried again that the store could not take just now, in ms. */
const RETRY_MS = [50, 200, 500, 1_000] as const

/**
 * What one attempt writes and says about a run. Every write is a unit behind the attempt's fence; every event is said after the commit it
 * tells of. At most one step and one message are open at a time (behaviour.md 13).
 */
export class RunJournal {
  run: RunRecord
  steps: StepRecord[] = []
  /** What was used and stands in no ledger yet: the next unit writes it, with what it was used for. */
  readonly owed: UsageEntry[] = []
  /** Whether its end has given the thread to a run that waited. */
  passedOn = false
  /** The open step, also in `steps`. */
  #step: StepRecord | null = null
  #message: MessageRecord | null = null
  /** Calls of the open tool step that were said; null when another attempt has opened it. */
  #saidCalls: StoredCall[] | null = null
  readonly #deps: JournalDeps
  readonly #held: () => boolean

  /** @param held whether the lease still runs by this node's own clock: a node that slept through it must not speak again */
  constructor(deps: JournalDeps, run: RunRecord, held: () => boolean) {
    this.#deps = deps
    this.run = run
    this.#held = held
  }

  get openStep(): StepRecord | null {
    return this.#step
  }

  get messageIsOpen(): boolean {
    return this.#message !== null
  }

  /** Whether the open step was opened by this attempt: nobody has heard another's calls from it, and the step's end says them. */
  get saysStep(): boolean {
    return this.#saidCalls !== null
  }

  hasSaid(index: number): boolean {
    return this.#saidCalls?.[index] !== undefined
  }

  /** Reads what earlier attempts or rounds left, the open step and message included. */
  async load(): Promise<void> {
    const { store, messages } = this.#deps
    this.steps = await allSteps(store, this.run.workspaceId, this.run.id)
    this.#step = this.steps.find((step) => step.status === 'in_progress') ?? null
    if (this.#step?.details.type !== 'message_creation') return
    const id = this.#step.details.message_creation.message_id
    this.#message = await messages.find(store, this.run.workspaceId, this.run.threadId, id)
  }

  /** queued -> in_progress. */
  async start(): Promise<void> {
    const run: RunRecord = { ...this.run, status: 'in_progress', startedAt: this.#now() }
    await this.#unit('run.start', (tx) => saveProgress(tx, run))
    this.run = run
    this.#sayRun()
  }

  /** Closes what a dead attempt left open, visibly, since its deltas may have been seen (design.md 4, behaviour.md 11). */
  async closeAbandoned(): Promise<void> {
    const now = this.#now()
    const message =
      this.#message && closedMessage(this.#message, 'run_failed', this.#message.content, now)
    const lastError = {
      code: 'server_error' as const,
      message: 'The server was interrupted while it worked on this step.',
    }
    const step =
      this.#step && closedStep(this.#step, { status: 'failed', usage: null, lastError }, now)
    await this.#unit('run.close-abandoned', (tx) => this.#writeClosed(tx, message, step))
    this.#sayClosed(message, step)
  }

  async openMessage(): Promise<void> {
    const { threads, messages } = this.#deps
    const id = newId('msg_')
    const details = { type: 'message_creation', message_creation: { message_id: id } } as const
    const step = newStep(this.run, this.#now(), details)
    const message = newMessage(this.run, id, this.#now())
    await this.#unit('run.open-message', async (tx, again) => {
      if (again && (await this.#isStored(tx, step))) return
      step.position = await takeStepPosition(tx, this.run)
      await insertStep(tx, step)
      const position = await threads.takePositions(tx, message.workspaceId, message.threadId, 1)
      if (position === null) throw new LeaseLost('the thread is gone')
      message.position = position
      await messages.insert(tx, message)
    })
    this.#opened(step)
    this.#message = message
    const shown = JSON.stringify(presentWith(message, []))
    this.say('thread.message.created', shown)
    this.say('thread.message.in_progress', shown)
  }

  /** Says what is new of the open message. @param part as live-deltas.ts makes it */
  sayPart(part: string): void {
    this.say('thread.message.delta', messageDelta(this.#message?.id ?? '', part))
  }

  /** The open message is whole, and the turn goes on with tool calls, which carry its usage. */
  async completeMessage(content: readonly AnswerPart[]): Promise<void> {
    const now = this.#now()
    const message = this.#message && closedMessage(this.#message, null, content, now)
    const step = this.#step && closedStep(this.#step, whole(noUsage), now)
    await this.#unit('run.complete-message', (tx) => this.#writeClosed(tx, message, step))
    this.#sayClosed(message, step)
  }

  async openToolStep(): Promise<void> {
    const step = newStep(this.run, this.#now(), { type: 'tool_calls', tool_calls: [] })
    await this.#unit('run.open-tool-step', async (tx, again) => {
      if (again && (await this.#isStored(tx, step))) return
      step.position = await takeStepPosition(tx, this.run)
      await insertStep(tx, step)
    })
    this.#opened(step)
  }

  /** Opens call `index` on the stream: the only place where its id and name stand. */
  openCall(index: number, call: StoredCall): void {
    this.#saidCalls?.push(structuredClone(call))
    this.#sayCallDelta({ index, ...presentCall(call, this.run.includesContent) })
  }

  /** Says a piece of a function's arguments. */
  sayArguments(index: number, delta: string): void {
    const call = this.#saidCalls?.[index]
    if (call?.type === 'function') call.function.arguments += delta
    this.#sayCallDelta({ index, type: 'function', function: { arguments: delta } })
  }

  /** Says a piece of the Python that is to run. */
  sayInput(index: number, input: string): void {
    const call = this.#saidCalls?.[index]
    if (call?.type === 'code_interpreter') call.code_interpreter.input += input
    this.#sayCallDelta({ index, type: 'code_interpreter', code_interpreter: { input } })
  }

  /** Says what Python gave, one delta for each output. */
  sayOutputs(index: number, outputs: CodeOutputs): void {
    for (const [place, output] of outputs.entries()) {
      const code = { outputs: [{ index: place, ...output }] }
      this.#sayCallDelta({ index, type: 'code_interpreter', code_interpreter: code })
    }
  }

  /** Keeps the calls of a turn whose tools this server runs: from here on they are not asked of the model again. */
  async keepToolCalls(calls: readonly StoredCall[], usage: ModelUsage): Promise<void> {
    const step = this.#changedStep(calls, usage)
    const run: RunRecord = { ...this.run, usage: addUsage(this.run.usage, usage) }
    await this.#unit('run.keep-tool-calls', async (tx) => {
      await updateStep(tx, step)
      await saveProgress(tx, run)
    })
    this.#replaceStep(step)
    this.run = run
  }

  /** Keeps outputs of the open step's calls, so that what was run is not run again. */
  async saveToolCalls(calls: readonly StoredCall[]): Promise<void> {
    const step = this.#changedStep(calls, this.#step?.usage ?? noUsage)
    await this.#unit('run.save-tool-calls', (tx) => updateStep(tx, step))
    this.#replaceStep(step)
  }

  /** All outputs are there: the tool step is complete, and carries what its plugins asked of a model. */
  async completeToolStep(calls: readonly StoredCall[]): Promise<void> {
    const changed = this.#changedStep(calls, this.#step?.usage ?? noUsage)
    this.#replaceStep(changed)
    const now = this.#now()
    let step = changed
    let { usage } = this.run
    await this.#unit('run.complete-tool-step', async (tx) => {
      const given = await this.#deps.pluginCalls.giveModelUsage(tx, this.run, changed.id, 'ended')
      step = closedStep(changed, whole(withPluginUsage(changed.usage, given)), now)
      usage = withPluginUsage(this.run.usage, given)
      await updateStep(tx, step)
      if (given !== null) await saveProgress(tx, { ...this.run, usage })
    })
    this.run = { ...this.run, usage }
    this.#sayClosed(null, step)
  }

  /**
   * in_progress -> requires_action, and the lease is let go. The tool step stays open.
   * @param usage of the turn; null when it was kept already
   */
  async requireAction(
    calls: readonly StoredCall[],
    pending: readonly RequiredToolCall[],
    usage: ModelUsage | null,
  ): Promise<void> {
    const step = this.#changedStep(calls, usage ?? this.#step?.usage ?? noUsage)
    const run: RunRecord = {
      ...this.run,
      status: 'requires_action',
      usage: usage === null ? this.run.usage : addUsage(this.run.usage, usage),
      requiredAction: {
        type: 'submit_tool_outputs',
        submit_tool_outputs: { tool_calls: [...pending] },
      },
      dueMs: this.run.expiresAt * 1000,
      leaseOwner: null,
    }
    await this.#unit('run.require-action', async (tx) => {
      await updateStep(tx, step)
      await updateRun(tx, run)
      await this.#deps.webhooks.noteRun(tx, run)
    })
    this.#replaceStep(step)
    this.run = run
    this.#sayRun()
  }

  /** The client's wish to cancel, said by whoever ends the run; only once. */
  sayCancelling(): void {
    this.run = { ...this.run, status: 'cancelling', requiredAction: null }
    this.#sayRun()
  }

  /** Ends the run, and what is open with it, in one unit; the thread is free again, or the next run's. */
  async end(end: RunEnd, content?: readonly AnswerPart[]): Promise<void> {
    const { events, pluginCalls, clock } = this.#deps
    const now = this.#now()
    const message =
      this.#message &&
      closedMessage(this.#message, messageReason(end), content ?? this.#message.content, now)
    const stepEnd = stepEndOf(end, this.#step?.usage ?? null)
    let step = this.#step && closedStep(this.#withSaidCalls(this.#step), stepEnd, now)
    const ended = endedRun(this.run, end, now)
    let run = ended
    await this.#unit(
      'run.end',
      async (tx) => {
        const given = step && (await pluginCalls.giveModelUsage(tx, ended, step.id, 'all'))
        step = step && { ...step, usage: withPluginUsage(stepEnd.usage, given) }
        run = { ...ended, usage: withPluginUsage(ended.usage, given) }
        await this.#writeClosed(tx, message, step)
        await updateRun(tx, run)
        await this.#deps.webhooks.noteRun(tx, run)
        this.passedOn = (await freeThread(tx, this.#deps, run, clock.now())) || this.passedOn
      },
      'also when cancelled',
    )
    this.run = run
    this.#sayClosed(message, step)
    this.#sayRun()
    events.end(run.id)
  }

  /** Says one event of this attempt. @throws {LeaseLost} when the lease ran out or a later attempt has spoken */
  say(event: string, data: string): void {
    const { id, attempt } = this.run
    if (!this.#held() || this.#deps.events.append(id, attempt, event, data) === null) {
      throw new LeaseLost(`attempt ${attempt} may not speak for ${id} any more`)
    }
  }

  #now(): number {
    return seconds(this.#deps.clock.now())
  }

  /**
   * A unit behind the fence, tried again while the store cannot take it.
   * @param work hears whether an earlier try may have been committed without our knowing
   * @throws {LeaseLost}, {CancelRequested} when a cancel came first, or what the store throws in the end
   */
  async #unit(
    name: string,
    work: (tx: Tx, again: boolean) => Promise<void>,
    when: 'unless cancelled' | 'also when cancelled' = 'unless cancelled',
  ): Promise<void> {
    const owed = [...this.owed]
    for (let tries = 0; ; tries += 1) {
      try {
        await this.#deps.store.write(name, async (tx) => {
          const status = await fenceRun(tx, this.run)
          if (status === null) throw new LeaseLost(`${this.run.id} is held by another attempt`)
          if (status === 'cancelling' && when === 'unless cancelled') throw new CancelRequested()
          await work(tx, tries > 0)
          for (const entry of owed) await noteUsage(tx, entry)
        })
        this.owed.splice(0, owed.length)
        return
      } catch (error) {
        const pause = RETRY_MS[tries]
        if (!isOutage(error) || pause === undefined) throw error
        await sleep(pause)
      }
    }
  }

  async #isStored(tx: Tx, step: StepRecord): Promise<boolean> {
    return (await findStep(tx, step.workspaceId, step.runId, step.id)) !== null
  }

  async #writeClosed(
    tx: Tx,
    message: MessageRecord | null,
    step: StepRecord | null,
  ): Promise<void> {
    if (message !== null) await this.#deps.messages.close(tx, message)
    if (step !== null) await updateStep(tx, step)
  }

  #opened(step: StepRecord): void {
    this.#step = step
    this.#saidCalls = []
    this.steps.push(step)
    const shown = this.#shownStep(step)
    this.say('thread.run.step.created', shown)
    this.say('thread.run.step.in_progress', shown)
  }

  #changedStep(calls: readonly StoredCall[], usage: ModelUsage): StepRecord {
    if (this.#step === null) throw new Error(`run ${this.run.id} has no open tool step`)
    return { ...this.#step, details: { type: 'tool_calls', tool_calls: [...calls] }, usage }
  }

  /** A tool step that breaks off shows what was said of its calls, since readers have seen it. */
  #withSaidCalls(step: StepRecord): StepRecord {
    const { details } = step
    if (details.type !== 'tool_calls' || details.tool_calls.length > 0) return step
    return { ...step, details: { type: 'tool_calls', tool_calls: this.#saidCalls ?? [] } }
  }

  #replaceStep(step: StepRecord): void {
    this.steps = this.steps.map((old) => (old.id === step.id ? step : old))
    this.#step = step.status === 'in_progress' ? step : null
  }

  #sayClosed(message: MessageRecord | null, step: StepRecord | null): void {
    this.#message = null
    if (message !== null) {
      const content = message.content as AnswerPart[]
      this.say(`thread.message.${message.status}`, JSON.stringify(presentWith(message, content)))
    }
    if (step === null) return
    this.#replaceStep(step)
    this.say(`thread.run.step.${step.status}`, this.#shownStep(step))
  }

  #shownStep(step: StepRecord): string {
    return JSON.stringify(presentStep(step, this.run, this.run.includesContent))
  }

  #sayRun(): void {
    this.say(`thread.run.${this.run.status}`, JSON.stringify(presentRun(this.run)))
  }

  #sayCallDelta(call: object): void {
    this.say('thread.run.step.delta', stepDelta(this.#step?.id ?? '', call))
  }
}
