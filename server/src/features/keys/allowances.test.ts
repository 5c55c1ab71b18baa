import assert from 'node:assert/strict'
import { it } from 'node:test'
import { asPrincipal } from '../../../tests/support/principal.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { AppError } from '../../platform/errors.ts'
import type { Allowance } from '../../platform/allowance.ts'
import type { CallerLimit, Principal } from '../../platform/principal.ts'
import type { Clock } from '../../platform/clock.ts'
import { openStore } from '../../platform/store/open-store.ts'
import type { Store } from '../../platform/store/store.ts'
import { noteUsage, setLimits } from '../usage/service.ts'
import { createAllowances } from './allowances.ts'

/** What a node says of requests. */
const nodeOf = (store: Store, clock: Clock) => {
  const { take } = createAllowances({ store, clock })
  return { take: async (who: Principal) => (await take(who)).requests }
}

/** Two nodes: on PostgreSQL each with its own connections; on SQLite, where one server owns the folder, on one store. */
const setUp = async (engine: TestEngine) => {
  const stack = new AsyncDisposableStack()
  const config = await engine.freshConfig()
  const open = async () =>
    stack.use(await openStore(config, { migrate: true, exclusive: engine.name === 'sqlite' }))
  const first = await open()
  const stores = [first, engine.name === 'sqlite' ? first : await open()]
  await first.write('test.workspace', (tx) =>
    tx.run('insert into workspaces (id, name, created_at) values (?1, ?1, 1)', ['ws_1']),
  )
  const time = { ms: 1_700_000_000_000 }
  const clock = { now: () => time.ms }
  const nodes = stores.map((store) => nodeOf(counting(store), clock))
  let written = 0
  let asked = 0
  function counting(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name).bind(target) as unknown
        if (name === 'write') written += 1
        else asked += 1
        return method
      },
    })
  }
  return {
    time,
    clock,
    store: first,
    nodes,
    written: () => written,
    asked: () => written + asked,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const caller = (...limits: CallerLimit[]): Principal => ({
  ...asPrincipal({ workspaceId: 'ws_1', personId: 'person_1' }),
  limits,
})
const key = (requestsPerMinute: number, id = 'key_1'): CallerLimit => ({
  kind: 'key',
  id,
  requestsPerMinute,
  tokensPerDay: null,
})
const person = (requestsPerMinute: number): CallerLimit => ({
  ...key(requestsPerMinute, 'person_1'),
  kind: 'person',
})

type Take = (who: Principal) => Promise<Allowance | null>
/** The allowance, or the refusal. */
const ask = (take: Take, who: Principal): Promise<Allowance | null | AppError> =>
  take(who).catch((error: unknown) => {
    if (error instanceof AppError) return error
    throw error
  })

onEachEngine('requests a minute', (engine) => {
  it('pass exactly 500 of 1,000 that come to two nodes at once', async () => {
    await using t = await setUp(engine)
    const asked = Array.from({ length: 1000 }, (_, at) =>
      ask(t.nodes[at % 2]?.take ?? assert.fail(), caller(key(500))),
    )
    const answers = await Promise.all(asked)
    const passed = answers.flatMap((one) => (one instanceof AppError ? [] : [one]))
    assert.equal(passed.length, 500)
    // each has its own number: none was counted twice or not at all
    const left = passed.map((one) => one?.remaining ?? assert.fail())
    assert.deepEqual(
      left.toSorted((a, b) => a - b),
      Array.from({ length: 500 }, (_, at) => at),
    )
    for (const one of answers)
      if (one instanceof AppError) {
        assert.deepEqual([one.status, one.type, one.code], [429, 'requests', 'rate_limit_exceeded'])
        assert.equal(one.headers['retry-after'], '60')
      }
  })

  it('come in one unit where they come at once, and in none once they are known to be too many', async () => {
    await using t = await setUp(engine)
    const [{ take } = assert.fail()] = t.nodes
    await Promise.all(Array.from({ length: 100 }, () => ask(take, caller(key(20)))))
    const units = t.written()
    assert.ok(units <= 3, `${units} units`)
    for (let count = 0; count < 50; count += 1)
      assert.ok((await ask(take, caller(key(20)))) instanceof AppError)
    assert.equal(t.written(), units)
    // a greater limit is seen at once
    assert.equal((await ask(take, caller(key(21)))) instanceof AppError, false)
  })

  it('begin their minute with the first request', async () => {
    await using t = await setUp(engine)
    const [one = assert.fail(), other = assert.fail()] = t.nodes
    assert.deepEqual(await one.take(caller(key(2))), { limit: 2, remaining: 1, resetMs: 60_000 })
    t.time.ms += 59_999
    assert.deepEqual(await other.take(caller(key(2))), { limit: 2, remaining: 0, resetMs: 1 })
    const refused = await ask(one.take, caller(key(2)))
    assert.ok(refused instanceof AppError)
    assert.deepEqual(refused.headers, {
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1ms',
      'retry-after': '1',
    })
    t.time.ms += 1
    assert.deepEqual(await one.take(caller(key(2))), { limit: 2, remaining: 1, resetMs: 60_000 })
  })

  it('count for all limits or for none, and tell the tightest', async () => {
    await using t = await setUp(engine)
    const [{ take } = assert.fail()] = t.nodes
    for (const remaining of [1, 0])
      assert.deepEqual(await take(caller(key(10), person(2))), {
        limit: 2,
        remaining,
        resetMs: 60_000,
      })
    const refused = await ask(take, caller(key(10), person(2)))
    assert.ok(refused instanceof AppError)
    assert.match(refused.message, /of the person of this API key: 2 per minute/)
    // what the person's limit refused was not counted for the key, nor for the person's other key
    assert.equal((await take(caller(key(10))))?.remaining, 7)
    assert.ok((await ask(take, caller(key(10, 'key_2'), person(2)))) instanceof AppError)
    assert.equal((await take(caller(key(10, 'key_2'))))?.remaining, 9)
  })

  it('cost nothing without a limit, and are looked up for who comes without a key', async () => {
    await using t = await setUp(engine)
    const [{ take } = assert.fail()] = t.nodes
    assert.equal(await take(caller()), null)
    assert.equal(t.asked(), 0)
    const session = asPrincipal({ workspaceId: 'ws_1', personId: 'person_1' })
    assert.equal(await take(session), null)
    const limits = { requestsPerMinute: 1, tokensPerDay: null, moneyPerMonth: null }
    await t.store.write('test.limits', (tx) =>
      setLimits(tx, 'ws_1', { kind: 'workspace', id: 'ws_1' }, limits, 1),
    )
    assert.equal((await take(session))?.remaining, 0)
    assert.ok((await ask(take, session)) instanceof AppError)
  })

  it('are not held up by a window that a wrong clock began in the future', async () => {
    await using t = await setUp(engine)
    const [{ take } = assert.fail()] = t.nodes
    t.time.ms += 86_400_000
    await take(caller(key(1)))
    t.time.ms -= 86_400_000
    const { nodes } = t
    assert.equal((await nodes[1]?.take(caller(key(1, 'key_2'))))?.remaining, 0)
    const fresh = nodeOf(t.store, t.clock)
    assert.equal((await fresh.take(caller(key(1))))?.remaining, 0)
  })

  it('of tokens are told by the tightest limit, to a second', async () => {
    await using t = await setUp(engine)
    const { take } = createAllowances({ store: t.store, clock: t.clock })
    const limits = [
      { ...key(10), tokensPerDay: 1000 },
      { ...key(5), kind: 'person' as const, id: 'person_1', tokensPerDay: 1500 },
    ]
    const who = { ...caller(...limits), keyId: 'key_1' }
    // 2023-11-14 22:13:20 UTC
    const resetMs = 6_400_000
    assert.deepEqual((await take(who)).tokens, { limit: 1000, remaining: 1000, resetMs })
    const use = (source: string, keyId: string, tokens: number) =>
      t.store.write('test.use', (tx) =>
        noteUsage(tx, {
          by: {
            workspaceId: 'ws_1',
            personId: 'person_1',
            keyId,
            assistantId: null,
            runId: null,
          },
          source,
          kind: 'chat',
          model: 'm',
          tokens: {
            promptTokens: tokens,
            completionTokens: 0,
            cachedTokens: 0,
            reasoningTokens: 0,
          },
          estimated: false,
          ms: 1,
          at: Math.floor(t.time.ms / 1000),
        }),
      )
    await use('one', 'key_1', 300)
    assert.equal((await take(who)).tokens?.remaining, 1000)
    t.time.ms += 1000
    assert.equal((await take(who)).tokens?.remaining, 700)
    await use('two', 'key_2', 900)
    t.time.ms += 1000
    assert.deepEqual((await take(who)).tokens, {
      limit: 1500,
      remaining: 300,
      resetMs: resetMs - 2000,
    })
    assert.equal((await take(caller(key(10)))).tokens, null)
  })
})
