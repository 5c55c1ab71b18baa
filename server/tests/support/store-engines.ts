import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { openStore, type StoreConfig } from '../../src/platform/store/open-store.ts'
import type { Store } from '../../src/platform/store/store.ts'
import { skipUnless } from './components.ts'
import { usePostgres } from './postgres.ts'

export interface TestEngine {
  readonly name: Store['engine']
  /** Configuration of a new, empty database, cleared away after the suite. */
  freshConfig(): Promise<StoreConfig>
  /** A store on a new database with the newest schema, closed after the suite. */
  freshStore(): Promise<Store>
}

/** Runs the same suite once on SQLite and once on PostgreSQL (skipped with a reason where that is not installed). */
export const onEachEngine = (title: string, suite: (engine: TestEngine) => void): void => {
  for (const name of ['sqlite', 'postgres'] as const) {
    const options = name === 'postgres' ? skipUnless('postgresql') : {}
    describe(`${title} on ${name}`, options, () => {
      const cleanup = new AsyncDisposableStack()
      let freshConfig: () => Promise<StoreConfig> = () =>
        Promise.reject(new Error('only inside a test'))
      before(async () => {
        freshConfig =
          name === 'sqlite' ? await sqliteConfigs(cleanup) : await postgresConfigs(cleanup)
      })
      after(() => cleanup.disposeAsync())
      suite({
        name,
        freshConfig: () => freshConfig(),
        freshStore: async () =>
          cleanup.use(await openStore(await freshConfig(), { migrate: true, exclusive: true })),
      })
    })
  }
}

const sqliteConfigs = async (cleanup: AsyncDisposableStack) => {
  const folder = await mkdtemp(join(tmpdir(), 'melzi-store-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  let count = 0
  return async (): Promise<StoreConfig> => {
    count += 1
    return { kind: 'sqlite', file: join(folder, String(count), 'melzi.db') }
  }
}

const postgresConfigs = async (cleanup: AsyncDisposableStack) => {
  const server = cleanup.use(await usePostgres())
  return async (): Promise<StoreConfig> => {
    const database = cleanup.use(await server.createDatabase())
    return { kind: 'postgres', url: database.url, poolSize: 8 }
  }
}
