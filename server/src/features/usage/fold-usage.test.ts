import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Principal } from '../../platform/principal.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { noteUsage } from './entry-store.ts'
import { foldUsage } from './fold-usage.ts'
import { spentBy } from './quota-store.ts'

const NOON = Date.parse('2026-11-25T12:00:00Z') / 1000

const fill = (store: Store, owner: Principal, count: number, at = NOON) =>
  store.write('test.fill', async (tx) => {
    for (let i = 0; i < count; i += 1) {
      await noteUsage(tx, {
        by: {
          workspaceId: owner.workspaceId,
          personId: owner.personId,
          keyId: i % 3 === 0 ? null : owner.keyId,
          assistantId: i % 2 === 0 ? 'asst_1' : null,
          runId: null,
        },
        source: `step_${at}_${i}`,
        kind: 'run',
        model: 'm',
        tokens: { promptTokens: 10, completionTokens: 5, cachedTokens: 4, reasoningTokens: 1 },
        estimated: i % 5 === 0,
        ms: 2,
        at: at + i,
      })
    }
  })

const totals = async (store: Store) => {
  const read = (sql: string) => store.get<Record<string, number | string>>(sql)
  const sums = `sum(prompt_tokens) as p, sum(completion_tokens) as c, sum(cached_tokens) as k, sum(model_calls) as n, sum(ms) as ms`
  const hours = await read(`select ${sums} from usage_hours`)
  const tail = await read(`select ${sums} from usage_entries where folded = 0`)
  return ['p', 'c', 'k', 'n', 'ms'].map(
    (name) => Number(hours?.[name] ?? 0) + Number(tail?.[name] ?? 0),
  )
}

/** A store whose units die after so many statements, as a process that is killed. */
const dying = (store: Store, statements: number): Store => ({
  engine: store.engine,
  all: (sql, params) => store.all(sql, params),
  get: (sql, params) => store.get(sql, params),
  notify: (channel, payload) => store.notify(channel, payload),
  listen: (channel, heard) => store.listen(channel, heard),
  ping: () => store.ping(),
  write: (name, unit) =>
    store.write(name, (tx) => {
      let left = statements
      const count = <T>(work: () => Promise<T>): Promise<T> => {
        left -= 1
        return left < 0 ? Promise.reject(new Error('killed')) : work()
      }
      const dead: Tx = {
        engine: tx.engine,
        all: (sql, params) => count(() => tx.all(sql, params)),
        get: (sql, params) => count(() => tx.get(sql, params)),
        run: (sql, params) => count(() => tx.run(sql, params)),
      }
      return unit(dead)
    }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
})

onEachEngine('folding the ledger', (engine) => {
  it('changes no sum, whoever folds at once and wherever one is killed', async () => {
    await using home = await openFeatureStore(engine)
    const { store } = home
    const owner = await home.person()
    await fill(store, owner, 600)
    const other = await home.person()
    await fill(store, other, 10, NOON + 86_400)
    const all = [6100, 3050, 2440, 610, 1220]
    assert.deepEqual(await totals(store), all)
    for (const statements of [1, 2, 4]) {
      await assert.rejects(foldUsage(dying(store, statements), NOON + 100), /killed/)
      assert.deepEqual(await totals(store), all)
    }
    assert.equal(await foldUsage(store, NOON + 100), 100)
    assert.deepEqual(await totals(store), all)
    // An entry that comes late, and the same again, which is none.
    await fill(store, owner, 20, NOON - 3_600)
    await fill(store, owner, 20, NOON - 3_600)
    const more = all.map((sum, at) => sum + ([200, 100, 80, 20, 40][at] ?? 0))
    await Promise.all([1, 2, 3].map(() => foldUsage(store, NOON + 200_000)))
    assert.deepEqual(await totals(store), more)
    assert.equal(await foldUsage(store, NOON + 200_000), 0)
    const left = await store.all('select source from usage_entries where folded = 0')
    assert.equal(left.length, 0)
    const hours = await store.all<{ hour: number; micros: null }>('select * from usage_hours')
    assert.ok(hours.every(({ hour, micros }) => hour % 3600 === 0 && micros === null))
  })

  it('gives quotas the same sums before and after', async () => {
    await using home = await openFeatureStore(engine)
    const { store } = home
    const owner = await home.person()
    await fill(store, owner, 60)
    await fill(store, owner, 60, NOON - 86_400)
    const { workspaceId, personId, keyId } = owner
    assert.ok(keyId !== null)
    const subjects = [
      { kind: 'workspace', id: workspaceId },
      { kind: 'person', id: personId },
      { kind: 'key', id: keyId },
      { kind: 'assistant', id: 'asst_1' },
    ] as const
    const spent = async () =>
      (await spentBy(store, workspaceId, subjects, (NOON + 60) * 1000, '')).map(
        ({ used }) => used.tokens,
      )
    assert.deepEqual(await spent(), [900, 900, 600, 450])
    await foldUsage(store, NOON + 30)
    assert.deepEqual(await spent(), [900, 900, 600, 450])
    await foldUsage(store, NOON + 60)
    assert.deepEqual(await spent(), [900, 900, 600, 450])
  })
})
