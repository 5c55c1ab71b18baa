import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { openStore } from './open-store.ts'
import { openSqlite } from './sqlite-store.ts'
import type { Store, Tx } from './store.ts'

const insert =
  (id: string, name = 'name') =>
  (tx: Tx) =>
    tx.run('insert into workspaces (id, name, created_at) values (?1, ?2, 1)', [id, name])

describe('SQLite store', () => {
  let folder = ''
  let file = ''
  let store: Store
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'melzi-sqlite-'))
    file = join(folder, 'melzi.db')
    store = await openStore({ kind: 'sqlite', file }, { migrate: true, exclusive: true })
  })
  after(async () => {
    await store[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('writes durably: WAL with full synchronisation, foreign keys on', async () => {
    const settings = await store.write('settings', async (tx) => [
      await tx.get('pragma journal_mode'),
      await tx.get('pragma synchronous'),
      await tx.get('pragma foreign_keys'),
    ])
    assert.deepEqual(settings, [{ journal_mode: 'wal' }, { synchronous: 2 }, { foreign_keys: 1 }])
  })

  it('keeps its files from other users', async () => {
    for (const suffix of ['', '-wal'])
      assert.equal((await stat(`${file}${suffix}`)).mode & 0o777, 0o600)
  })

  it('names the file that is no database', async () => {
    const wrong = join(folder, 'wrong.db')
    await writeFile(wrong, 'not a database, but long enough to be looked at as one. '.repeat(40))
    assert.throws(
      () => openSqlite({ file: wrong, exclusive: true }),
      /wrong\.db cannot be opened: file is not a database/,
    )
    await writeFile(wrong, '')
    await using opened = openSqlite({ file: wrong, exclusive: true })
    await opened.ping()
  })

  it('reads on a connection that cannot write', async () => {
    await assert.rejects(
      store.all("insert into workspaces (id, name, created_at) values ('r', 'r', 1)"),
      /readonly/,
    )
  })

  it('commits the units of one turn together', async () => {
    const other = new DatabaseSync(file, { readOnly: true })
    const count = () =>
      Number(other.prepare("select count(*) as n from workspaces where id like 'g-%'").get()?.['n'])
    const seen: number[] = []
    const units = ['g-1', 'g-2', 'g-3'].map((id) =>
      store.write('group', async (tx) => {
        await insert(id)(tx)
        seen.push(count())
      }),
    )
    await Promise.race(units)
    assert.deepEqual(seen, [0, 0, 0], 'nothing was committed before the last of them had run')
    assert.equal(count(), 3, 'everything was committed before the first was acknowledged')
    await Promise.all(units)
    other.close()
  })

  it('acknowledges what it kept and nothing else when the disk is full', async () => {
    const [limit] = await store.write('limit', (tx) =>
      tx.all<{ max_page_count: number }>('pragma max_page_count = 400'),
    )
    const outcomes = await Promise.allSettled([
      store.write('small', insert('full-1')),
      store.write('large', insert('full-2', 'x'.repeat(4_000_000))),
      store.write('small', insert('full-3')),
    ])
    const rows = await store.all<{ id: string }>(
      "select id from workspaces where id like 'full-%' order by id",
    )
    const acknowledged = ['full-1', 'full-2', 'full-3'].filter(
      (_, index) => outcomes[index]?.status === 'fulfilled',
    )
    assert.deepEqual(
      rows.map((row) => row.id),
      acknowledged,
    )
    assert.equal(outcomes[1]?.status, 'rejected')
    assert.notEqual(limit, undefined)
    await store.write('limit', (tx) => tx.all('pragma max_page_count = 1000000'))
    assert.equal(await store.write('after', insert('full-4')), 1)
  })

  it('rejects every unit of a batch whose commit fails, and goes on', async () => {
    // A deferred key is checked by COMMIT, so this one fails there.
    const orphan = async (tx: Tx) => {
      await tx.run('pragma defer_foreign_keys = on')
      await tx.run(
        "insert into memberships (workspace_id, person_id, role, created_at) values ('no', 'no', 'owner', 1)",
      )
    }
    const outcomes = await Promise.allSettled([
      store.write('good', insert('commit-1')),
      store.write('orphan', orphan),
    ])
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status),
      ['rejected', 'rejected'],
    )
    assert.equal(await store.get("select id from workspaces where id = 'commit-1'"), null)
    assert.equal(await store.write('after', insert('commit-2')), 1)
  })

  it('waits for another process’s write without holding up the event loop, and not for ever', async () => {
    await using patient = openSqlite({ file, exclusive: false, busyTimeoutMs: 200 })
    const other = new DatabaseSync(file)
    other.exec('begin immediate')
    const write = (id: string) => patient.write('busy', insert(id))
    const waiting = Promise.allSettled(['busy-1', 'busy-2'].map(write))
    const started = performance.now()
    await sleep(20)
    assert.ok(performance.now() - started < 150, 'a timer came in time')
    for (const outcome of await waiting) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof AppError)
      assert.equal(outcome.reason.status, 503)
    }
    const late = write('busy-3')
    await sleep(20)
    other.exec('rollback')
    other.close()
    assert.equal(await late, 1)
    assert.deepEqual(await store.all("select id from workspaces where id like 'busy-%'"), [
      { id: 'busy-3' },
    ])
  })
})
