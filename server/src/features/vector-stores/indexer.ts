import type { Clock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import { OneAtATime } from '../../platform/one-at-a-time.ts'
import type { Store } from '../../platform/store/store.ts'
import type { EntryRecord } from './entry-store.ts'
import { claimEntry, hasDueEntry, releaseEntries, renewEntries } from './job-store.ts'

/** Wake-ups between nodes. Hints only: the poll is the truth. */
const CHANNEL = 'melzi_indexing'

export interface IndexerOptions {
  store: Store
  clock: Clock
  log: Logger
  /** Indexes a claimed entry; never rejects. */
  work: (entry: EntryRecord, signal: AbortSignal) => Promise<void>
  leaseMs: number
  pollMs: number
  /** Files this node works on at a time. */
  concurrency: number
}

interface Active {
  attempt: number
  controller: AbortController
  done: Promise<void>
}

/** Gives this node its files to index, the way the dispatcher gives it runs: claims, leases, fences, and lets go at the end. */
export class Indexer implements AsyncDisposable {
  readonly #options: IndexerOptions
  readonly #nodeId = newId('node_')
  readonly #active = new Map<string, Active>()
  readonly #stopListening: () => void
  #pollTimer: NodeJS.Timeout | null = null
  #leaseTimer: NodeJS.Timeout | null = null
  readonly #polls = new OneAtATime(() => this.#poll())
  #closing = false

  constructor(options: IndexerOptions) {
    this.#options = options
    this.#stopListening = options.store.listen(CHANNEL, () => this.wake())
  }

  /** Begins to claim. @param orphaned true when no other node can live: leases of a dead predecessor are let go at once */
  async start(orphaned: boolean): Promise<void> {
    const { store, clock, log, pollMs, leaseMs } = this.#options
    if (orphaned) {
      const count = await store.write('indexing.release-orphans', (tx) =>
        releaseEntries(tx, null, clock.now()),
      )
      if (count > 0) log.info({ count }, 'files that were being indexed are taken over')
    }
    this.#pollTimer = setInterval(() => this.wake(), pollMs)
    this.#leaseTimer = setInterval(() => void this.#renew(), Math.max(50, leaseMs / 3))
    this.wake()
  }

  /** Files wait: this node looks now, others are told. */
  announce(): void {
    this.wake()
    this.#options.store.notify(CHANNEL, 'wake')
  }

  wake(): void {
    if (this.#closing || this.#pollTimer === null) return
    this.#polls.ask()
  }

  /** Stops what is in flight where it is; its leases are free for any node at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    this.#stopListening()
    if (this.#pollTimer !== null) clearInterval(this.#pollTimer)
    await this.#polls.running
    for (const { controller } of this.#active.values()) controller.abort()
    await Promise.all([...this.#active.values()].map(({ done }) => done))
    if (this.#leaseTimer !== null) clearInterval(this.#leaseTimer)
    const { store, clock, log } = this.#options
    if (this.#pollTimer === null) return
    try {
      await store.write('indexing.release', (tx) => releaseEntries(tx, this.#nodeId, clock.now()))
    } catch (error) {
      log.error(
        { err: error },
        'leases of indexing could not be let go; they run out by themselves',
      )
    }
  }

  async #poll(): Promise<void> {
    try {
      while (!this.#closing && (await this.#claimOne()));
    } catch (error) {
      this.#options.log.error({ err: error }, 'files could not be claimed; trying again')
    }
  }

  /** @returns whether there may be more */
  async #claimOne(): Promise<boolean> {
    const { store, clock, leaseMs, concurrency } = this.#options
    if (this.#active.size >= concurrency) return false
    if (!(await hasDueEntry(store, clock.now()))) return false
    const nowMs = clock.now()
    const claim = { nowMs, leaseUntilMs: nowMs + leaseMs, owner: this.#nodeId }
    const entry = await store.write('indexing.claim', (tx) => claimEntry(tx, claim))
    if (entry === null) return false
    this.#take(entry)
    return true
  }

  #take(entry: EntryRecord): void {
    // An attempt of ours that was overtaken, by ourselves after a stall, has nothing more to say.
    this.#active.get(entry.entryId)?.controller.abort()
    const controller = new AbortController()
    const done = this.#options.work(entry, controller.signal).then(() => {
      if (this.#active.get(entry.entryId)?.controller === controller)
        this.#active.delete(entry.entryId)
      this.wake()
    })
    this.#active.set(entry.entryId, { attempt: entry.attempt, controller, done })
  }

  /** Renews what this node holds, and stops what it has lost: to another node, a cancel or a deletion. */
  async #renew(): Promise<void> {
    const { store, clock, leaseMs, log } = this.#options
    if (this.#active.size === 0) return
    const before = new Map(this.#active)
    try {
      const leaseUntilMs = clock.now() + leaseMs
      const rows = await store.write('indexing.renew', (tx) =>
        renewEntries(tx, this.#nodeId, leaseUntilMs),
      )
      const held = new Map(rows.map(({ entryId, attempt }) => [entryId, attempt]))
      for (const [entryId, { attempt, controller }] of before) {
        if (held.get(entryId) !== attempt) controller.abort()
      }
    } catch (error) {
      log.error({ err: error }, 'leases of indexing could not be renewed; trying again')
    }
  }
}
