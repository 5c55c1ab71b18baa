/** What all drivers do with a call: let it in, give it a process of its own, watch its way out, end the process. */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { CallGate } from '../../platform/call-gate.ts'
import { EgressBroker, type EgressSettings } from './egress-broker.ts'
import { QuestionDesk } from './question-desk.ts'
import { giveWay, ownerOf, sandboxGate, stepAsideWhenSlow } from './sandbox-gate.ts'
import type { SandboxJob, SandboxResult } from './sandbox-driver.ts'
import type { SandboxProcess } from './sandbox-process.ts'
import { failedResult, toJobMessage, toResult } from './sandbox-result.ts'

export interface CallOptions {
  /** Calls at once; the number of cores and at least 2 when left out. */
  concurrency?: number
  /** Calls that may wait; the next gets `busy`. */
  queueLimit?: number
  /** Instead of the two above: shared with another driver. */
  gate?: CallGate
  egress?: EgressSettings
}

/** A process that is ready for a job; `missing` are import names with the sentence that says why they are not there. */
export interface Provided {
  process: SandboxProcess
  missing: Record<string, string>
}

export class SandboxCalls implements AsyncDisposable {
  readonly #egress: EgressSettings
  readonly #gate: CallGate
  readonly #stop: AbortSignal
  readonly #running = new Set<Promise<unknown>>()

  /** @param stop ends what runs and waits; abort it before the disposal */
  constructor(options: CallOptions, stop: AbortSignal) {
    const places = options.concurrency ?? Math.max(2, availableParallelism())
    this.#gate = options.gate ?? sandboxGate(places, options.queueLimit)
    this.#egress = options.egress ?? {}
    this.#stop = stop
  }

  /** Runs one job in the process that `start` gives. Resolves for every outcome of the plugin; rejects only when the signal aborts. */
  async run(
    job: SandboxJob,
    signal: AbortSignal,
    start: () => Promise<Provided>,
  ): Promise<SandboxResult> {
    signal.throwIfAborted()
    const call = this.#run(job, signal, start)
    this.#running.add(call)
    try {
      return await call
    } finally {
      this.#running.delete(call)
    }
  }

  async #run(
    job: SandboxJob,
    signal: AbortSignal,
    start: () => Promise<Provided>,
  ): Promise<SandboxResult> {
    const both = AbortSignal.any([signal, this.#stop])
    using place = await this.#gate.enter(both, ownerOf(job), job.limits.waitMs)
    if (place === null)
      return failedResult('busy', 'Too many plugin calls are waiting; try again in a moment.')
    const broker = new EgressBroker(job.egress, job.limits.http, this.#egress)
    const desk = new QuestionDesk(job.answer, job.limits.asks)
    let provided: Provided
    const starting = start()
    try {
      provided = await unlessAborted(starting, both)
    } catch (error) {
      // A build that the caller does not wait for goes on; the process that comes of it is not needed.
      starting.then(
        (late) => this.#end(late.process),
        () => undefined,
      )
      signal.throwIfAborted()
      return failedResult(
        'unavailable',
        `The sandbox for plugins is not available: ${sentence(error)}`,
      )
    }
    const { process, missing } = provided
    using _aside = stepAsideWhenSlow(place, process.pid)
    const started = performance.now()
    const outcome = await process
      .run(toJobMessage(job, missing), job.limits, { broker, desk }, both)
      .finally(() => this.#end(process))
    signal.throwIfAborted()
    const ended = 'failure' in outcome ? outcome.failure : outcome.done.error
    if (ended !== null) giveWay(place, ended.kind)
    const usage = {
      ms: Math.round(performance.now() - started),
      cpuMs: outcome.cpuMs,
      peakMiB: outcome.peakMiB,
      http: broker.usage,
    }
    return 'failure' in outcome
      ? { ...failedResult(outcome.failure.kind, outcome.failure.message), usage }
      : toResult(outcome.done, broker, usage)
  }

  /** Kills at once; nobody waits for the 10-30 ms until the kernel has taken the memory back, except the end of the driver. */
  #end(process: SandboxProcess): void {
    const end = process.kill().finally(() => this.#running.delete(end))
    this.#running.add(end)
  }

  /** Waits for what still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }
}

const unlessAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const sentence = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
