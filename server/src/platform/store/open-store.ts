import { systemClock } from '../clock.ts'
import { createLog, type Logger } from '../log.ts'
import { migrate, type MigrationTarget } from './migrator.ts'
import { postgresMigration } from './postgres-migration.ts'
import { openPostgres } from './postgres-store.ts'
import { sqliteMigration } from './sqlite-migration.ts'
import { openSqlite } from './sqlite-store.ts'
import type { Store } from './store.ts'

export type StoreConfig =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly poolSize: number }

export interface OpenStoreOptions {
  /** True brings the schema to the newest version first; false refuses a database that is not there yet. */
  readonly migrate: boolean
  /** True for `serve`: on SQLite a second server on the same folder is refused. No meaning on PostgreSQL. */
  readonly exclusive: boolean
  /** Hears of lost connections and the like; without it they are logged as warnings. */
  readonly log?: Pick<Logger, 'warn'>
}

/**
 * Opens the store the configuration names, with its schema checked or brought up to date.
 * @throws Error with a sentence for the operator: folder in use, schema newer than the program, database not reachable
 */
export const openStore = async (config: StoreConfig, options: OpenStoreOptions): Promise<Store> => {
  const { store, migration } = engineOf(config, options)
  try {
    await migrate(migration, { apply: options.migrate, clock: systemClock })
    return store
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
}

const engineOf = (
  config: StoreConfig,
  options: OpenStoreOptions,
): { store: Store; migration: MigrationTarget } => {
  switch (config.kind) {
    case 'sqlite':
      return {
        store: openSqlite({ file: config.file, exclusive: options.exclusive }),
        migration: sqliteMigration(config.file),
      }
    case 'postgres':
      return {
        store: openPostgres({
          url: config.url,
          poolSize: config.poolSize,
          log: options.log ?? createLog('warn'),
        }),
        migration: postgresMigration(config.url),
      }
  }
}
