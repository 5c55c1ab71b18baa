/**
 * The store as features see it: one set of portable statements, written with `?1`, on SQLite and PostgreSQL alike.
 * Times and ids are parameters, booleans are 0/1, JSON is text; int8 arrives as a number.
 */
export type SqlValue = string | number | null | Uint8Array
export type Row = Record<string, SqlValue>

export interface Reader {
  readonly engine: 'sqlite' | 'postgres'
  /** All rows of a statement. */
  all<T extends object = Row>(sql: string, params?: readonly SqlValue[]): Promise<T[]>
  /** The first row, or null. */
  get<T extends object = Row>(sql: string, params?: readonly SqlValue[]): Promise<T | null>
}

/** A reader that may write, inside one write unit. Reads see the unit's own writes. */
export interface Tx extends Reader {
  /** Runs a statement; gives the number of rows changed. `returning` works with `all` and `get`. */
  run(sql: string, params?: readonly SqlValue[]): Promise<number>
}

export interface WriteOptions {
  /**
   * For a unit that reads nothing but what its own locking statements (`update`, `insert … on conflict do update`) return, many of which
   * go for the same rows at once: on PostgreSQL it then waits for its turn at a row and sees its newest state, where it would else fail
   * and be run again until it happens to be first. What it reads otherwise may change under it.
   */
  readonly readsOnlyLocked?: boolean
}

export interface Store extends Reader, AsyncDisposable {
  /**
   * Runs a write unit: a named function that awaits nothing but its Tx's statements (asserted: a unit that waits for anything else
   * is rolled back and rejects with a programming error). Resolves after the commit is durable. On SQLite the units queued in one
   * turn share one COMMIT, each in its own savepoint; on PostgreSQL each is a transaction with repeatable reads, so that a unit may
   * read a row and then change it on both engines. A unit may be run again after a serialization failure, so it must not have
   * effects beside its statements.
   *
   * A failed statement ends the unit, also when the unit caught its error: write `on conflict` where a conflict is expected, or look
   * at the rejection with `isUniqueViolation`.
   */
  write<T>(name: string, unit: (tx: Tx) => Promise<T>, options?: WriteOptions): Promise<T>
  /**
   * Tells other nodes something happened (best effort; polling is the truth). Called after the write has resolved, never inside a
   * unit. In-process on SQLite, NOTIFY on PostgreSQL.
   * @param payload at most 1,000 bytes
   */
  notify(channel: string, payload: string): void
  /** Hears notifications of all nodes, this one included. Gives the function that stops listening. */
  listen(channel: string, heard: (payload: string) => void): () => void
  /** Cheap check that the store answers; throws what is wrong. */
  ping(): Promise<void>
}
