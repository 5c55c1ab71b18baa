import { systemClock } from '../clock.ts'
import { migrate } from './migrator.ts'
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
}

/**
 * Opens the store the configuration names, with its schema checked or brought up to date.
 * @throws Error with a sentence for the operator: folder in use, schema newer than the program, database not reachable
 */
export const openStore = async (config: StoreConfig, options: OpenStoreOptions): Promise<Store> => {
  if (config.kind === 'postgres') throw new Error('not yet')
  const store = openSqlite({ file: config.file, exclusive: options.exclusive })
  try {
    await migrate(sqliteMigration(config.file), { apply: options.migrate, clock: systemClock })
    return store
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
}
