/** Processes that are booted and locked down before anyone needs them. Each is handed out once. */
import type { SandboxProcess } from './sandbox-process.ts'

const REFILL_AFTER_MS = 50

type Start = Promise<SandboxProcess>
/** Starts one process. Rejects, with nothing left running, when its walls do not stand or the signal aborts. */
export type StartProcess = (signal: AbortSignal) => Start

export class WarmPool implements AsyncDisposable {
  readonly #start: StartProcess
  readonly #size: number
  readonly #stop = new AbortController()
  readonly #waiting: Start[] = []
  readonly #inFlight = new Set<Start>()

  /** @param size processes kept ready; 0 boots one for each call. */
  constructor(start: StartProcess, size: number) {
    this.#start = start
    this.#size = size
    this.#refill()
  }

  /** A ready process, booted now when none waits. Rejects with the reason when it does not come up. */
  async take(): Promise<SandboxProcess> {
    for (;;) {
      const start = this.#waiting.shift()
      if (start === undefined) return this.#boot()
      const process = await start.catch(() => null)
      if (process !== null && !process.isOver) {
        // A boot takes a core for 0.4 s: the call that was waited for goes first.
        setTimeout(() => this.#refill(), REFILL_AFTER_MS)
        return process
      }
    }
  }

  #boot(): Start {
    const start = this.#start(this.#stop.signal)
    this.#inFlight.add(start)
    // One that comes up when the pool has closed belongs to nobody.
    const settled = start.then(
      (process) => (this.#stop.signal.aborted ? process.kill() : undefined),
      () => undefined,
    )
    void settled.finally(() => this.#inFlight.delete(start))
    return start
  }

  #refill(): void {
    while (!this.#stop.signal.aborted && this.#waiting.length < this.#size) {
      const start = this.#boot()
      // Whoever takes it hears of a failure; until then it must not count as unhandled.
      start.catch(() => {})
      this.#waiting.push(start)
    }
  }

  /** Kills every process that waits; those handed out are their takers'. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the sandbox is closing'))
    const idle = await Promise.allSettled(this.#waiting.splice(0))
    for (const entry of idle) if (entry.status === 'fulfilled') await entry.value.kill()
    await Promise.allSettled(this.#inFlight)
  }
}
