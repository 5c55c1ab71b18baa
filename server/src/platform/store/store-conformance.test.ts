import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { AppError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { Store, Tx } from './store.ts'
import { isUniqueViolation } from './violations.ts'

const INSERT = 'insert into workspaces (id, name, created_at) values (?1, ?2, ?3)'
const insert =
  (id: string, name = 'name', at = 1) =>
  (tx: Tx) =>
    tx.run(INSERT, [id, name, at])
const names = async (store: Store, like: string) =>
  (
    await store.all<{ id: string }>('select id from workspaces where id like ?1 order by id', [
      like,
    ])
  ).map((row) => row.id)

onEachEngine('store', (engine) => {
  let store: Store
  before(async () => void (store = await engine.freshStore()))

  describe('write units', () => {
    it('are visible to every reader once they resolve, and give what the unit gives', async () => {
      assert.equal(await store.write('insert', insert('seen')), 1)
      assert.deepEqual(
        await store.get('select id, name, created_at from workspaces where id = ?1', ['seen']),
        {
          id: 'seen',
          name: 'name',
          created_at: 1,
        },
      )
      assert.equal(await store.get('select id from workspaces where id = ?1', ['unseen']), null)
      assert.deepEqual(await store.all('select id from workspaces where id = ?1', ['unseen']), [])
    })

    it('read their own writes, which nobody else sees before the commit', async () => {
      const read = await store.write('read own', async (tx) => {
        await tx.run(INSERT, ['own', 'first', 1])
        const changed = await tx.get(
          "update workspaces set name = 'second' where id = ?1 returning name",
          ['own'],
        )
        return [changed, await tx.all('select name from workspaces where id = ?1', ['own'])]
      })
      assert.deepEqual(read, [{ name: 'second' }, [{ name: 'second' }]])
    })

    it('that fail take nothing of their batch with them', async () => {
      const oops = new Error('oops')
      const results = await Promise.allSettled([
        store.write('good', insert('batch-1')),
        store.write('throws', async (tx) => {
          await insert('batch-2')(tx)
          throw oops
        }),
        store.write('unique', async (tx) => {
          await insert('batch-3')(tx)
          await insert('batch-1')(tx)
        }),
        store.write('throws at once', () => {
          throw oops
        }),
        store.write('good too', insert('batch-4')),
      ])
      assert.deepEqual(
        results.map((result) => result.status),
        ['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled'],
      )
      for (const index of [1, 3])
        assert.equal((results[index] as PromiseRejectedResult).reason, oops)
      assert.deepEqual(await names(store, 'batch-%'), ['batch-1', 'batch-4'])
    })

    it('run 200 at a time without losing a change', async () => {
      await store.write('counter', insert('counter', 'counter', 0))
      const seen = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          store.write('count', async (tx) => {
            await insert(`many-${index}`)(tx)
            return tx.get<{ at: number }>(
              'update workspaces set created_at = created_at + 1 where id = ?1 returning created_at as at',
              ['counter'],
            )
          }),
        ),
      )
      assert.equal(new Set(seen.map((row) => row?.at)).size, 200)
      assert.equal((await names(store, 'many-%')).length, 200)
    })

    it('that read a row and then change it lose no update', async () => {
      await store.write('counter', insert('read-then-write', 'counter', 0))
      await Promise.all(
        Array.from({ length: 40 }, () =>
          store.write('count', async (tx) => {
            const row = await tx.get<{ at: number }>(
              'select created_at as at from workspaces where id = ?1',
              ['read-then-write'],
            )
            await tx.run('update workspaces set created_at = ?2 where id = ?1', [
              'read-then-write',
              (row?.at ?? 0) + 1,
            ])
          }),
        ),
      )
      const row = await store.get('select created_at as at from workspaces where id = ?1', [
        'read-then-write',
      ])
      assert.deepEqual(row, { at: 40 })
    })

    it('that read only what they lock wait for their turn, and none runs twice', async () => {
      await store.write('turn', insert('turn', 'turns', 0))
      let runs = 0
      const counts = await Promise.all(
        Array.from({ length: 200 }, () =>
          store.write(
            'take a turn',
            async (tx) => {
              runs += 1
              const row = await tx.get<{ created_at: number }>(
                'update workspaces set created_at = created_at where id = ?1 returning created_at',
                ['turn'],
              )
              const next = (row?.created_at ?? 0) + 1
              await tx.run('update workspaces set created_at = ?2 where id = ?1', ['turn', next])
              return next
            },
            { readsOnlyLocked: true },
          ),
        ),
      )
      assert.equal(runs, 200)
      assert.deepEqual(
        counts.toSorted((a, b) => a - b),
        Array.from({ length: 200 }, (_, at) => at + 1),
      )
    })

    it('may issue statements side by side', async () => {
      const changed = await store.write('side by side', (tx) =>
        Promise.all(['side-1', 'side-2', 'side-3'].map((id) => insert(id)(tx))),
      )
      assert.deepEqual(changed, [1, 1, 1])
      await assert.rejects(
        store.write('side by side', (tx) =>
          Promise.all(['side-4', 'side-1', 'side-5'].map((id) => insert(id)(tx))),
        ),
        isUniqueViolation,
      )
      assert.deepEqual(await names(store, 'side-%'), ['side-1', 'side-2', 'side-3'])
    })

    it('count the rows they change', async () => {
      const counts = await store.write('counts', async (tx) => [
        await tx.run('update workspaces set name = name where id = ?1', ['nobody']),
        await tx.run(
          'insert into workspaces (id, name, created_at) values (?1, ?2, 1), (?3, ?2, 1)',
          ['c-1', 'n', 'c-2'],
        ),
        await tx.run(`${INSERT} on conflict do nothing`, ['c-1', 'n', 1]),
        await tx.run("delete from workspaces where id in ('c-1', 'c-2')"),
      ])
      assert.deepEqual(counts, [0, 2, 0, 2])
    })

    it('show a unique violation by a marker, also when the unit caught it', async () => {
      await store.write('first', insert('twice'))
      const errors = await Promise.all(
        [
          insert('twice'),
          async (tx: Tx) => {
            await insert('twice')(tx).catch(() => 0)
            return 0
          },
        ].map((unit) =>
          store.write('again', unit).then(
            () => null,
            (error: unknown) => error,
          ),
        ),
      )
      for (const error of errors) assert.equal(isUniqueViolation(error), true)
      const foreign = await store
        .write('orphan', (tx) =>
          tx.run(
            "insert into memberships (workspace_id, person_id, role, created_at) values ('no', 'no', 'owner', 1)",
          ),
        )
        .catch((error: unknown) => error)
      assert.ok(foreign instanceof Error, 'foreign keys are enforced')
      assert.equal(isUniqueViolation(foreign), false)
    })
  })

  describe('a write unit that waits for something else', () => {
    const waits: [string, (tx: Tx) => Promise<unknown>][] = [
      ['a timer', () => sleep(20)],
      ['a tick', () => new Promise<void>((resolve) => process.nextTick(resolve))],
      ['a file', () => readFile(import.meta.filename)],
      ['nothing that ever comes', () => new Promise(() => undefined)],
    ]
    for (const [what, wait] of waits) {
      it(`is rolled back and named: ${what}`, async () => {
        const late: unknown[] = []
        const unit = async (tx: Tx) => {
          await insert(`stuck-${what}`)(tx)
          await wait(tx)
          await tx.run('delete from workspaces').catch((error: unknown) => late.push(error))
        }
        const [stuck, next] = await Promise.allSettled([
          store.write('waits', unit),
          store.write('next', insert(`next-${what}`)),
        ])
        assert.match(
          String((stuck as PromiseRejectedResult).reason),
          /write unit "waits" waits for something other/,
        )
        assert.equal(next.status, 'fulfilled', 'the next unit is not held up')
        await sleep(40)
        if (what !== 'nothing that ever comes')
          assert.match(String(late[0]), /used after the unit's end/)
        assert.deepEqual(await names(store, `%${what}`), [`next-${what}`])
      })
    }

    it('is told at once when it calls the store itself', async () => {
      const inner: (() => Promise<unknown>)[] = [
        () => store.write('inner', insert('inner')),
        () => store.get('select 1 as one'),
        () => store.all('select 1 as one'),
        async () => store.notify('news', 'x'),
      ]
      for (const call of inner) {
        await assert.rejects(
          store.write('outer', () => call()),
          /write unit "outer" calls the store's (write\("inner"\)|get\(\)|all\(\)|notify\(\)); inside a unit only its Tx/,
        )
      }
      assert.deepEqual(await names(store, 'inner'), [])
    })

    it('must await its last statement', async () => {
      await assert.rejects(
        store.write('floats', async (tx) => {
          void insert('floating')(tx)
        }),
        /write unit "floats" does not await its last statement/,
      )
      assert.deepEqual(await names(store, 'floating'), [])
    })
  })

  describe('values', () => {
    const echo = async (name: string) => {
      const id = newId('ws_')
      await store.write('echo', insert(id, name))
      return (await store.get<{ name: string }>('select name from workspaces where id = ?1', [id]))
        ?.name
    }

    it('keep text: emoji, CJK, quotes, a megabyte of JSON', async () => {
      const json = JSON.stringify({ text: '達哥 "quoted" \\ \u0000 😀'.repeat(40_000) })
      assert.ok(json.length > 1_000_000)
      for (const text of ['😀👩‍👩‍👧', '達哥 한글 ไทย', "it's ?1 $1 \\", '', json])
        assert.equal(await echo(text), text)
    })

    it('refuse a NUL in text as the caller’s mistake', async () => {
      await assert.rejects(
        echo('a\0b'),
        (error) => error instanceof AppError && error.status === 400,
      )
    })

    it('give numbers for int8, sums and counts, up to 2^53', async () => {
      const big = Number.MAX_SAFE_INTEGER
      await store.write('big', insert('big', 'n', big))
      const row = await store.get(
        "select created_at, created_at - 1 as less, count(*) as n, sum(created_at) as total, max(created_at) = ?1 as same from workspaces where id = 'big' group by created_at",
        [big],
      )
      assert.deepEqual(row, { created_at: big, less: big - 1, n: 1, total: big, same: 1 })
      await assert.rejects(
        store.get("select created_at + 1 as x from workspaces where id = 'big'"),
        RangeError,
      )
    })

    it('keep NULL, reals and bytes', async () => {
      const sql =
        'select cast(?1 as text) as t, cast(?1 as bigint) as n, cast(?2 as double precision) as d, cast(?3 as bigint) / 2 as half'
      assert.deepEqual(await store.get(sql, [null, 0.1, 5]), { t: null, n: null, d: 0.1, half: 2 })
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
      const type = engine.name === 'sqlite' ? 'blob' : 'bytea'
      const row = await store.get<{ b: Uint8Array }>(`select cast(?1 as ${type}) as b`, [bytes])
      assert.deepEqual(row?.b, bytes)
    })

    it('may be used for an id, a text and a comparison in one statement', async () => {
      const sql = `insert into workspaces (id, name, created_at)
        select ?1, ?1, 1 + (select count(*) from workspaces where id = ?1) where cast(?2 as text) is null or ?1 > ?2 returning id, name, created_at`
      const row = { id: 'same', name: 'same', created_at: 1 }
      assert.deepEqual(await store.write('same', (tx) => tx.get(sql, ['same', 'rest'])), row)
      const values =
        'insert into workspaces (id, name, created_at) values (?1, ?1, (select max(created_at) from workspaces where id = ?1 or id = ?2))'
      assert.equal(await store.write('again', (tx) => tx.run(values, ['same-2', 'same'])), 1)
    })

    it('order ids bytewise, as they were made', async () => {
      const made = Array.from({ length: 50 }, () => newId('ws_'))
      const ids = ['ws-a', 'ws-B', 'ws-_', 'ws-Z', 'ws-0', ...made].sort()
      for (const id of ids.toReversed()) await store.write('ordered', insert(id, 'ordered'))
      const sql = "select id from workspaces where name = 'ordered'"
      const rows = await store.all<{ id: string }>(`${sql} order by id`)
      assert.deepEqual(
        rows.map((row) => row.id),
        [...ids].sort((a, b) => (a < b ? -1 : 1)),
      )
      const after = await store.all<{ id: string }>(`${sql} and id > ?1 order by id limit ?2`, [
        made[10] ?? '',
        5,
      ])
      assert.deepEqual(
        after.map((row) => row.id),
        made.slice(11, 16),
      )
    })
  })

  describe('notifications', () => {
    it('reach every listener of the channel, this process included, until it stops', async () => {
      const [heard, other, second]: string[][] = [[], [], []]
      const stop = store.listen('runs_ready', (payload) => heard?.push(payload))
      store.listen('runs_ready', (payload) => second?.push(payload))
      store.listen('elsewhere', (payload) => other?.push(payload))
      // On PostgreSQL listening starts a moment later; a wake-up sent before is lost, as it may always be.
      for (let i = 0; i < 100 && (heard?.length === 0 || second?.length === 0); i += 1) {
        store.notify('runs_ready', 'run_1 達')
        await sleep(20)
      }
      assert.equal(heard?.[0], 'run_1 達')
      assert.equal(second?.[0], 'run_1 達')
      assert.deepEqual(other, [])
      stop()
      await sleep(50)
      const [before, all] = [heard?.length, second?.length ?? 0]
      for (const payload of ['a', 'b', 'c']) store.notify('runs_ready', payload)
      for (let i = 0; i < 100 && second?.length !== all + 3; i += 1) await sleep(10)
      assert.deepEqual(second?.slice(-3), ['a', 'b', 'c'])
      assert.equal(heard?.length, before)
    })

    it('are refused when they are messages rather than hints', () => {
      assert.throws(() => store.notify('news', 'x'.repeat(1_001)), /at most 1000 bytes/)
      assert.throws(() => store.notify('news', 'a\0'), /NUL/)
      assert.throws(() => store.notify('News"; drop table', 'x'), /not a channel name/)
      assert.throws(() => store.listen('', () => undefined), /not a channel name/)
    })
  })

  it('answers a ping, finishes what was asked before it closes, and then refuses', async () => {
    const closing = await engine.freshStore()
    await closing.ping()
    const last = closing.write('last', insert('last'))
    const read = closing.get('select 1 as one')
    await closing[Symbol.asyncDispose]()
    assert.equal(await last, 1)
    assert.deepEqual(await read, { one: 1 })
    const refused = (error: unknown) => error instanceof AppError && error.status === 503
    await assert.rejects(closing.write('late', insert('late')), refused)
    await assert.rejects(closing.get('select 1 as one'), refused)
    await assert.rejects(closing.ping(), refused)
  })
})
