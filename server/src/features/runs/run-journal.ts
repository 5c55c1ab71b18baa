import { setTimeout as sleep } from 'node:timers/promises'
import type { RequiredToolCall } from '@melzi/contract/run.ts'
import type { FunctionToolCall } from '@melzi/contract/run-step.ts'
import type { ModelUsage } from '../../models/language-model.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { EventLog } from '../../platform/events/event-log.ts'
import { newId } from '../../platform/ids.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import { presentWith, type MessageRecord, type MessageService } from '../messages/service.ts'
import type { ThreadService } from '../threads/service.ts'
import { closedMessage, closedStep } from './closed-records.ts'
import { newMessage, newStep } from './new-records.ts'
import { presentRun, presentStep } from './present.ts'
import { messageReason, stepError, stepStatus, type RunEnd } from './run-end.ts'
import { addUsage, noUsage, type RunRecord, type StepRecord } from './run-record.ts'
import { allSteps, findStep, insertStep, updateStep } from './step-store.ts'
import { fenceRun, saveProgress, takeStepPosition, updateRun } from './store.ts'

/** This node no longer holds the run: another took it, or its thread was deleted. Nothing more may be written or said. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** The client has cancelled; the signal may not have come yet, or went to another node. */
export class CancelRequested extends Error {
  override readonly name = 'CancelRequested'
}

export interface JournalDeps {
  store: Store
  clock: Clock
  events: EventLog
  threads: ThreadService
  messages: MessageService
}

export type TextPart = Extract<MessageRecord['content'][number], { type: 'text' | 'refusal' }>

/** Pauses before a write is tried again that the store could not take just now, in ms. */
const RETRY_MS = [50, 200, 500, 1_000] as const

/** Whether the store may take the same write a moment later: it was busy, or its connection broke. */
export const isOutage = (error: unknown): boolean =>
  error instanceof AppError && error.status === 503

/**
 * What one attempt writes and says about a run. Every write is a unit behind the attempt's fence; every event is said after the commit it
 * tells of. At most one step and one message are open at a time (behaviour.md 13).
 */
export class RunJournal {
  run: RunRecord
  steps: StepRecord[] = []
  /** The open step, also in `steps`. */
  #step: StepRecord | null = null
  #message: MessageRecord | null = null
  /** Calls of the open tool step that were said but are not in its row yet. */
  #saidCalls: FunctionToolCall[] = []
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

  /** Says a piece of the open message. @param head true for the part's first piece */
  sayText(index: number, kind: 'text' | 'refusal', value: string, head: boolean): void {
    const text = JSON.stringify(value)
    const part =
      kind === 'refusal'
        ? `"refusal":${text}`
        : `"text":{"value":${text}${head ? ',"annotations":[]' : ''}}`
    this.say(
      'thread.message.delta',
      `{"id":"${this.#message?.id}","object":"thread.message.delta","delta":{"content":[{"index":${index},"type":"${kind}",${part}}]}}`,
    )
  }

  /** The open message is whole, and the turn goes on with tool calls, which carry its usage. */
  async completeMessage(content: readonly TextPart[]): Promise<void> {
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
  sayToolCall(index: number, id: string, name: string): void {
    this.#saidCalls.push({ id, type: 'function', function: { name, arguments: '', output: null } })
    this.#sayCallDelta({
      index,
      id,
      type: 'function',
      function: { name, arguments: '', output: null },
    })
  }

  sayToolArguments(index: number, delta: string): void {
    const call = this.#saidCalls[index]
    if (call !== undefined) call.function.arguments += delta
    this.#sayCallDelta({ index, type: 'function', function: { arguments: delta } })
  }

  /** Keeps the calls of a turn whose plugins this server runs: from here on they are not asked of the model again. */
  async keepToolCalls(calls: readonly FunctionToolCall[], usage: ModelUsage): Promise<void> {
    const step = this.#changedStep(calls, usage)
    const run: RunRecord = { ...this.run, usage: addUsage(this.run.usage, usage) }
    await this.#unit('run.keep-tool-calls', async (tx) => {
      await updateStep(tx, step)
      await saveProgress(tx, run)
    })
    this.#replaceStep(step)
    this.run = run
  }

  /** All outputs are there: the tool step is complete. */
  async completeToolStep(calls: readonly FunctionToolCall[]): Promise<void> {
    const changed = this.#changedStep(calls, this.#step?.usage ?? noUsage)
    this.#replaceStep(changed)
    const step = closedStep(changed, whole(changed.usage), this.#now())
    await this.#unit('run.complete-tool-step', (tx) => updateStep(tx, step))
    this.#sayClosed(null, step)
  }

  /**
   * in_progress -> requires_action, and the lease is let go. The tool step stays open.
   * @param usage of the turn; null when it was kept already
   */
  async requireAction(
    calls: readonly FunctionToolCall[],
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

  /** Ends the run, and what is open with it, in one unit; the thread is free again. */
  async end(end: RunEnd, content?: readonly TextPart[]): Promise<void> {
    const { threads, events } = this.#deps
    const now = this.#now()
    const message =
      this.#message &&
      closedMessage(this.#message, messageReason(end), content ?? this.#message.content, now)
    const usage = end.usage ?? null
    const status = stepStatus(end.status)
    const stepEnd = {
      status,
      usage: usage ?? this.#step?.usage ?? (status === 'completed' ? noUsage : null),
      lastError: end.status === 'failed' ? stepError(end.lastError) : null,
    }
    const step = this.#step && closedStep(this.#withSaidCalls(this.#step), stepEnd, now)
    const run: RunRecord = {
      ...this.run,
      status: end.status,
      usage: usage === null ? this.run.usage : addUsage(this.run.usage, usage),
      requiredAction: null,
      lastError: end.lastError ?? null,
      incompleteReason: end.incompleteReason ?? null,
      completedAt: end.status === 'completed' || end.status === 'incomplete' ? now : null,
      failedAt: end.status === 'failed' ? now : null,
      cancelledAt: end.status === 'cancelled' ? now : null,
      dueMs: null,
      leaseOwner: null,
    }
    await this.#unit(
      'run.end',
      async (tx) => {
        await this.#writeClosed(tx, message, step)
        await updateRun(tx, run)
        await threads.setActiveRun(tx, run.workspaceId, run.threadId, null)
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
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#deps.store.write(name, async (tx) => {
          const status = await fenceRun(tx, this.run)
          if (status === null) throw new LeaseLost(`${this.run.id} is held by another attempt`)
          if (status === 'cancelling' && when === 'unless cancelled') throw new CancelRequested()
          await work(tx, tries > 0)
        })
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
    const shown = JSON.stringify(presentStep(step, this.run))
    this.say('thread.run.step.created', shown)
    this.say('thread.run.step.in_progress', shown)
  }

  #changedStep(calls: readonly FunctionToolCall[], usage: ModelUsage): StepRecord {
    if (this.#step === null) throw new Error(`run ${this.run.id} has no open tool step`)
    return { ...this.#step, details: { type: 'tool_calls', tool_calls: [...calls] }, usage }
  }

  /** A tool step that breaks off shows what was said of its calls, since readers have seen it. */
  #withSaidCalls(step: StepRecord): StepRecord {
    const { details } = step
    if (details.type !== 'tool_calls' || details.tool_calls.length > 0) return step
    return { ...step, details: { type: 'tool_calls', tool_calls: this.#saidCalls } }
  }

  #replaceStep(step: StepRecord): void {
    this.steps = this.steps.map((old) => (old.id === step.id ? step : old))
    this.#step = step.status === 'in_progress' ? step : null
  }

  #sayClosed(message: MessageRecord | null, step: StepRecord | null): void {
    this.#message = null
    if (message !== null) {
      const content = message.content as TextPart[]
      this.say(`thread.message.${message.status}`, JSON.stringify(presentWith(message, content)))
    }
    if (step === null) return
    this.#replaceStep(step)
    this.say(`thread.run.step.${step.status}`, JSON.stringify(presentStep(step, this.run)))
  }

  #sayRun(): void {
    this.say(`thread.run.${this.run.status}`, JSON.stringify(presentRun(this.run)))
  }

  #sayCallDelta(call: object): void {
    this.say(
      'thread.run.step.delta',
      `{"id":"${this.#step?.id}","object":"thread.run.step.delta","delta":{"step_details":{"type":"tool_calls","tool_calls":[${JSON.stringify(call)}]}}}`,
    )
  }
}

const whole = (usage: ModelUsage | null) => ({
  status: 'completed' as const,
  usage,
  lastError: null,
})
