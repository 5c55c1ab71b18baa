import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { seconds, type Clock } from '../clock.ts'
import type { Reader, Row, SqlValue } from './store.ts'

/** server/migrations */
const FOLDER = fileURLToPath(new URL('../../../migrations/', import.meta.url))
const FILE = /^(\d{4})-([a-z0-9-]+)(?:\.(sqlite|postgres))?\.sql$/

/** What the migrator needs of an engine. */
export interface MigrationTarget {
  readonly engine: Reader['engine']
  /** Runs the work in one transaction, alone among all processes and nodes; rolls back when it throws. */
  exclusively<T>(work: (session: MigrationSession) => Promise<T>): Promise<T>
}

export interface MigrationSession {
  /** Runs several statements. */
  script(sql: string): Promise<void>
  /** Runs one statement written with `?1`. */
  all(sql: string, params?: readonly SqlValue[]): Promise<Row[]>
}

interface Migration {
  readonly version: number
  readonly name: string
  readonly sql: string
  readonly sha256: string
}

export interface MigrationReport {
  /** Version found; 0 for an empty database. */
  readonly from: number
  readonly to: number
  /** File names applied now. */
  readonly applied: readonly string[]
}

/**
 * Brings the database to the newest version, forward only, all pending files in one transaction.
 * @param options.apply false only checks that nothing is pending
 * @throws Error when the database is newer than this program, when an applied file was changed, or when files are pending and not to
 * be applied
 */
export const migrate = async (
  target: MigrationTarget,
  options: { apply: boolean; clock: Clock; folder?: string },
): Promise<MigrationReport> => {
  const migrations = await readMigrations(options.folder ?? FOLDER, target.engine)
  return target.exclusively(async (session) => {
    await session.script(
      'create table if not exists schema_migrations (version bigint primary key, name text not null, sha256 text not null, applied_at bigint not null)',
    )
    const rows = await session.all(
      'select version, name, sha256 from schema_migrations order by version',
    )
    const from = checkApplied(rows, migrations)
    const pending = migrations.filter((migration) => migration.version > from)
    if (pending.length > 0 && !options.apply) {
      throw new Error(
        `The database is at version ${from}, this program needs ${migrations.length}. Run \`melzi migrate\` or start the server.`,
      )
    }
    for (const { version, name, sql, sha256 } of pending) {
      try {
        await session.script(sql)
      } catch (cause) {
        throw new Error(`Migration ${name} failed; the database stays at version ${from}.`, {
          cause,
        })
      }
      await session.all(
        'insert into schema_migrations (version, name, sha256, applied_at) values (?1, ?2, ?3, ?4)',
        [version, name, sha256, seconds(options.clock.now())],
      )
    }
    return { from, to: migrations.length, applied: pending.map((migration) => migration.name) }
  })
}

/** The version the database is at, after looking at every row of `schema_migrations`. */
const checkApplied = (rows: readonly Row[], migrations: readonly Migration[]): number => {
  for (const row of rows) {
    const version = Number(row['version'])
    const known = migrations[version - 1]
    if (known === undefined) {
      throw new Error(
        `The database is at version ${rows.length}, made by a newer Melzi; this program knows versions up to ${migrations.length}. Start the newer program, or restore a backup made before the upgrade.`,
      )
    }
    if (known.sha256 !== row['sha256']) {
      throw new Error(
        `Migration ${known.name} was changed after it was applied to this database (as ${String(row['name'])}). Put the file back; changes belong in a new migration.`,
      )
    }
  }
  return rows.length
}

/** The engine's files in order: `0001-name.sql` for both, or `0001-name.sqlite.sql` beside `0001-name.postgres.sql`. */
const readMigrations = async (folder: string, engine: Reader['engine']): Promise<Migration[]> => {
  const migrations: Migration[] = []
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  for (const name of names) {
    const match = FILE.exec(name)
    if (match === null) throw new Error(`Migration ${name} is not named like 0001-first.sql`)
    if (match[3] !== undefined && match[3] !== engine) continue
    const version = Number(match[1])
    if (version !== migrations.length + 1) {
      throw new Error(
        `Migration ${name} should be number ${migrations.length + 1} of ${engine}: one file each, no gap`,
      )
    }
    const sql = await readFile(`${folder}/${name}`, 'utf8')
    migrations.push({ version, name, sql, sha256: createHash('sha256').update(sql).digest('hex') })
  }
  return migrations
}
