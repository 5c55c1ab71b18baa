import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { newId } from '../../platform/ids.ts'
import type { Store } from '../../platform/store/store.ts'
import { RunStopped, type StopReason } from './run-loop.ts'
import type { RunRecord } from './run-record.ts'
import { claimRun, releaseLeases, renewLeases } from './store.ts'

/** Wake-ups between nodes. Hints only: the poll is the truth. */
const CHANNEL = 'melzi_runs'

export interface DispatcherOptions {
  store: Store
  clock: Clock
  log: Logger
  /** Works on a claimed run until it rests; never rejects. */
  work: (run: RunRecord, signal: AbortSignal) => Promise<void>
  leaseMs: number
  pollMs: number
  /** Runs this node works on at a time. */
  concurrency: number
}

/** A node's hold of a run that is about to be written: the lease is born with the row. */
export interface Claim {
  owner: string
  leaseUntilMs: number
}

interface Active {
  attempt: number
  controller: AbortController
  done: Promise<void>
}

/**
 * Gives this node its runs: claims due ones from the store, renews the leases of all it holds, and stops those that are cancelled, over
 * their time or lost. The run row is the job; a claim raises `attempt`, which fences everyone before.
 */
export class Dispatcher implements AsyncDisposable {
  readonly nodeId = newId('node_')
  readonly #options: DispatcherOptions
  readonly #active = new Map<string, Active>()
  readonly #stopListening: () => void
  #reserved = 0
  #closing = false
  #polling: Promise<void> | null = null
  #pollAgain = false
  #pollTimer: NodeJS.Timeout | null = null
  #leaseTimer: NodeJS.Timeout | null = null

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#stopListening = options.store.listen(CHANNEL, (payload) => this.#hear(payload))
  }

  /** Runs this node holds now. */
  get active(): number {
    return this.#active.size
  }

  /** Begins to claim. @param orphaned true when no other node can live: leases of a dead predecessor are let go at once */
  async start(orphaned: boolean): Promise<void> {
    const { store, clock, log, pollMs, leaseMs } = this.#options
    if (orphaned) {
      const count = await store.write('runs.release-orphans', (tx) =>
        releaseLeases(tx, null, clock.now()),
      )
      if (count > 0) log.info({ count }, 'runs of a dead predecessor are taken over')
    }
    this.#pollTimer = setInterval(() => this.wake(), pollMs)
    this.#leaseTimer = setInterval(() => void this.#renew(), Math.max(50, leaseMs / 3))
    this.wake()
  }

  /** Room for one more run on this node; null when it is full or closing. Every claim is ended by `begin` or `giveBack`. */
  reserve(): Claim | null {
    if (this.#closing || this.#active.size + this.#reserved >= this.#options.concurrency)
      return null
    this.#reserved += 1
    return {
      owner: this.nodeId,
      leaseUntilMs: this.#options.clock.now() + this.#options.leaseMs,
    }
  }

  giveBack(claim: Claim | null): void {
    if (claim !== null) this.#reserved -= 1
  }

  /** Starts work on a run that was written with this claim; without one, tells the nodes that a run waits. */
  begin(run: RunRecord, claim: Claim | null): void {
    if (claim === null) {
      this.announce()
      return
    }
    this.#reserved -= 1
    this.#take(run)
  }

  /** A run waits: this node looks now, others are told. */
  announce(): void {
    this.wake()
    this.#options.store.notify(CHANNEL, 'wake')
  }

  /** The run was cancelled in the store: whoever holds it stops, whoever is free ends it. */
  cancel(runId: string): void {
    this.#stop(runId, 'cancelled')
    this.wake()
    this.#options.store.notify(CHANNEL, `cancel ${runId}`)
  }

  /** The run's row is gone. */
  forget(runId: string): void {
    this.#stop(runId, 'lost')
  }

  /** Asks the store for due runs soon. */
  wake(): void {
    if (this.#closing) return
    if (this.#polling !== null) {
      this.#pollAgain = true
      return
    }
    this.#polling = this.#poll().finally(() => {
      this.#polling = null
      if (!this.#pollAgain) return
      this.#pollAgain = false
      this.wake()
    })
  }

  /** Lets every run go: what is in flight is stopped where it is, and its lease is free for any node at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    this.#stopListening()
    if (this.#pollTimer !== null) clearInterval(this.#pollTimer)
    if (this.#leaseTimer !== null) clearInterval(this.#leaseTimer)
    await this.#polling
    const working = [...this.#active.values()].map((active) => active.done)
    for (const runId of this.#active.keys()) this.#stop(runId, 'shutdown')
    await Promise.all(working)
    const { store, clock, log } = this.#options
    const released = await store.write('runs.release', (tx) =>
      releaseLeases(tx, this.nodeId, clock.now()),
    )
    if (released > 0) {
      log.info({ released }, 'runs are left to other nodes or the next start')
      store.notify(CHANNEL, 'wake')
    }
  }

  /** Waits until nothing is being worked on, or the time is over. @returns runs still going */
  async drain(milliseconds: number): Promise<number> {
    const deadline = this.#options.clock.now() + milliseconds
    while (this.#active.size > 0 && this.#options.clock.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    return this.#active.size
  }

  #hear(payload: string): void {
    if (payload === 'wake') this.wake()
    else if (payload.startsWith('cancel ')) {
      this.#stop(payload.slice('cancel '.length), 'cancelled')
      this.wake()
    }
  }

  async #poll(): Promise<void> {
    const { store, clock, leaseMs, log } = this.#options
    try {
      while (!this.#closing) {
        const nowMs = clock.now()
        const due = await store.get(
          'select 1 as found from runs where due_ms is not null and due_ms <= ?1 limit 1',
          [nowMs],
        )
        if (due === null) return
        const claim = this.reserve()
        if (claim === null) return
        let run: RunRecord | null = null
        try {
          run = await store.write('runs.claim', (tx) =>
            claimRun(tx, { nowMs, owner: this.nodeId, leaseUntilMs: nowMs + leaseMs, runId: null }),
          )
        } finally {
          if (run === null) this.giveBack(claim)
        }
        if (run === null) return
        this.begin(run, claim)
      }
    } catch (error) {
      log.error({ err: error }, 'due runs could not be claimed; trying again')
    }
  }

  #take(run: RunRecord): void {
    const { work, clock } = this.#options
    // An attempt of ours that was overtaken, by ourselves after a stall, has nothing more to say.
    this.#stop(run.id, 'lost')
    const controller = new AbortController()
    const left = run.expiresAt * 1000 - clock.now()
    const timer = setTimeout(() => this.#abort(controller, 'expired'), Math.max(0, left))
    const done = work(run, controller.signal).finally(() => {
      clearTimeout(timer)
      if (this.#active.get(run.id) === active) this.#active.delete(run.id)
    })
    const active: Active = { attempt: run.attempt, controller, done }
    this.#active.set(run.id, active)
  }

  #stop(runId: string, reason: StopReason): void {
    const active = this.#active.get(runId)
    if (active !== undefined) this.#abort(active.controller, reason)
  }

  #abort(controller: AbortController, reason: StopReason): void {
    if (!controller.signal.aborted) controller.abort(new RunStopped(reason))
  }

  /** Renews what this node holds, and learns of cancels and losses it was not told of. */
  async #renew(): Promise<void> {
    const { store, clock, leaseMs, log } = this.#options
    if (this.#active.size === 0) return
    const before = new Map([...this.#active].map(([id, active]) => [id, active.attempt]))
    try {
      const held = await store.write('runs.renew', (tx) =>
        renewLeases(tx, this.nodeId, clock.now() + leaseMs),
      )
      const attempts = new Map(held.map((row) => [row.id, row]))
      for (const [runId, attempt] of before) {
        const row = attempts.get(runId)
        const current = this.#active.get(runId)
        if (current === undefined || current.attempt !== attempt) continue
        if (row !== undefined && row.attempt === attempt) {
          if (row.status === 'cancelling') this.#stop(runId, 'cancelled')
        } else {
          // Lost, or just brought to rest by its own loop, to which a late signal means nothing.
          this.#stop(runId, 'lost')
        }
      }
    } catch (error) {
      log.error({ err: error }, 'leases could not be renewed; trying again')
    }
  }
}
