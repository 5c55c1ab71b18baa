import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { makeFolder } from '../make-folder.ts'
import { BoundedCache } from './bounded-cache.ts'
import { checkValues, readPortableSql } from './portable-sql.ts'
import type { Row, SqlValue } from './store.ts'

/** How long a connection waits for another process, e.g. the CLI beside the server. */
export const BUSY_TIMEOUT_MS = 5_000
const STATEMENTS_KEPT = 500

/**
 * Opens a connection with the settings durable writes rest on. Folder and file are made when they are missing.
 * @throws Error naming the file when it cannot be opened or is no database
 */
export const connectSqlite = (file: string): DatabaseSync => {
  try {
    makeFolder(dirname(file))
    makePrivateFile(file)
    const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
    // FULL: a commit is on the disk before it is acknowledged. Cache in KiB.
    db.exec(
      'pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma cache_size = -8192; pragma temp_store = memory',
    )
    return db
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`The database ${file} cannot be opened: ${why}.`, { cause })
  }
}

/**
 * SQLite gives its log the mode of the database. An existing file must not be opened and closed here: that would drop the locks this
 * process holds on it (POSIX record locks belong to the process).
 */
const makePrivateFile = (file: string): void => {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

/** One connection with its prepared statements. */
export class SqliteConnection {
  readonly db: DatabaseSync
  readonly #statements = new BoundedCache<{ prepared: StatementSync; parameters: number }>(
    STATEMENTS_KEPT,
  )

  constructor(db: DatabaseSync) {
    this.db = db
  }

  all(sql: string, params: readonly SqlValue[]): Row[] {
    const { prepared, values } = this.#prepare(sql, params)
    const rows = prepared.all(...values)
    // Plain objects as from PostgreSQL; the driver's have no prototype. Integers arrive as numbers, never as BigInt.
    for (const row of rows) Object.setPrototypeOf(row, Object.prototype)
    return rows as Row[]
  }

  run(sql: string, params: readonly SqlValue[]): number {
    const { prepared, values } = this.#prepare(sql, params)
    return Number(prepared.run(...values).changes)
  }

  #prepare(sql: string, params: readonly SqlValue[]) {
    const { prepared, parameters } = this.#statements.get(sql, () => ({
      parameters: readPortableSql(sql).parameters,
      prepared: this.db.prepare(sql),
    }))
    checkValues(sql, parameters, params)
    return { prepared, values: params.map(toSqlite) }
  }
}

/**
 * The driver binds every number as a real, and `?1 / 2` or `?1 || ''` would differ from PostgreSQL. Beyond the safe integers it must: it
 * takes no integer of more than 64 bits, and reads none that a number cannot hold.
 */
const toSqlite = (value: SqlValue): SQLInputValue =>
  typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
