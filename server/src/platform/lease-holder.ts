import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from './clock.ts'
import { newId } from './ids.ts'
import type { Logger } from './log.ts'
import { OneAtATime } from './one-at-a-time.ts'
import type { Reader, Store, Tx } from './store/store.ts'

/** What a row that is a job tells of itself. `attempt` rises with each claim and fences everyone before. */
export interface HeldRow {
  workspaceId: string
  id: string
  attempt: number
}

/** A node's hold of a job that is about to be written: the lease is born with the row. */
export interface Claim {
  owner: string
  /** Milliseconds since 1970. */
  leaseUntilMs: number
}

/** The statements on the leases of one table of jobs. */
export interface LeaseStatements<Job, Row extends HeldRow> {
  /** Whether something may be claimed; a plain read, so that an idle node writes nothing. @param room false: this node is full */
  isDue(db: Reader, nowMs: number, room: boolean): Promise<boolean>
  /** Gives the job to this node, and raises its attempt; null when there is none, or another node was quicker. */
  claim(tx: Tx, claim: Claim & { nowMs: number; room: boolean }): Promise<Job | null>
  /** Renews all leases of a node. @returns what it still holds */
  renew(tx: Tx, owner: string, leaseUntilMs: number): Promise<Row[]>
  /** Lets one lease go, if this attempt of this node still has it. */
  letGo(tx: Tx, row: HeldRow, owner: string, nowMs: number): Promise<unknown>
  /** Lets all leases of a node go, or with null those of everybody. @returns how many */
  release(tx: Tx, owner: string | null, nowMs: number): Promise<number>
  rowOf(job: Job): HeldRow
}

/** A node's hold of one job while it works on it. */
export interface Hold {
  /** Aborted when the job is to stop, with the reason of whoever stops it. */
  readonly signal: AbortSignal
  /** False once the lease has run out by this node's clock: another may have the job. */
  held(): boolean
}

export interface LeaseHolderOptions<Job, Row extends HeldRow> {
  store: Store
  clock: Clock
  log: Logger
  /** What the jobs are called: in the log, in the names of write units, and between nodes. */
  name: string
  statements: LeaseStatements<Job, Row>
  /** Works on a job; never rejects. `unfinished`: its lease is to be let go at once. */
  work: (job: Job, hold: Hold) => Promise<unknown>
  leaseMs: number
  pollMs: number
  /** Jobs this node works on at a time. */
  concurrency: number
  /** Reasons of {@link Hold.signal}. */
  reasons?: { lost: () => Error; shutdown: () => Error }
  /** Hears what other nodes say beside wake-ups. */
  hear?: (payload: string) => void
  /** Hears of each row whose lease was renewed for the attempt that is at work. */
  renewed?: (row: Row) => void
}

interface Active {
  attempt: number
  controller: AbortController
  leaseUntilMs: number
}

/**
 * Gives this node its jobs from one table: claims what is due, renews the leases of all it holds, stops what it has lost, and lets
 * everything go at the end. The row is the job, its claim raises `attempt`; wake-ups are hints, the poll is the truth.
 */
export class LeaseHolder<Job, Row extends HeldRow = HeldRow> implements AsyncDisposable {
  readonly nodeId = newId('node_')
  readonly #options: LeaseHolderOptions<Job, Row>
  readonly #active = new Map<string, Active>()
  /** Work in progress, overtaken attempts included. */
  readonly #working = new Set<Promise<void>>()
  /** Jobs that could not be brought to rest because the store did not take it; let go as soon as it does. */
  #unfinished: HeldRow[] = []
  /** Attempts that the store says are ours, but nobody here works on: seen at the last renewal. */
  #strays = new Map<string, number>()
  readonly #stopListening: () => void
  #reserved = 0
  /** True when a job was left waiting because this node is full. */
  #turnedAway = false
  #started = false
  /** Whether the store may have leases of this node. */
  #mayHold = false
  #phase: 'working' | 'draining' | 'closing' = 'working'
  readonly #polls = new OneAtATime(() => this.#poll())
  #renewing = false
  #pollTimer: NodeJS.Timeout | null = null
  #leaseTimer: NodeJS.Timeout | null = null
  readonly #channel: string

  constructor(options: LeaseHolderOptions<Job, Row>) {
    this.#options = options
    this.#channel = `melzi_${options.name}`
    this.#stopListening = options.store.listen(this.#channel, (payload) => {
      if (payload === 'wake') this.wake()
      else options.hear?.(payload)
    })
  }

  /** Jobs this node holds now. */
  get active(): number {
    return this.#active.size
  }

  /** Begins to claim. @param orphaned true when no other node can live: leases of a dead predecessor are let go at once */
  async start(orphaned: boolean): Promise<void> {
    const { store, clock, log, name, statements, pollMs, leaseMs } = this.#options
    if (orphaned) {
      const count = await store.write(`${name}.release-orphans`, (tx) =>
        statements.release(tx, null, clock.now()),
      )
      if (count > 0) log.info({ count, jobs: name }, 'jobs of a dead predecessor are taken over')
    }
    this.#started = true
    this.#pollTimer = setInterval(() => this.wake(), pollMs)
    this.#leaseTimer = setInterval(() => void this.#renew(), Math.max(50, leaseMs / 3))
    this.wake()
  }

  /** Room for one more job on this node; null when it is full or stopping. Every claim is ended by `begin` or `giveBack`. */
  reserve(): Claim | null {
    return this.#phase === 'working' && this.#hasRoom ? this.#claim() : null
  }

  giveBack(claim: Claim | null): void {
    if (claim !== null) this.#reserved -= 1
  }

  /** Starts work on a job that was written with this claim. */
  begin(job: Job, claim: Claim): void {
    this.#reserved -= 1
    this.#take(job, claim.leaseUntilMs)
  }

  /** A job waits: this node looks now, others are told. */
  announce(): void {
    this.wake()
    this.tell('wake')
  }

  /** Says something to the other nodes. */
  tell(payload: string): void {
    this.#options.store.notify(this.#channel, payload)
  }

  /** Asks the store for due jobs soon, once the node has started. */
  wake(): void {
    if (this.#started && this.#phase === 'working') this.#polls.ask()
  }

  /** Stops work on a job, if it is here. @param reason what its signal is aborted with */
  stop(id: string, reason: Error): void {
    const active = this.#active.get(id)
    if (active !== undefined && !active.controller.signal.aborted) active.controller.abort(reason)
  }

  /** Takes no further job, and waits until nothing is being worked on or the time is over. @returns jobs still going */
  async drain(milliseconds: number): Promise<number> {
    if (this.#phase === 'working') this.#phase = 'draining'
    const deadline = this.#options.clock.now() + milliseconds
    while (this.#busy && this.#options.clock.now() < deadline) await sleep(25)
    return this.#active.size
  }

  /** Lets every job go: what is in flight is stopped where it is, and its lease is free for any node at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#phase === 'closing') return
    this.#phase = 'closing'
    this.#stopListening()
    if (this.#pollTimer !== null) clearInterval(this.#pollTimer)
    await this.#polls.running
    // A job whose row is just being written begins in here yet, and is stopped like the others.
    while (this.#busy) {
      for (const id of this.#active.keys()) this.stop(id, this.#reason('shutdown'))
      await sleep(5)
    }
    if (this.#leaseTimer !== null) clearInterval(this.#leaseTimer)
    if (this.#mayHold) await this.#releaseAll()
  }

  get #busy(): boolean {
    return this.#working.size + this.#reserved > 0
  }

  get #hasRoom(): boolean {
    return this.#active.size + this.#reserved < this.#options.concurrency
  }

  #reason(why: 'lost' | 'shutdown'): Error {
    return this.#options.reasons?.[why]() ?? new Error(`the work was stopped: ${why}`)
  }

  #claim(): Claim {
    const { clock, leaseMs } = this.#options
    this.#reserved += 1
    this.#mayHold = true
    return { owner: this.nodeId, leaseUntilMs: clock.now() + leaseMs }
  }

  async #releaseAll(): Promise<void> {
    const { store, clock, log, name, statements } = this.#options
    try {
      const released = await store.write(`${name}.release`, (tx) =>
        statements.release(tx, this.nodeId, clock.now()),
      )
      if (released === 0) return
      log.info({ released, jobs: name }, 'jobs are left to other nodes or the next start')
      this.tell('wake')
    } catch (error) {
      log.error(
        { err: error, jobs: name },
        'leases could not be let go; they run out by themselves',
      )
    }
  }

  async #poll(): Promise<void> {
    const { log, name } = this.#options
    if (this.#phase !== 'working') return
    try {
      await this.#letGoUnfinished()
      while (this.#phase === 'working' && (await this.#claimOne()));
    } catch (error) {
      log.error({ err: error, jobs: name }, 'due jobs could not be claimed; trying again')
    }
  }

  /** @returns whether there may be more */
  async #claimOne(): Promise<boolean> {
    const { store, clock, name, statements } = this.#options
    const room = this.#hasRoom
    this.#turnedAway = !room
    if (!(await statements.isDue(store, clock.now(), room))) return false
    const claim = this.#claim()
    let job: Job | null = null
    try {
      const nowMs = clock.now()
      job = await store.write(`${name}.claim`, (tx) =>
        statements.claim(tx, { nowMs, room, ...claim }),
      )
    } finally {
      if (job === null) this.giveBack(claim)
    }
    if (job === null) return false
    this.begin(job, claim)
    return true
  }

  async #letGoUnfinished(): Promise<void> {
    const { store, clock, name, statements } = this.#options
    const rows = this.#unfinished
    if (rows.length === 0) return
    await store.write(`${name}.let-go`, async (tx) => {
      for (const row of rows) await statements.letGo(tx, row, this.nodeId, clock.now())
    })
    this.#unfinished = this.#unfinished.filter((row) => !rows.includes(row))
  }

  #take(job: Job, leaseUntilMs: number): void {
    const { work, clock, statements } = this.#options
    const row = statements.rowOf(job)
    // An attempt of ours that was overtaken, by ourselves after a stall, has nothing more to say.
    this.stop(row.id, this.#reason('lost'))
    const controller = new AbortController()
    const active: Active = { attempt: row.attempt, controller, leaseUntilMs }
    this.#active.set(row.id, active)
    const hold: Hold = {
      signal: controller.signal,
      held: () => clock.now() < active.leaseUntilMs,
    }
    const working = work(job, hold).then((end) => {
      this.#working.delete(working)
      if (this.#active.get(row.id) === active) this.#active.delete(row.id)
      if (end === 'unfinished') this.#unfinished.push(row)
      if (this.#turnedAway) this.wake()
    })
    this.#working.add(working)
  }

  /** Renews what this node holds, and learns of losses it was not told of. */
  async #renew(): Promise<void> {
    const { store, clock, leaseMs, log, name, statements, renewed } = this.#options
    if (this.#active.size === 0 || this.#renewing) return
    this.#renewing = true
    const before = new Map(this.#active)
    try {
      const leaseUntilMs = clock.now() + leaseMs
      const held = await store.write(`${name}.renew`, (tx) =>
        statements.renew(tx, this.nodeId, leaseUntilMs),
      )
      const rows = new Map(held.map((row) => [row.id, row]))
      this.#findStrays(held)
      for (const [id, active] of before) {
        if (this.#active.get(id) !== active) continue
        const row = rows.get(id)
        if (row?.attempt !== active.attempt) {
          // Lost, or just brought to rest by its own work, to which a late signal means nothing.
          this.stop(id, this.#reason('lost'))
          continue
        }
        active.leaseUntilMs = leaseUntilMs
        renewed?.(row)
      }
    } catch (error) {
      log.error({ err: error, jobs: name }, 'leases could not be renewed; trying again')
    } finally {
      this.#renewing = false
    }
  }

  /**
   * A job whose row was written without our hearing of it, or whose work broke off, has this node's name and no work: renewing it for
   * ever would keep it from everybody. Seen twice in a row it is no job that is just about to begin.
   */
  #findStrays(held: readonly Row[]): void {
    const strays = held.filter(({ id, attempt }) => this.#active.get(id)?.attempt !== attempt)
    for (const row of strays)
      if (this.#strays.get(row.id) === row.attempt) this.#unfinished.push(row)
    this.#strays = new Map(strays.map(({ id, attempt }) => [id, attempt]))
  }
}
