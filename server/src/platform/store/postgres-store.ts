import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseError, Pool, type PoolClient, type QueryResult } from 'pg'
import { errors } from '../errors.ts'
import type { Logger } from '../log.ts'
import { checkChannel, checkPayload } from './channel.ts'
import { checkValues, readPortableSql } from './portable-sql.ts'
import { connectionConfig, readable } from './postgres-connection.ts'
import { PostgresListener } from './postgres-listener.ts'
import type { Row, SqlValue, Store, Tx, WriteOptions } from './store.ts'
import { refuseInsideUnit, runUnit } from './write-unit.ts'

/** Statements a connection keeps prepared; texts beyond, composed at run time, go unnamed. */
const STATEMENTS_NAMED = 500
/**
 * A unit that reads a row and then changes it is run again when somebody changed it in between, so that what is right on SQLite's single
 * writer is right here.
 */
const SNAPSHOT = 'begin isolation level repeatable read'
const LOCKING = 'begin isolation level read committed'
const ATTEMPTS = 20
const LONGEST_BACKOFF_MS = 50
/** serialization_failure and deadlock_detected */
const RETRIED: readonly unknown[] = ['40001', '40P01']

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string
  /** Connections for statements; one more listens. */
  readonly poolSize: number
  readonly log: Pick<Logger, 'warn'>
}

interface Named {
  readonly text: string
  readonly parameters: number
  readonly name: string | undefined
}

/** The store on PostgreSQL >= 15. Nothing is connected until the first statement. */
export const openPostgres = (options: PostgresOptions): Store => new PostgresStore(options)

class PostgresStore implements Store {
  readonly engine = 'postgres'
  readonly #pool: Pool
  readonly #listener: PostgresListener
  readonly #log: Pick<Logger, 'warn'>
  readonly #named = new Map<string, Named>()
  readonly #working = new Set<Promise<unknown>>()
  readonly #connections = new Set<Promise<void>>()
  #outbox: { channels: string[]; payloads: string[] } | null = null
  #closed = false

  constructor({ url, poolSize, log }: PostgresOptions) {
    this.#log = log
    this.#pool = new Pool({ ...connectionConfig(url), max: poolSize })
    // A connection that breaks while idle or between statements tells it here; the pool makes another when one is needed.
    this.#pool.on('connect', (client) => this.#watchConnection(client))
    // The same error again, told by the pool; unheard it would end the process.
    this.#pool.on('error', () => undefined)
    this.#listener = new PostgresListener(url, log)
  }

  // The row type is the caller's claim about his own statement.
  async all<T extends object = Row>(sql: string, params: readonly SqlValue[] = []): Promise<T[]> {
    refuseInsideUnit('all()')
    this.#refuseClosed()
    return (await this.#tracked(this.#query(this.#pool, sql, params))).rows as T[]
  }

  async get<T extends object = Row>(
    sql: string,
    params: readonly SqlValue[] = [],
  ): Promise<T | null> {
    refuseInsideUnit('get()')
    return (await this.all<T>(sql, params))[0] ?? null
  }

  async write<T>(
    name: string,
    unit: (tx: Tx) => Promise<T>,
    { readsOnlyLocked = false }: WriteOptions = {},
  ): Promise<T> {
    refuseInsideUnit(`write("${name}")`)
    this.#refuseClosed()
    return this.#tracked(this.#writeWithRetry(name, unit, readsOnlyLocked ? LOCKING : SNAPSHOT))
  }

  notify(channel: string, payload: string): void {
    refuseInsideUnit('notify()')
    checkChannel(channel)
    checkPayload(payload)
    if (this.#closed) return
    if (this.#outbox === null) {
      this.#outbox = { channels: [], payloads: [] }
      // What one turn sends goes out in one statement.
      const turn = new Promise((resolve) => setImmediate(resolve)).then(() =>
        this.#sendNotifications(),
      )
      this.#tracked(turn).catch((error: unknown) =>
        this.#log.warn({ err: error }, 'a notification was not sent'),
      )
    }
    this.#outbox.channels.push(channel)
    this.#outbox.payloads.push(payload)
  }

  listen(channel: string, heard: (payload: string) => void): () => void {
    checkChannel(channel)
    return this.#listener.listen(channel, heard)
  }

  async ping(): Promise<void> {
    await this.get('select 1 as one')
  }

  /** Lets units and statements in flight finish, then closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.allSettled(this.#working)
    await this.#listener[Symbol.asyncDispose]()
    await this.#pool.end()
    // The pool does not wait for its connections to be closed.
    await Promise.all(this.#connections)
  }

  #watchConnection(client: PoolClient): void {
    client.on('error', (error) => {
      if (!this.#closed) this.#log.warn({ err: error }, 'a connection to PostgreSQL is lost')
    })
    const ended = new Promise<void>((resolve) =>
      client.once('end', () => {
        this.#connections.delete(ended)
        resolve()
      }),
    )
    this.#connections.add(ended)
  }

  #refuseClosed(): void {
    if (this.#closed) throw errors.unavailable('The store is closed: the server is stopping.', 1)
  }

  #tracked<T>(work: Promise<T>): Promise<T> {
    this.#working.add(work)
    const forget = () => this.#working.delete(work)
    work.then(forget, forget)
    return work
  }

  async #query(
    on: Pool | PoolClient,
    sql: string,
    params: readonly SqlValue[],
  ): Promise<QueryResult<Row>> {
    const { text, parameters, name } = this.#prepare(sql)
    checkValues(sql, parameters, params)
    try {
      return await on.query<Row>({
        text,
        values: [...params],
        ...(name === undefined ? {} : { name }),
      })
    } catch (error) {
      throw readable(error)
    }
  }

  #prepare(sql: string): Named {
    const known = this.#named.get(sql)
    if (known !== undefined) return known
    const { dollar, parameters } = readPortableSql(sql)
    if (this.#named.size >= STATEMENTS_NAMED) return { text: dollar, parameters, name: undefined }
    const name = createHash('sha256').update(dollar).digest('base64url').slice(0, 32)
    const named = { text: dollar, parameters, name }
    this.#named.set(sql, named)
    return named
  }

  async #writeWithRetry<T>(name: string, unit: (tx: Tx) => Promise<T>, begin: string): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#writeOnce(name, unit, begin)
      } catch (error) {
        const again = error instanceof DatabaseError && RETRIED.includes(error.code)
        if (!again || attempt === ATTEMPTS) throw error
        await sleep(Math.random() * Math.min(2 ** attempt, LONGEST_BACKOFF_MS))
      }
    }
  }

  async #writeOnce<T>(name: string, unit: (tx: Tx) => Promise<T>, begin: string): Promise<T> {
    const client = await this.#connect()
    let broken = true
    try {
      await this.#query(client, begin, [])
      let value: T
      try {
        value = await runUnit(
          name,
          {
            engine: 'postgres',
            all: async (sql, params) => (await this.#query(client, sql, params)).rows,
            run: async (sql, params) => (await this.#query(client, sql, params)).rowCount ?? 0,
          },
          unit,
        )
      } catch (error) {
        broken = !(await this.#rollback(client))
        throw error
      }
      await this.#query(client, 'commit', [])
      broken = false
      return value
    } finally {
      client.release(broken)
    }
  }

  /** @returns false when the connection is of no use any more; the server rolls back by itself then */
  async #rollback(client: PoolClient): Promise<boolean> {
    try {
      await client.query('rollback')
      return true
    } catch (error) {
      this.#log.warn(
        { err: error },
        'a transaction could not be rolled back; its connection is closed',
      )
      return false
    }
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      throw readable(error)
    }
  }

  async #sendNotifications(): Promise<void> {
    const outbox = this.#outbox
    this.#outbox = null
    if (outbox === null) return
    await this.#pool.query({
      name: 'notify',
      text: 'select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as sent (channel, payload)',
      values: [outbox.channels, outbox.payloads],
    })
  }
}
