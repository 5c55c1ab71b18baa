import type { RequiredToolCall } from '@melzi/contract/run.ts'
import type { FunctionToolCall, RunStepStatus } from '@melzi/contract/run-step.ts'
import type { ModelUsage } from '../../models/language-model.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import type { EventLog } from '../../platform/events/event-log.ts'
import { newId } from '../../platform/ids.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import {
  presentWith,
  type IncompleteReason,
  type MessageRecord,
  type MessageService,
} from '../messages/service.ts'
import type { ThreadService } from '../threads/service.ts'
import { presentRun, presentStep } from './present.ts'
import { messageReason, stepError, stepStatus, type RunEnd } from './run-end.ts'
import { addUsage, noUsage, type RunRecord, type StepRecord } from './run-record.ts'
import { newMessage, newStep } from './new-records.ts'
import { allSteps, insertStep, updateStep } from './step-store.ts'
import { fenceRun, takeStepPosition, updateRun } from './store.ts'

/** This node no longer holds the run: another took it, or its thread was deleted. Nothing more may be written or said. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** The client cancelled while the run was about to wait for him. */
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
  readonly #deps: JournalDeps

  constructor(deps: JournalDeps, run: RunRecord) {
    this.#deps = deps
    this.run = run
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
    await this.#unit('run.start', async (tx, status) => {
      if (status === 'cancelling') throw new CancelRequested()
      await updateRun(tx, run)
    })
    this.run = run
    this.#sayRun()
  }

  /** Closes what a dead attempt left open, visibly, since its deltas may have been seen (design.md 4, behaviour.md 11). */
  async closeAbandoned(): Promise<void> {
    const message = this.#closedMessage('incomplete', 'run_failed', this.#message?.content ?? [])
    const step = this.#closedStep('failed', null, {
      code: 'server_error',
      message: 'The server was interrupted while it worked on this step.',
    })
    await this.#unit('run.close-abandoned', async (tx) => {
      if (message !== null) await this.#deps.messages.close(tx, message)
      if (step !== null) await updateStep(tx, step)
    })
    this.#sayClosed(message, step)
  }

  async openMessage(): Promise<void> {
    const { threads, messages } = this.#deps
    const now = this.#now()
    const id = newId('msg_')
    const step = newStep(this.run, now, {
      type: 'message_creation',
      message_creation: { message_id: id },
    })
    const message = newMessage(this.run, id, now)
    await this.#unit('run.open-message', async (tx) => {
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
    const message = this.#closedMessage('completed', null, content)
    const step = this.#closedStep('completed', noUsage, null)
    await this.#unit('run.complete-message', async (tx) => {
      if (message !== null) await this.#deps.messages.close(tx, message)
      if (step !== null) await updateStep(tx, step)
    })
    this.#sayClosed(message, step)
  }

  async openToolStep(): Promise<void> {
    const step = newStep(this.run, this.#now(), { type: 'tool_calls', tool_calls: [] })
    await this.#unit('run.open-tool-step', async (tx) => {
      step.position = await takeStepPosition(tx, this.run)
      await insertStep(tx, step)
    })
    this.#opened(step)
  }

  /** Opens call `index` on the stream: the only place where its id and name stand. */
  sayToolCall(index: number, id: string, name: string): void {
    this.#sayCallDelta({
      index,
      id,
      type: 'function',
      function: { name, arguments: '', output: null },
    })
  }

  sayToolArguments(index: number, delta: string): void {
    this.#sayCallDelta({ index, type: 'function', function: { arguments: delta } })
  }

  /** Keeps the calls of a turn whose plugins this server runs: from here on they are not asked of the model again. */
  async keepToolCalls(calls: readonly FunctionToolCall[], usage: ModelUsage): Promise<void> {
    const step = this.#changedStep(calls, usage)
    const run: RunRecord = { ...this.run, usage: addUsage(this.run.usage, usage) }
    await this.#unit('run.keep-tool-calls', async (tx) => {
      await updateStep(tx, step)
      await updateRun(tx, run)
    })
    this.#replaceStep(step)
    this.run = run
  }

  /** All outputs are there: the tool step is complete. */
  async completeToolStep(calls: readonly FunctionToolCall[]): Promise<void> {
    this.#replaceStep(this.#changedStep(calls, this.#step?.usage ?? noUsage))
    const step = this.#closedStep('completed', this.#step?.usage ?? noUsage, null)
    await this.#unit('run.complete-tool-step', async (tx) => {
      if (step !== null) await updateStep(tx, step)
    })
    this.#sayClosed(null, step)
  }

  /**
   * in_progress -> requires_action, and the lease is let go. The tool step stays open.
   * @param usage of the turn; null when it was kept already
   * @throws {CancelRequested} when a cancel came first
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
    await this.#unit('run.require-action', async (tx, status) => {
      if (status === 'cancelling') throw new CancelRequested()
      await updateStep(tx, step)
      await updateRun(tx, run)
    })
    this.#replaceStep(step)
    this.run = run
    this.#sayRun()
  }

  /** Ends the run, and what is open with it, in one unit; the thread is free again. */
  async end(end: RunEnd, content?: readonly TextPart[]): Promise<void> {
    const { threads, messages, events } = this.#deps
    const now = this.#now()
    const whole = end.status === 'completed'
    const message = this.#closedMessage(
      whole ? 'completed' : 'incomplete',
      whole ? null : messageReason(end),
      content ?? this.#message?.content ?? [],
    )
    const usage = end.usage ?? null
    const step = this.#closedStep(
      stepStatus(end.status),
      usage ?? this.#step?.usage ?? (end.status === 'completed' ? noUsage : null),
      end.status === 'failed' ? stepError(end.lastError) : null,
    )
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
    await this.#unit('run.end', async (tx) => {
      if (message !== null) await messages.close(tx, message)
      if (step !== null) await updateStep(tx, step)
      await updateRun(tx, run)
      await threads.setActiveRun(tx, run.workspaceId, run.threadId, null)
    })
    this.run = run
    this.#sayClosed(message, step)
    this.#sayRun()
    events.end(run.id)
  }

  /** Says one event of this attempt. @throws {LeaseLost} when a later attempt has spoken */
  say(event: string, data: string): void {
    if (this.#deps.events.append(this.run.id, this.run.attempt, event, data) === null) {
      throw new LeaseLost(`a later attempt speaks for ${this.run.id}`)
    }
  }

  #now(): number {
    return seconds(this.#deps.clock.now())
  }

  /** A unit behind the fence: it gets the status the row has now. */
  async #unit(
    name: string,
    work: (tx: Tx, status: RunRecord['status']) => Promise<void>,
  ): Promise<void> {
    await this.#deps.store.write(name, async (tx) => {
      const status = await fenceRun(tx, this.run)
      if (status === null) throw new LeaseLost(`${this.run.id} is held by another attempt`)
      await work(tx, status)
    })
  }

  #opened(step: StepRecord): void {
    this.#step = step
    this.steps.push(step)
    const shown = JSON.stringify(presentStep(step, this.run))
    this.say('thread.run.step.created', shown)
    this.say('thread.run.step.in_progress', shown)
  }

  #changedStep(calls: readonly FunctionToolCall[], usage: ModelUsage): StepRecord {
    if (this.#step === null) throw new Error(`run ${this.run.id} has no open tool step`)
    return { ...this.#step, details: { type: 'tool_calls', tool_calls: [...calls] }, usage }
  }

  #replaceStep(step: StepRecord): void {
    this.steps = this.steps.map((old) => (old.id === step.id ? step : old))
    this.#step = step.status === 'in_progress' ? step : null
  }

  #closedMessage(
    status: 'completed' | 'incomplete',
    reason: IncompleteReason | null,
    content: MessageRecord['content'] | readonly TextPart[],
  ): MessageRecord | null {
    if (this.#message === null) return null
    const now = this.#now()
    return {
      ...this.#message,
      content: [...content],
      status,
      incompleteReason: reason,
      completedAt: status === 'completed' ? now : null,
      incompleteAt: status === 'incomplete' ? now : null,
    }
  }

  #closedStep(
    status: RunStepStatus,
    usage: ModelUsage | null,
    lastError: StepRecord['lastError'],
  ): StepRecord | null {
    if (this.#step === null) return null
    const now = this.#now()
    return {
      ...this.#step,
      status,
      usage,
      lastError,
      completedAt: status === 'completed' ? now : null,
      cancelledAt: status === 'cancelled' ? now : null,
      failedAt: status === 'failed' ? now : null,
      expiredAt: status === 'expired' ? now : null,
    }
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
