import assert from 'node:assert/strict'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { StreamEvent } from '@melzi/contract/stream-event.ts'
import { OpenMessage } from './lawful-message.ts'
import { isStepEnd, OpenStep } from './lawful-step.ts'
import type { WireEvent } from './sse.ts'
import { BrokenStreamRule, hold } from './stream-rules.ts'

/**
 * Says whether a finished stream keeps the rules of behaviour.md 10 to 13: what SDK helpers need so that they neither throw nor double
 * anything. The order of a particular flow is the business of its test.
 */

export interface StreamContext {
  /** The tool step that waited for the outputs this stream was opened with. */
  waitingStepId?: string
  /** Whether the request made the thread too. */
  makesThread?: boolean
  /** Whether the stream may end with an error event: a fault of the stream, not of the run. */
  mayBreak?: boolean
}

/** What may be said of a run after what (behaviour.md 8). Cancelling may be too short to be seen: the order is not established. */
const MOVES: Record<string, readonly string[]> = {
  nothing: ['created'],
  created: ['queued'],
  waited: ['queued'],
  queued: ['in_progress', 'failed', 'cancelling', 'cancelled', 'expired'],
  in_progress: [
    'requires_action',
    'completed',
    'incomplete',
    'failed',
    'cancelling',
    'cancelled',
    'expired',
  ],
  cancelling: ['cancelled', 'completed', 'incomplete', 'failed', 'expired'],
}
const STOPS = ['requires_action', 'completed', 'incomplete', 'failed', 'cancelled', 'expired']

/**
 * Also holds every event against our own schemas.
 * @throws AssertionError naming the broken rule and the event's position
 */
export const assertLawfulStream = (
  events: readonly WireEvent[],
  context: StreamContext = {},
): void =>
  judge(events, context, ({ event, data }) => {
    const parsed = StreamEvent.safeParse({ event, data })
    hold('schema', parsed.success, parsed.error?.message)
    // not settled for every end state (behaviour.md 7), so a rule of ours
    const { expires_at } = data as Partial<RunObject>
    const end = /^thread\.run\.(?:cancelled|expired)$/.test(event)
    if (end) assert.equal(expires_at, null, 'an ended run has no expiry')
  })

/**
 * @param check holds one event against a schema
 * @throws AssertionError naming the broken rule and the event's position
 */
export const judge = (
  events: readonly WireEvent[],
  context: StreamContext,
  check: (event: WireEvent) => void,
): void => {
  const law = new StreamLaw(context)
  for (const [at, event] of events.entries()) {
    try {
      check(event)
      law.take(event)
    } catch (error) {
      const place = `event ${at} ${event.event}\n${event.raw.slice(0, 600)}`
      if (error instanceof BrokenStreamRule)
        throw new BrokenStreamRule(error.rule, `${error.detail} at ${place}`)
      throw new Error(`${error instanceof Error ? error.message : String(error)} at ${place}`)
    }
  }
  law.end()
}

class StreamLaw {
  readonly #context: StreamContext
  #run = 'nothing'
  #ids: { run: string; thread: string } | null = null
  #step: OpenStep | null = null
  #message: OpenMessage | null = null
  readonly #ended = new Set<string>()
  #events = 0
  /** Tokens of ended steps; null once a step ended that need not say its tokens. */
  #tokens: number | null = 0
  /** A completed step whose functions have no output: the next event must say that a limit cut the run. */
  #cut: string | null = null
  #over: 'done' | 'error' | null = null

  constructor(context: StreamContext) {
    this.#context = context
  }

  take({ event, data }: WireEvent): void {
    hold('nothing-after-done', this.#over !== 'done')
    hold('nothing-after-error', this.#over !== 'error')
    if (event === 'done') {
      hold('done-after-stop', STOPS.includes(this.#run))
      hold('done-exactly', data === '[DONE]')
      this.#over = 'done'
      return
    }
    if (event === 'error') return this.#error(data)
    hold('stop-is-last', !STOPS.includes(this.#run))
    hold('output-filled', this.#cut === null || event === 'thread.run.incomplete', this.#cut ?? '')
    const isFirst = this.#events++ === 0
    if (event === 'thread.created')
      return hold('thread-first', isFirst && this.#context.makesThread !== false)
    if (this.#context.makesThread === true && isFirst) throw new BrokenStreamRule('thread-first')
    const [, kind, name = ''] = /^thread\.(run\.step|message|run)\.(\w+)$/.exec(event) ?? []
    if (kind === 'run') return this.#takeRun(name, data as RunObject)
    if (this.#run === 'nothing') this.#mustBeWaitingStep(event, data as RunStepObject)
    else hold('work-in-progress', ['in_progress', 'cancelling'].includes(this.#run), this.#run)
    if (kind === 'message') this.#takeMessage(name, data as MessageObject)
    else this.#takeStep(name, data as RunStepObject)
  }

  end(): void {
    hold('ends-with-done', this.#over !== null)
  }

  #error(data: unknown): void {
    const error = (data as { error?: object }).error
    hold('error-wrapped', typeof error === 'object' && error !== null)
    hold(
      'error-wrapped',
      Object.keys(error).toSorted().join() === 'code,message,param,type',
      JSON.stringify(error),
    )
    hold('no-error', this.#context.mayBreak, JSON.stringify(error))
    this.#over = 'error'
  }

  #mustBeWaitingStep(event: string, step: RunStepObject): void {
    const { waitingStepId } = this.#context
    hold('run-first', waitingStepId !== undefined)
    hold('submit-first', event === 'thread.run.step.completed' && step.id === waitingStepId)
    this.#step = new OpenStep(step, { waited: true })
    this.#run = 'waited'
  }

  #sameRun(run: string | null, thread: string): void {
    this.#ids ??= { run: run ?? '', thread }
    hold('one-run', run === this.#ids.run && thread === this.#ids.thread, `${run} of ${thread}`)
  }

  #takeRun(name: string, run: RunObject): void {
    const { waitingStepId } = this.#context
    hold('submit-first', waitingStepId === undefined || this.#run !== 'nothing')
    if (this.#run === 'nothing') hold('run-first', name === 'created')
    if (this.#run === 'created') hold('run-first', name === 'queued')
    if (this.#run === 'waited') hold('submit-first', name === 'queued')
    hold('run-order', MOVES[this.#run]?.includes(name), `${name} after ${this.#run}`)
    hold('status', run.status === (name === 'created' ? 'queued' : name), run.status)
    this.#sameRun(run.id, run.thread_id)
    this.#run = name
    if (name === 'requires_action') {
      hold('action-open-step', this.#step?.type === 'tool_calls')
      this.#step.holdAction(run)
      hold('action-usage', run.usage === null)
    } else if (STOPS.includes(name)) this.#endRun(name, run)
  }

  #endRun(name: string, run: RunObject): void {
    hold('end-closes', this.#step === null && this.#message === null)
    if (['completed', 'incomplete', 'failed'].includes(name))
      hold('end-expiry', run.expires_at === null)
    if (name === 'failed') hold('failed-run', run.last_error && run.failed_at)
    if (name === 'cancelled') hold('cancelled-run', run.cancelled_at)
    if (name === 'incomplete') hold('incomplete-run', run.completed_at && run.incomplete_details)
    if (name !== 'completed') return
    hold('completed-run', run.completed_at && run.usage)
    const total = run.usage.total_tokens
    if (this.#tokens === null) return
    // a submit stream shows the steps since the submit; earlier ones count as well
    const { waitingStepId } = this.#context
    const fits = waitingStepId === undefined ? total === this.#tokens : total >= this.#tokens
    hold('usage-sum', fits, `${total}, steps ${this.#tokens}`)
  }

  #takeStep(name: string, step: RunStepObject): void {
    hold('step-again', !this.#ended.has(step.id))
    if (name === 'delta') {
      const delta = step as unknown as Parameters<OpenStep['delta']>[0]
      hold('step-delta-place', this.#step?.id === step.id)
      return this.#step.delta(delta, delta)
    }
    hold('status', step.status === (isStepEnd(name) ? name : 'in_progress'), step.status)
    this.#sameRun(step.run_id, step.thread_id)
    if (name === 'created') {
      hold('one-step', this.#step === null)
      this.#step = new OpenStep(step)
      return
    }
    hold('open-step', this.#step?.id === step.id, step.id)
    if (!isStepEnd(name)) return this.#step.begin(step)
    hold('step-message', this.#message === null, 'the message is still open')
    this.#cut = this.#step.end(step, name)
    if (name === 'completed' && this.#tokens !== null) this.#tokens += step.usage?.total_tokens ?? 0
    else this.#tokens = null
    this.#step = null
    this.#ended.add(step.id)
  }

  #takeMessage(name: string, message: MessageObject): void {
    hold('message-again', !this.#ended.has(message.id))
    if (name === 'delta') {
      const delta = message as unknown as Parameters<OpenMessage['delta']>[0]
      hold('delta-open', this.#message?.id === message.id)
      return this.#message.delta(delta, delta)
    }
    const isEnd = name === 'completed' || name === 'incomplete'
    hold('status', message.status === (isEnd ? name : 'in_progress'), message.status)
    this.#sameRun(message.run_id, message.thread_id)
    if (name === 'created') {
      hold('one-message', this.#message === null)
      hold('message-step', this.#step !== null)
      this.#step.holdMessage(message.id)
      this.#message = new OpenMessage(message)
      return
    }
    hold('open-message', this.#message?.id === message.id, message.id)
    if (!isEnd) return this.#message.begin(message)
    this.#message.end(message, name)
    this.#step?.messageEnded(
      name === 'completed' ? name : (message.incomplete_details?.reason ?? ''),
    )
    this.#message = null
    this.#ended.add(message.id)
  }
}
