import type { Config } from '../config/config.ts'
import { prepareDataFolder } from '../config/data-folder.ts'
import { systemClock } from '../platform/clock.ts'
import { migrate, type MigrationTarget } from '../platform/store/migrator.ts'
import { postgresMigration } from '../platform/store/postgres-migration.ts'
import { sqliteMigration } from '../platform/store/sqlite-migration.ts'
import type { Answer } from './answer.ts'

/** Brings the schema to this program's version, under the lock all processes and nodes share. */
export const migrateStore = async ({ data, store }: Config): Promise<Answer> => {
  if (store.kind === 'sqlite') prepareDataFolder(data.dir)
  const target: MigrationTarget =
    store.kind === 'sqlite' ? sqliteMigration(store.file) : postgresMigration(store.url)
  const report = await migrate(target, { apply: true, clock: systemClock })
  const done =
    report.applied.length === 0
      ? `The schema is at version ${report.to} already.`
      : `The schema went from version ${report.from} to ${report.to}: ${report.applied.join(', ')}.`
  return { value: { engine: store.kind, ...report }, text: done }
}
