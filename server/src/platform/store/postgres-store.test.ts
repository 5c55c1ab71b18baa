import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { skipUnless } from '../../../tests/support/components.ts'
import { usePostgres } from '../../../tests/support/postgres.ts'
import { AppError } from '../errors.ts'
import { openStore } from './open-store.ts'
import { openPostgres } from './postgres-store.ts'
import type { Store } from './store.ts'

const unavailable = (error: unknown) =>
  error instanceof AppError &&
  error.status === 503 &&
  /database cannot be reached/.test(error.message)

describe('PostgreSQL store', skipUnless('postgresql'), () => {
  const cleanup = new AsyncDisposableStack()
  const warnings: string[] = []
  const log = { warn: (...args: unknown[]) => void warnings.push(String(args[1])) }
  let url = ''
  let store: Store
  let admin: Client
  before(async () => {
    const server = cleanup.use(await usePostgres())
    url = cleanup.use(await server.createDatabase()).url
    store = cleanup.use(
      await openStore(
        { kind: 'postgres', url, poolSize: 3 },
        { migrate: true, exclusive: true, log },
      ),
    )
    admin = new Client({ connectionString: url })
    await admin.connect()
    cleanup.defer(() => admin.end())
  })
  after(() => cleanup.disposeAsync())

  const cutConnections = () =>
    admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'melzi' and datname = current_database()",
    )

  it('names its connections, keeps them within the pool, and prepares each text once', async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        store.get('select cast(?1 as bigint) as n', [index]),
      ),
    )
    const { rows } = await admin.query(
      "select count(*) as n from pg_stat_activity where application_name = 'melzi' and datname = current_database()",
    )
    assert.equal(Number(rows[0].n), 3)
    const prepared = await store.write('look', (tx) =>
      tx.all("select name from pg_prepared_statements where statement like '%as bigint) as n'"),
    )
    assert.equal(prepared.length, 1)
  })

  it('comes back after its connections were cut, and warns', async () => {
    await cutConnections()
    await sleep(50)
    assert.deepEqual(await store.get('select 1 as one'), { one: 1 })
    assert.ok(warnings.includes('a connection to PostgreSQL is lost'))
  })

  it('tells a unit that lost its connection, keeps nothing of it, and goes on', async () => {
    const sql = "insert into workspaces (id, name, created_at) values ('lost', 'lost', 1)"
    const lost = store.write('lost', async (tx) => {
      await tx.run(sql)
      await tx.all('select pg_sleep(5)')
    })
    const [outcome] = await Promise.allSettled([lost, sleep(100).then(cutConnections)])
    assert.ok(outcome.status === 'rejected' && unavailable(outcome.reason))
    assert.deepEqual(await store.all('select id from workspaces'), [])
    assert.equal(await store.write('again', (tx) => tx.run(sql)), 1)
  })

  it('listens again after its connection was cut', async () => {
    const heard: string[] = []
    const stop = store.listen('again', (payload) => heard.push(payload))
    const hear = async (payload: string) => {
      for (let i = 0; i < 200 && !heard.includes(payload); i += 1) {
        store.notify('again', payload)
        await sleep(20)
      }
      assert.ok(heard.includes(payload))
    }
    await hear('before')
    await cutConnections()
    await hear('after')
    stop()
  })

  it('reaches other nodes', async () => {
    await using other = openPostgres({ url, poolSize: 1, log })
    const heard: string[] = []
    other.listen('nodes', (payload) => heard.push(payload))
    for (let i = 0; i < 100 && heard.length === 0; i += 1) {
      store.notify('nodes', 'hello')
      await sleep(20)
    }
    assert.equal(heard[0], 'hello')
  })

  it('claims each row once when two nodes claim at the same time', async () => {
    await using other = openPostgres({ url, poolSize: 3, log })
    await store.write('jobs', (tx) =>
      tx.run(
        "insert into workspaces (id, name, created_at) select 'job' || n, 'queued', n from generate_series(1, 100) as n",
      ),
    )
    const claim = (node: Store) =>
      node.write('claim', (tx) =>
        tx.get<{ id: string }>(
          "update workspaces set name = 'claimed' where id = (select id from workspaces where name = 'queued' order by created_at limit 1 for update skip locked) returning id",
        ),
      )
    const claimed = await Promise.all(
      Array.from({ length: 100 }, (_, index) => claim(index % 2 === 0 ? store : other)),
    )
    assert.equal(new Set(claimed.map((row) => row?.id)).size, 100)
  })

  it('says when there is no server, on opening and on use', async () => {
    const nowhere = 'postgres://melzi@127.0.0.1:1/melzi'
    await assert.rejects(
      openStore(
        { kind: 'postgres', url: nowhere, poolSize: 1 },
        { migrate: true, exclusive: true, log },
      ),
      unavailable,
    )
    await using offline = openPostgres({ url: nowhere, poolSize: 1, log })
    await assert.rejects(offline.ping(), unavailable)
    await assert.rejects(
      offline.write('any', (tx) => tx.run('select 1')),
      unavailable,
    )
  })
})
