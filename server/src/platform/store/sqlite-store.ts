import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { errors } from '../errors.ts'
import { checkChannel, checkPayload } from './channel.ts'
import { LocalChannels } from './local-channels.ts'
import { BUSY_TIMEOUT_MS, connectSqlite, SqliteConnection } from './sqlite-connection.ts'
import { ownFolder, type FolderLock } from './sqlite-lock.ts'
import type { Row, SqlValue, Store, Tx } from './store.ts'
import { refuseInsideUnit, runUnit, type Statements } from './write-unit.ts'

const BUSY_RETRY_MS = 5
/** A batch takes no further unit after this time, so that the event loop gets its turn. */
const BATCH_MS = 8
const SQLITE_BUSY = 5

export interface SqliteOptions {
  readonly file: string
  /** True for the one server that owns the folder; false for the CLI, which may work beside it. */
  readonly exclusive: boolean
  /** How long a write waits while another process writes, before it is refused with a 503; default 5,000 ms. */
  readonly busyTimeoutMs?: number
}

interface Queued {
  readonly name: string
  readonly unit: (tx: Tx) => Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/**
 * The store in one file. Writes go through one connection with group commit: units queued in one turn of the event loop run in one
 * transaction, a savepoint each, and are acknowledged after its durable COMMIT. Reads use a second, read-only connection.
 * @throws Error naming process and folder when `exclusive` and another server owns the folder
 */
export const openSqlite = (options: SqliteOptions): Store => {
  const lock = options.exclusive ? ownFolder(options.file) : null
  try {
    const writer = connectSqlite(options.file)
    // Batches wait for their lock without holding up the event loop, see #begin.
    writer.exec('pragma busy_timeout = 0')
    const reader = new DatabaseSync(options.file, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
    reader.exec('pragma cache_size = -16384; pragma temp_store = memory')
    return new SqliteStore(
      new SqliteConnection(writer),
      new SqliteConnection(reader),
      lock,
      options.busyTimeoutMs ?? BUSY_TIMEOUT_MS,
    )
  } catch (error) {
    lock?.release()
    throw error
  }
}

class SqliteStore implements Store {
  readonly engine = 'sqlite'
  readonly #writer: SqliteConnection
  readonly #reader: SqliteConnection
  readonly #lock: FolderLock | null
  readonly #busyTimeoutMs: number
  readonly #statements: Statements
  readonly #channels = new LocalChannels()
  #queue: Queued[] = []
  #flushing: Promise<void> | null = null
  #closed = false

  constructor(
    writer: SqliteConnection,
    reader: SqliteConnection,
    lock: FolderLock | null,
    busyTimeoutMs: number,
  ) {
    this.#writer = writer
    this.#reader = reader
    this.#lock = lock
    this.#busyTimeoutMs = busyTimeoutMs
    this.#statements = {
      engine: 'sqlite',
      all: (sql, params) => writer.all(sql, params),
      run: (sql, params) => writer.run(sql, params),
    }
  }

  // The row type is the caller's claim about his own statement.
  async all<T extends object = Row>(sql: string, params: readonly SqlValue[] = []): Promise<T[]> {
    refuseInsideUnit('all()')
    this.#refuseClosed()
    return this.#reader.all(sql, params) as T[]
  }

  async get<T extends object = Row>(
    sql: string,
    params: readonly SqlValue[] = [],
  ): Promise<T | null> {
    refuseInsideUnit('get()')
    this.#refuseClosed()
    return (this.#reader.all(sql, params)[0] ?? null) as T | null
  }

  async write<T>(name: string, unit: (tx: Tx) => Promise<T>): Promise<T> {
    refuseInsideUnit(`write("${name}")`)
    this.#refuseClosed()
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ name, unit, resolve: resolve as (value: unknown) => void, reject })
      this.#flushing ??= this.#flush()
    })
  }

  notify(channel: string, payload: string): void {
    refuseInsideUnit('notify()')
    checkChannel(channel)
    checkPayload(payload)
    this.#channels.deliver(channel, payload)
  }

  listen(channel: string, heard: (payload: string) => void): () => void {
    checkChannel(channel)
    return this.#channels.listen(channel, heard)
  }

  async ping(): Promise<void> {
    await this.get('select 1 as one')
  }

  /** Lets queued units finish, then closes and gives up the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#flushing
    this.#reader.db.close()
    this.#writer.db.close()
    this.#lock?.release()
  }

  #refuseClosed(): void {
    if (this.#closed) throw errors.unavailable('The store is closed: the server is stopping.', 1)
  }

  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      await new Promise((resolve) => setImmediate(resolve))
      await this.#runBatch()
    }
    this.#flushing = null
  }

  async #runBatch(): Promise<void> {
    const { db } = this.#writer
    try {
      await this.#begin()
    } catch (error) {
      // Whoever waits hears why, instead of waiting on behind the lock.
      for (const queued of this.#queue.splice(0)) queued.reject(readable(error))
      return
    }
    const done: { queued: Queued; value: unknown }[] = []
    try {
      const until = performance.now() + BATCH_MS
      do {
        const queued = this.#queue.shift()
        if (queued === undefined) break
        await this.#runInSavepoint(queued, done)
      } while (performance.now() < until)
      db.exec('commit')
    } catch (error) {
      for (const { queued } of done) queued.reject(error)
      if (db.isTransaction) db.exec('rollback')
      return
    }
    for (const { queued, value } of done) queued.resolve(value)
  }

  async #begin(): Promise<void> {
    const until = performance.now() + this.#busyTimeoutMs
    for (;;) {
      try {
        this.#writer.db.exec('begin immediate')
        return
      } catch (error) {
        if (!isBusy(error) || performance.now() > until) throw error
      }
      await sleep(BUSY_RETRY_MS)
    }
  }

  /** A unit's own failure is told to its caller only. @throws what ended the whole transaction */
  async #runInSavepoint(queued: Queued, done: { queued: Queued; value: unknown }[]): Promise<void> {
    const { db } = this.#writer
    db.exec('savepoint unit')
    try {
      const value = await runUnit(queued.name, this.#statements, queued.unit)
      db.exec('release unit')
      done.push({ queued, value })
    } catch (error) {
      queued.reject(error)
      // A full disk or an I/O error takes the transaction with it, the units before this one too.
      if (!db.isTransaction) throw error
      db.exec('rollback to unit; release unit')
    }
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY

const readable = (error: unknown): unknown => {
  if (!isBusy(error)) return error
  const busy = errors.unavailable(
    'The database is busy with a write of another process. Please retry.',
    1,
  )
  busy.cause = error
  return busy
}
