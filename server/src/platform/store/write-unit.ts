import { AsyncLocalStorage } from 'node:async_hooks'
import type { Reader, SqlValue, Tx } from './store.ts'

/** What an engine does for the statements of one unit; SQLite answers at once, PostgreSQL later. */
export interface Statements {
  readonly engine: Reader['engine']
  all(sql: string, params: readonly SqlValue[]): object[] | Promise<object[]>
  run(sql: string, params: readonly SqlValue[]): number | Promise<number>
}

interface Scope {
  readonly name: string
  live: boolean
}

const scopes = new AsyncLocalStorage<Scope>()

/**
 * Refuses the store itself inside a write unit: it would read past the unit's own writes, or wait for the unit to end.
 * @throws Error naming the unit
 */
export const refuseInsideUnit = (what: string): void => {
  const scope = scopes.getStore()
  if (scope?.live === true) {
    throw new Error(
      `write unit "${scope.name}" calls the store's ${what}; inside a unit only its Tx may be used`,
    )
  }
}

/**
 * Runs the body of a write unit between the engine's begin and commit, under the same rules on both engines:
 * - it awaits nothing but its Tx's statements. When the microtasks are used up, the unit has not settled and no statement of it is
 *   in flight, it waits for something else, and rejects with a programming error naming it;
 * - a failed statement ends it, also when the unit caught the error: PostgreSQL would accept nothing more in that transaction;
 * - its Tx is dead afterwards.
 */
export const runUnit = <T>(
  name: string,
  statements: Statements,
  unit: (tx: Tx) => Promise<T>,
): Promise<T> =>
  new Promise<T>((resolve, reject) => {
    const scope: Scope = { name, live: true }
    let inFlight = 0
    let watched = false
    let failure: { error: unknown } | undefined

    const end = (finish: () => void) => {
      if (!scope.live) return
      scope.live = false
      finish()
    }
    const complain = (what: string) => reject(new Error(`write unit "${name}" ${what}`))

    // A tick set from a microtask comes after all microtasks and before timers and I/O.
    const watch = () => {
      if (watched) return
      watched = true
      process.nextTick(() => {
        watched = false
        if (inFlight === 0) end(() => complain('waits for something other than its own statements'))
      })
    }

    const statement = async <R>(work: () => R | Promise<R>): Promise<R> => {
      if (!scope.live)
        throw new Error(`the Tx of write unit "${name}" is used after the unit's end`)
      if (failure !== undefined) throw failure.error
      inFlight += 1
      try {
        const result = await work()
        // One more turn, so that on SQLite too a statement nobody awaits is still in flight when its unit returns.
        await Promise.resolve()
        return result
      } catch (error) {
        failure ??= { error }
        throw error
      } finally {
        inFlight -= 1
        if (inFlight === 0) watch()
      }
    }

    const tx: Tx = {
      engine: statements.engine,
      // The row type is the caller's claim about his own statement.
      all: <R extends object>(sql: string, params: readonly SqlValue[] = []) =>
        statement(() => statements.all(sql, params)) as Promise<R[]>,
      get: async <R extends object>(sql: string, params: readonly SqlValue[] = []) =>
        ((await statement(() => statements.all(sql, params)))[0] ?? null) as R | null,
      run: (sql, params = []) => statement(() => statements.run(sql, params)),
    }

    const body = async () => {
      // In a microtask from here on, which `watch` relies on.
      await Promise.resolve()
      watch()
      scopes
        .run(scope, () => unit(tx))
        .then(
          (value) =>
            end(() => {
              if (failure !== undefined) reject(failure.error)
              else if (inFlight > 0) complain('does not await its last statement')
              else resolve(value)
            }),
          (error: unknown) => end(() => reject(error)),
        )
    }
    body().catch((error: unknown) => end(() => reject(error)))
  })
