import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import { OneAtATime } from '../../platform/one-at-a-time.ts'
import type { Store } from '../../platform/store/store.ts'
import { RunStopped, type RunHold, type StopReason, type WorkEnd } from './run-hold.ts'
import type { RunRecord } from './run-record.ts'
import {
  claimRun,
  hasDueRun,
  releaseLeases,
  releaseRun,
  renewLeases,
  type Claimable,
  type HeldRun,
} from './store.ts'

/** Wake-ups between nodes. Hints only: the poll is the truth. */
const CHANNEL = 'melzi_runs'

export interface DispatcherOptions {
  store: Store
  clock: Clock
  log: Logger
  /** Works on a claimed run until it rests; never rejects. */
  work: (run: RunRecord, hold: RunHold) => Promise<WorkEnd>
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
  /** Milliseconds since 1970 until which the store has promised the run to this attempt. */
  leaseUntilMs: number
}

/**
 * Gives this node its runs: claims due ones from the store, renews the leases of all it holds, and stops those that are cancelled, over
 * their time or lost. The run row is the job; a claim raises `attempt`, which fences everyone before.
 */
export class Dispatcher implements AsyncDisposable {
  readonly nodeId = newId('node_')
  readonly #options: DispatcherOptions
  readonly #active = new Map<string, Active>()
  /** Work in progress, overtaken attempts included. */
  readonly #working = new Set<Promise<void>>()
  /** Runs that could not be brought to rest because the store did not take it; let go as soon as it does. */
  #unfinished: Pick<RunRecord, 'workspaceId' | 'id' | 'attempt'>[] = []
  /** Attempts that the store says are ours, but nobody here works on: seen at the last renewal. */
  #strays = new Map<string, number>()
  readonly #stopped = new AbortController()
  readonly #stopListening: () => void
  #reserved = 0
  /** True when a run was left waiting because this node is full. */
  #turnedAway = false
  #phase: 'working' | 'draining' | 'closing' = 'working'
  readonly #polls = new OneAtATime(() => this.#poll())
  #renewing = false
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

  /** Aborts when this node has let all runs go: whoever still reads one here will hear nothing more. */
  get stopped(): AbortSignal {
    return this.#stopped.signal
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

  /** Room for one more run on this node; null when it is full or stopping. Every claim is ended by `begin` or `giveBack`. */
  reserve(): Claim | null {
    if (this.#phase !== 'working') return null
    if (this.#active.size + this.#reserved >= this.#options.concurrency) return null
    return this.#claim()
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
    this.#take(run, claim.leaseUntilMs)
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
    if (this.#phase !== 'working') return
    this.#polls.ask()
  }

  /** Takes no further run, and waits until nothing is being worked on or the time is over. @returns runs still going */
  async drain(milliseconds: number): Promise<number> {
    if (this.#phase === 'working') this.#phase = 'draining'
    const deadline = this.#options.clock.now() + milliseconds
    while (this.#busy && this.#options.clock.now() < deadline) await sleep(25)
    return this.#active.size
  }

  /** Lets every run go: what is in flight is stopped where it is, and its lease is free for any node at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#phase === 'closing') return
    this.#phase = 'closing'
    this.#stopListening()
    if (this.#pollTimer !== null) clearInterval(this.#pollTimer)
    await this.#polls.running
    // A run whose row is just being written begins in here yet, and is stopped like the others.
    while (this.#busy) {
      for (const runId of this.#active.keys()) this.#stop(runId, 'shutdown')
      await sleep(5)
    }
    if (this.#leaseTimer !== null) clearInterval(this.#leaseTimer)
    await this.#releaseAll()
    this.#stopped.abort()
    // One turn for the readers, who say good-bye before their connections are closed.
    await sleep(0)
  }

  get #busy(): boolean {
    return this.#working.size + this.#reserved > 0
  }

  #claim(): Claim {
    const { clock, leaseMs } = this.#options
    this.#reserved += 1
    return { owner: this.nodeId, leaseUntilMs: clock.now() + leaseMs }
  }

  async #releaseAll(): Promise<void> {
    const { store, clock, log } = this.#options
    try {
      const released = await store.write('runs.release', (tx) =>
        releaseLeases(tx, this.nodeId, clock.now()),
      )
      if (released === 0) return
      log.info({ released }, 'runs are left to other nodes or the next start')
      store.notify(CHANNEL, 'wake')
    } catch (error) {
      log.error({ err: error }, 'leases could not be let go; they run out by themselves')
    }
  }

  #hear(payload: string): void {
    if (payload === 'wake') this.wake()
    else if (payload.startsWith('cancel ')) {
      this.#stop(payload.slice('cancel '.length), 'cancelled')
      this.wake()
    }
  }

  async #poll(): Promise<void> {
    const { log } = this.#options
    if (this.#phase !== 'working') return
    try {
      await this.#letGoUnfinished()
      while (this.#phase === 'working' && (await this.#claimOne()));
    } catch (error) {
      log.error({ err: error }, 'due runs could not be claimed; trying again')
    }
  }

  /** @returns whether there may be more */
  async #claimOne(): Promise<boolean> {
    const { store, clock } = this.#options
    const room = this.#active.size + this.#reserved < this.#options.concurrency
    const what: Claimable = room ? 'all' : 'to be ended'
    this.#turnedAway = !room
    if (!(await hasDueRun(store, clock.now(), what))) return false
    const claim = this.#claim()
    let run: RunRecord | null = null
    try {
      const nowMs = clock.now()
      run = await store.write('runs.claim', (tx) => claimRun(tx, { nowMs, ...claim, what }))
    } finally {
      if (run === null) this.giveBack(claim)
    }
    if (run === null) return false
    this.begin(run, claim)
    return true
  }

  async #letGoUnfinished(): Promise<void> {
    const { store, clock } = this.#options
    const runs = this.#unfinished
    if (runs.length === 0) return
    await store.write('runs.let-go', async (tx) => {
      for (const run of runs) await releaseRun(tx, run, this.nodeId, clock.now())
    })
    this.#unfinished = this.#unfinished.filter((run) => !runs.includes(run))
  }

  #take(run: RunRecord, leaseUntilMs: number): void {
    const { work, clock } = this.#options
    // An attempt of ours that was overtaken, by ourselves after a stall, has nothing more to say.
    this.#stop(run.id, 'lost')
    const controller = new AbortController()
    const active: Active = { attempt: run.attempt, controller, leaseUntilMs }
    const left = run.expiresAt * 1000 - clock.now()
    const timer = setTimeout(() => this.#abort(controller, 'expired'), Math.max(0, left))
    this.#active.set(run.id, active)
    const hold: RunHold = {
      signal: controller.signal,
      held: () => clock.now() < active.leaseUntilMs,
    }
    const working = work(run, hold).then((end) => {
      clearTimeout(timer)
      this.#working.delete(working)
      if (this.#active.get(run.id) === active) this.#active.delete(run.id)
      if (end === 'unfinished') this.#unfinished.push(run)
      if (end === 'passed on') this.announce()
      else if (this.#turnedAway) this.wake()
    })
    this.#working.add(working)
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
    if (this.#active.size === 0 || this.#renewing) return
    this.#renewing = true
    const before = new Map(this.#active)
    try {
      const leaseUntilMs = clock.now() + leaseMs
      const held = await store.write('runs.renew', (tx) =>
        renewLeases(tx, this.nodeId, leaseUntilMs),
      )
      const rows = new Map(held.map((row) => [row.id, row]))
      this.#findStrays(held)
      for (const [runId, active] of before) {
        if (this.#active.get(runId) !== active) continue
        const row = rows.get(runId)
        if (row?.attempt !== active.attempt) {
          // Lost, or just brought to rest by its own loop, to which a late signal means nothing.
          this.#stop(runId, 'lost')
          continue
        }
        active.leaseUntilMs = leaseUntilMs
        if (row.status === 'cancelling') this.#stop(runId, 'cancelled')
      }
    } catch (error) {
      log.error({ err: error }, 'leases could not be renewed; trying again')
    } finally {
      this.#renewing = false
    }
  }
  /**
   * A run whose row was written without our hearing of it, or whose work broke off, has this node's name and no work: renewing it for
   * ever would lock its thread. Seen twice in a row it is no run that is just about to begin.
   */
  #findStrays(held: readonly HeldRun[]): void {
    const strays = held.filter(({ id, attempt }) => this.#active.get(id)?.attempt !== attempt)
    for (const run of strays) {
      if (this.#strays.get(run.id) === run.attempt) this.#unfinished.push(run)
    }
    this.#strays = new Map(strays.map(({ id, attempt }) => [id, attempt]))
  }
}
