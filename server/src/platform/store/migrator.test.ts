import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { migrate, type MigrationTarget } from './migrator.ts'
import { openStore, type StoreConfig } from './open-store.ts'
import { postgresMigration } from './postgres-migration.ts'
import { sqliteMigration } from './sqlite-migration.ts'

const targetOf = (config: StoreConfig): MigrationTarget =>
  config.kind === 'sqlite' ? sqliteMigration(config.file) : postgresMigration(config.url)
const clock = { now: () => 1_700_000_000_999 }
const PETS = 'create table pets (id id_text primary key); create index pets_by_id on pets (id);'

/** A folder of migrations that goes away at the end of the test. */
const files = async (contents: Record<string, string>) => {
  const folder = await mkdtemp(join(tmpdir(), 'melzi-migrations-'))
  const write = async (more: Record<string, string>) => {
    for (const [name, sql] of Object.entries(more)) await writeFile(join(folder, name), sql)
  }
  await write(contents)
  return { folder, write, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

onEachEngine('migrator', (engine) => {
  it('applies what is pending once, and writes down what it did', async () => {
    await using migrations = await files({ '0001-first.sql': PETS })
    const config = await engine.freshConfig()
    const run = () => migrate(targetOf(config), { apply: true, clock, folder: migrations.folder })
    assert.deepEqual(await run(), { from: 0, to: 1, applied: ['0001-first.sql'] })
    assert.deepEqual(await run(), { from: 1, to: 1, applied: [] })
    await migrations.write({
      '0002-second.sqlite.sql': 'alter table pets add column sqlite bigint',
      '0002-second.postgres.sql': 'alter table pets add column postgres bigint',
    })
    assert.deepEqual(await run(), { from: 1, to: 2, applied: [`0002-second.${engine.name}.sql`] })
    const rows = await targetOf(config).exclusively(async (session) => [
      await session.all(
        'select version, name, applied_at from schema_migrations where version = ?1',
        [2],
      ),
      await session.all(`select ${engine.name} from pets`),
    ])
    assert.deepEqual(
      rows.flat().map((row) => [Number(row['version']), row['name'], Number(row['applied_at'])]),
      [[2, `0002-second.${engine.name}.sql`, 1_700_000_000]],
    )
  })

  it('lets several nodes start at once', async () => {
    const config = await engine.freshConfig()
    await using stores = new AsyncDisposableStack()
    const opened = await Promise.all(
      Array.from({ length: 4 }, () => openStore(config, { migrate: true, exclusive: false })),
    )
    for (const store of opened) stores.use(store)
    for (const store of opened) assert.deepEqual(await store.all('select id from workspaces'), [])
  })

  it('refuses a database of a newer program, and one whose files were changed', async () => {
    const config = await engine.freshConfig()
    await using newer = await files({
      '0001-first.sql': PETS,
      '0002-second.sql': 'create table toys (id id_text)',
    })
    await migrate(targetOf(config), { apply: true, clock, folder: newer.folder })
    await using older = await files({ '0001-first.sql': PETS })
    await assert.rejects(
      migrate(targetOf(config), { apply: true, clock, folder: older.folder }),
      /database is at version 2, made by a newer Melzi; this program knows versions up to 1/,
    )
    await newer.write({ '0001-first.sql': `${PETS} -- tidied` })
    await assert.rejects(
      migrate(targetOf(config), { apply: true, clock, folder: newer.folder }),
      /0001-first.sql was changed after it was applied/,
    )
  })

  it('leaves the database as it was when a file fails', async () => {
    const config = await engine.freshConfig()
    await using migrations = await files({
      '0001-first.sql': PETS,
      '0002-second.sql': 'create table x (y bigint); nonsense',
    })
    const run = () => migrate(targetOf(config), { apply: true, clock, folder: migrations.folder })
    await assert.rejects(run(), /Migration 0002-second.sql failed; the database stays at version 0/)
    await migrations.write({ '0002-second.sql': 'create table x (y bigint)' })
    assert.deepEqual(await run(), {
      from: 0,
      to: 2,
      applied: ['0001-first.sql', '0002-second.sql'],
    })
  })

  it('only checks when it is told so', async () => {
    const config = await engine.freshConfig()
    await assert.rejects(
      openStore(config, { migrate: false, exclusive: false }),
      /version 0, this program needs \d+\. Run `melzi migrate`/,
    )
    await (await openStore(config, { migrate: true, exclusive: true }))[Symbol.asyncDispose]()
    await using store = await openStore(config, { migrate: false, exclusive: false })
    await store.ping()
  })

  it('refuses files it cannot order', async () => {
    const config = await engine.freshConfig()
    for (const [name, message] of [
      ['first.sql', /not named like/],
      ['0001-First.sql', /not named like/],
      ['0003-third.sql', /should be number 2/],
      [`0001-other.${engine.name}.sql`, /should be number/],
    ] as const) {
      await using migrations = await files({ '0001-zero.sql': PETS, [name]: PETS })
      await assert.rejects(
        migrate(targetOf(config), { apply: true, clock, folder: migrations.folder }),
        message,
      )
    }
  })
})
