import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../platform/clock.ts'
import { LeaseHolder, type Claim, type Hold } from '../../platform/lease-holder.ts'
import type { Logger } from '../../platform/log.ts'
import type { Store } from '../../platform/store/store.ts'
import { RunStopped, type RunHold, type WorkEnd } from './run-hold.ts'
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

export type { Claim } from '../../platform/lease-holder.ts'

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

/** Says to other nodes that a run was cancelled; its id follows. */
const CANCEL = 'cancel '

/** A full node still brings those runs to their end that need no work. */
const claimable = (room: boolean): Claimable => (room ? 'all' : 'to be ended')

/**
 * Gives this node its runs, by a {@link LeaseHolder}; what it adds is what runs have of their own: leases born with the row, an end of
 * their time, and cancels.
 */
export class Dispatcher implements AsyncDisposable {
  readonly #holder: LeaseHolder<RunRecord, HeldRun>
  readonly #options: DispatcherOptions
  readonly #stopped = new AbortController()
  #closing = false

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#holder = new LeaseHolder<RunRecord, HeldRun>({
      ...options,
      name: 'runs',
      statements: {
        isDue: (db, nowMs, room) => hasDueRun(db, nowMs, claimable(room)),
        claim: (tx, { room, ...claim }) => claimRun(tx, { ...claim, what: claimable(room) }),
        renew: renewLeases,
        letGo: releaseRun,
        release: releaseLeases,
        rowOf: (run) => run,
      },
      work: (run, hold) => this.#work(run, hold),
      reasons: {
        lost: () => new RunStopped('lost'),
        shutdown: () => new RunStopped('shutdown'),
      },
      hear: (payload) => {
        if (!payload.startsWith(CANCEL)) return
        this.#holder.stop(payload.slice(CANCEL.length), new RunStopped('cancelled'))
        this.#holder.wake()
      },
      renewed: ({ id, status }) => {
        if (status === 'cancelling') this.#holder.stop(id, new RunStopped('cancelled'))
      },
    })
  }

  get nodeId(): string {
    return this.#holder.nodeId
  }

  /** Runs this node holds now. */
  get active(): number {
    return this.#holder.active
  }

  /** Aborts when this node has let all runs go: whoever still reads one here will hear nothing more. */
  get stopped(): AbortSignal {
    return this.#stopped.signal
  }

  /** Begins to claim. @param orphaned true when no other node can live: leases of a dead predecessor are let go at once */
  start(orphaned: boolean): Promise<void> {
    return this.#holder.start(orphaned)
  }

  /** Room for one more run on this node; null when it is full or stopping. Every claim is ended by `begin` or `giveBack`. */
  reserve(): Claim | null {
    return this.#holder.reserve()
  }

  giveBack(claim: Claim | null): void {
    this.#holder.giveBack(claim)
  }

  /** Starts work on a run that was written with this claim; without one, tells the nodes that a run waits. */
  begin(run: RunRecord, claim: Claim | null): void {
    if (claim === null) this.#holder.announce()
    else this.#holder.begin(run, claim)
  }

  /** The run was cancelled in the store: whoever holds it stops, whoever is free ends it. */
  cancel(runId: string): void {
    this.#holder.stop(runId, new RunStopped('cancelled'))
    this.#holder.wake()
    this.#holder.tell(CANCEL + runId)
  }

  /** The run's row is gone. */
  forget(runId: string): void {
    this.#holder.stop(runId, new RunStopped('lost'))
  }

  /** Takes no further run, and waits until nothing is being worked on or the time is over. @returns runs still going */
  drain(milliseconds: number): Promise<number> {
    return this.#holder.drain(milliseconds)
  }

  /** Lets every run go: what is in flight is stopped where it is, and its lease is free for any node at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    await this.#holder[Symbol.asyncDispose]()
    this.#stopped.abort()
    // One turn for the readers, who say good-bye before their connections are closed.
    await sleep(0)
  }

  async #work(run: RunRecord, hold: Hold): Promise<WorkEnd> {
    const left = run.expiresAt * 1000 - this.#options.clock.now()
    const expire = () => this.#holder.stop(run.id, new RunStopped('expired'))
    const timer = setTimeout(expire, Math.max(0, left))
    try {
      const end = await this.#options.work(run, hold)
      if (end === 'passed on') this.#holder.announce()
      return end
    } finally {
      clearTimeout(timer)
    }
  }
}
