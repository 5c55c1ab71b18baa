/** Connections that are kept between calls for a few minutes. */
import type { McpConnection } from './mcp-connection.ts'
import { orAbort } from './mcp-connection.ts'
import { McpFailure } from './mcp-failure.ts'

/** What a connection is for; nobody else ever gets it. */
export interface PoolKey {
  text: string
  /** Whose plugin it is. */
  owner: string
}

export interface PoolOptions {
  /** Connections at the same time, of all owners and of one. */
  most: number
  mostOfOwner: number
  /** A connection nobody uses is closed after so many ms. */
  idleMs: number
  /** After a failed opening the next one waits for so many ms, twice as long after each further failure; null: it never waits. */
  backoff: { firstMs: number; longestMs: number } | null
}

interface Entry {
  owner: string
  opening: Promise<McpConnection>
  /** What `opening` gave. */
  connection: McpConnection | null
  users: number
  idle: NodeJS.Timeout | null
  usedAt: number
}

interface Failures {
  count: number
  until: number
}

/** A program that ended so soon after its start has failed to start. */
const SOON_MS = 5_000
const MOST_FAILURES_KEPT = 1_000

export class McpPool implements AsyncDisposable {
  readonly #options: PoolOptions
  readonly #entries = new Map<string, Entry>()
  readonly #failures = new Map<string, Failures>()
  readonly #closing = new Set<Promise<void>>()
  readonly #stop = new AbortController()

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Connections that are open or being opened. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * Lends the connection of a key, opening it when there is none; several may use it at once.
   * @param work is told whether the connection was there before
   * @throws McpFailure `busy` where there is no room; what `open` and `work` throw; the reason of `signal`
   */
  async use<T>(
    key: PoolKey,
    open: (signal: AbortSignal) => Promise<McpConnection>,
    work: (connection: McpConnection, isReused: boolean) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const known = this.#entries.get(key.text)
    const isDead = known?.connection?.isClosed === true
    if (isDead) this.#drop(key.text, known)
    const entry = known === undefined || isDead ? this.#open(key, open) : known
    if (entry.idle !== null) clearTimeout(entry.idle)
    entry.idle = null
    entry.users += 1
    try {
      const connection = await orAbort(entry.opening, signal)
      const value = await work(connection, entry === known)
      this.#failures.delete(key.text)
      return value
    } finally {
      entry.users -= 1
      entry.usedAt = performance.now()
      if (entry.users === 0) this.#rest(key.text, entry)
    }
  }

  /** The connection of a key is of no use any more: who uses it may finish, and nobody else gets it. */
  forget(key: PoolKey, connection: McpConnection): void {
    const entry = this.#entries.get(key.text)
    if (entry?.connection === connection) this.#drop(key.text, entry)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new McpFailure('unavailable', 'The server is stopping.'))
    for (const [key, entry] of this.#entries) this.#drop(key, entry)
    await Promise.all(this.#closing)
  }

  #open(key: PoolKey, open: (signal: AbortSignal) => Promise<McpConnection>): Entry {
    this.#stop.signal.throwIfAborted()
    this.#checkBackoff(key.text)
    this.#makeRoom(key.owner)
    const started = performance.now()
    const entry: Entry = {
      owner: key.owner,
      opening: open(this.#stop.signal),
      connection: null,
      users: 0,
      idle: null,
      usedAt: started,
    }
    this.#entries.set(key.text, entry)
    entry.opening.then(
      (connection) => {
        entry.connection = connection
        connection.onClosed(() => {
          if (performance.now() - started < SOON_MS) this.#failed(key.text)
          if (this.#entries.get(key.text) === entry) this.#drop(key.text, entry)
        })
      },
      () => {
        this.#failed(key.text)
        if (this.#entries.get(key.text) === entry) this.#entries.delete(key.text)
      },
    )
    return entry
  }

  #checkBackoff(key: string): void {
    const failures = this.#failures.get(key)
    const left = (failures?.until ?? 0) - performance.now()
    if (left <= 0) return
    throw new McpFailure(
      'unavailable',
      `The MCP server failed to start; it is tried again in ${Math.ceil(left / 1000)} s.`,
    )
  }

  #failed(key: string): void {
    const { backoff } = this.#options
    if (backoff === null) return
    const count = (this.#failures.get(key)?.count ?? 0) + 1
    const waitMs = Math.min(backoff.firstMs * 2 ** (count - 1), backoff.longestMs)
    const oldest = this.#failures.keys().next()
    if (this.#failures.size >= MOST_FAILURES_KEPT && oldest.done !== true)
      this.#failures.delete(oldest.value)
    this.#failures.set(key, { count, until: performance.now() + waitMs })
  }

  #makeRoom(owner: string): void {
    const { most, mostOfOwner } = this.#options
    const ofOwner = [...this.#entries].filter(([, entry]) => entry.owner === owner)
    if (ofOwner.length >= mostOfOwner) this.#dropIdle(ofOwner)
    if (this.#entries.size >= most) this.#dropIdle([...this.#entries])
  }

  #dropIdle(among: readonly (readonly [string, Entry])[]): void {
    const [oldest] = among
      .filter(([, entry]) => entry.users === 0)
      .toSorted(([, a], [, b]) => a.usedAt - b.usedAt)
    if (oldest === undefined) {
      throw new McpFailure('busy', 'Too many connections to MCP servers are in use; try again.')
    }
    this.#drop(...oldest)
  }

  #rest(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) {
      if (entry.connection !== null) void this.#close(entry.connection)
      return
    }
    entry.idle = setTimeout(() => this.#drop(key, entry), this.#options.idleMs).unref()
  }

  /** Out of the pool; closed now, or when its last user has finished, unless the pool itself ends. */
  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key)
    if (entry.idle !== null) clearTimeout(entry.idle)
    if (entry.users > 0 && !this.#stop.signal.aborted) return
    const closing = entry.opening.then(
      (connection) => this.#close(connection),
      () => {},
    )
    this.#keep(closing)
  }

  #close(connection: McpConnection): Promise<void> {
    const closing = connection[Symbol.asyncDispose]()
    this.#keep(closing)
    return closing
  }

  #keep(closing: Promise<void>): void {
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }
}
