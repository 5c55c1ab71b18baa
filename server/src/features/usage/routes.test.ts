import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { it } from 'node:test'
import {
  LimitList,
  LimitObject,
  OwnUsage,
  PriceListObject,
  UsageReport,
} from '@melzi/contract/usage.ts'
import { createApp } from '../../app.ts'
import { readConfig } from '../../config/config.ts'
import { createContext } from '../../context.ts'
import { newId } from '../../platform/ids.ts'
import { makeKey } from '../../../tests/support/key-service.ts'
import { asPrincipal } from '../../../tests/support/principal.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { noteUsage } from './entry-store.ts'
import { foldUsage } from './fold-usage.ts'

const DAY = Date.parse('2026-11-25T00:00:00Z') / 1000
const clock = { now: () => (DAY + 12 * 3600) * 1000 }

/** Lists by their first value. */
const byFirst = ([a]: readonly unknown[], [b]: readonly unknown[]): number =>
  String(a) < String(b) ? -1 : 1

type Role = 'owner' | 'admin' | 'member' | 'guest'

const boot = async (engine: TestEngine) => {
  const stack = new AsyncDisposableStack()
  const dir = await mkdtemp(path.join(tmpdir(), 'melzi-usage-'))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const place = await engine.freshConfig()
  const config = readConfig({
    MELZI_DATA: dir,
    MELZI_SANDBOX: 'off',
    MELZI_LOG_LEVEL: 'silent',
    ...(place.kind === 'postgres' ? { DATABASE_URL: place.url } : {}),
  })
  const demo = { kind: 'demo', isChosen: true } as const
  const context = stack.use(await createContext(config, demo, { clock }))
  const app = createApp(context)
  stack.defer(() => app.close())
  await app.ready()
  const { store } = context
  const workspaceId = newId('ws_')
  await store.write('test.workspace', (tx) =>
    tx.run('insert into workspaces (id, name, created_at) values (?1, ?2, 1)', [workspaceId, 'W']),
  )

  const someone = async (role: Role) => {
    const personId = newId('person_')
    await store.write('test.person', async (tx) => {
      await tx.run("insert into people (id, name, created_at) values (?1, 'P', 1)", [personId])
      await tx.run(
        'insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, ?3, 1)',
        [workspaceId, personId, role],
      )
    })
    const { key, text } = await makeKey(context.keys, asPrincipal({ workspaceId, personId }))
    const call = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) => {
      const headers = { authorization: `Bearer ${text}` }
      const reply = await app.inject({
        method,
        url: `/v1${url}`,
        headers,
        ...(payload && { payload }),
      })
      return { status: reply.statusCode, body: reply.body, json: () => reply.json<unknown>() }
    }
    const report = async (query: string) => {
      const reply = await call('GET', `/usage?${query}`)
      assert.equal(reply.status, 200, reply.body)
      return UsageReport.parse(reply.json()).data
    }
    return { personId, keyId: key.id, call, report }
  }

  let count = 0
  const use = (who: { personId: string; keyId: string }, assistantId: string | null, at: number) =>
    store.write('test.use', (tx) =>
      noteUsage(tx, {
        by: {
          workspaceId,
          personId: who.personId,
          keyId: who.keyId,
          assistantId,
          runId: null,
        },
        source: `test_${(count += 1)}`,
        kind: 'run',
        model: count % 2 === 0 ? '=cmd|"x"' : 'm',
        tokens: { promptTokens: 10, completionTokens: 5, cachedTokens: 0, reasoningTokens: 0 },
        estimated: false,
        ms: 500,
        at,
      }),
    )

  const limitKey = (keyId: string) =>
    store.write('test.limit-key', (tx) =>
      tx.run("update api_keys set most = 'use' where id = ?1", [keyId]),
    )
  return {
    store,
    workspaceId,
    someone,
    use,
    limitKey,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

onEachEngine('usage, prices and limits on the wire', (engine) => {
  it('shows all to admins, to others their own and that of their assistants, with nobody else named', async () => {
    await using house = await boot(engine)
    const admin = await house.someone('admin')
    const maker = await house.someone('member')
    const user = await house.someone('member')
    const made = await maker.call('POST', '/assistants', { model: 'melzi-demo' })
    const { id } = made.json() as { id: string }
    await house.use(user, id, DAY + 10)
    await house.use(user, null, DAY + 10)
    await house.use(maker, id, DAY - 1)
    await house.use(admin, null, DAY + 3_700)
    for (const folded of [false, true]) {
      if (folded) await foldUsage(house.store, DAY + 90_000)
      const all = await admin.report('group_by=person&group_by=key')
      assert.deepEqual(
        all.map((row) => [row.person_id, row.key_id, row.model_calls]).toSorted(byFirst),
        [
          [admin.personId, admin.keyId, 1],
          [maker.personId, maker.keyId, 1],
          [user.personId, user.keyId, 2],
        ].toSorted(byFirst),
      )
      assert.ok(
        all.every(({ money, unpriced_model_calls: unpriced }) => money === null && unpriced),
      )
      const makers = await maker.report('group_by=person&group_by=key')
      assert.deepEqual(
        makers.map((row) => [row.person_id, row.key_id, row.total_tokens]),
        [
          [null, null, 15],
          [maker.personId, maker.keyId, 15],
        ],
      )
      assert.deepEqual(await maker.report(`group_by=day&person_id=${user.personId}`), [])
      assert.deepEqual(await maker.report(`group_by=day&key_id=${user.keyId}`), [])
      const days = await user.report('group_by=day&group_by=assistant')
      assert.deepEqual(
        days.map((row) => [row.start_time, row.assistant_id, row.seconds]),
        [
          [DAY, null, 0.5],
          [DAY, id, 0.5],
        ],
      )
      const hours = await admin.report(`group_by=hour&from=${DAY}`)
      assert.deepEqual(
        hours.map((row) => [row.start_time, row.model_calls]),
        [
          [DAY, 2],
          [DAY + 3_600, 1],
        ],
      )
    }
    const csv = await admin.call('GET', '/usage/export?group_by=model')
    assert.match(csv.body, /^start_time,assistant_id,model,/)
    assert.match(csv.body, /\r\n,,"'=cmd\|""x""",,,,2,0,20,10,30,0,0,1,,2,0,USD\r\n/)
    for (const query of ['group_by=week', 'from=2&to=1', 'colour=red']) {
      assert.equal((await admin.call('GET', `/usage?${query}`)).status, 400, query)
    }
    await house.limitKey(user.keyId)
    const guest = await house.someone('guest')
    for (const who of [user, guest]) {
      assert.equal((await who.call('GET', '/usage')).status, 403)
      assert.equal((await who.call('GET', '/usage/export')).status, 403)
    }
  })

  it('tells a key what it has used and what is left, and a limited one no more than that', async () => {
    await using house = await boot(engine)
    const admin = await house.someone('owner')
    const user = await house.someone('member')
    await house.use(user, null, DAY + 10)
    await house.use(user, null, DAY - 10)
    for (const [url, limits] of [
      [`/limits/key/${user.keyId}`, { tokens_per_day: 20 }],
      [`/limits/person/${user.personId}`, { money_per_month: 2.5 }],
      [`/limits/workspace/${house.workspaceId}`, { tokens_per_day: 10 }],
    ] as const)
      assert.equal((await admin.call('POST', url, limits)).status, 200)
    const own = async () => {
      const reply = await user.call('GET', '/usage/self')
      assert.equal(reply.status, 200, reply.body)
      return OwnUsage.parse(reply.json())
    }
    const full = await own()
    assert.equal(full.key_id, user.keyId)
    assert.equal(full.today.total_tokens, 15)
    assert.equal(full.this_month.total_tokens, 30)
    const left = full.limits.map((limit) => [
      limit.subject_kind,
      limit.tokens_left,
      limit.money_left,
      limit.tokens_reset_at,
    ])
    assert.deepEqual(left.toSorted(byFirst), [
      ['key', 5, null, DAY + 86_400],
      ['person', null, 2.5, DAY + 86_400],
      ['workspace', 0, null, DAY + 86_400],
    ])
    await house.limitKey(user.keyId)
    assert.deepEqual(
      (await own()).limits.map((limit) => limit.subject_kind),
      ['key'],
    )
  })

  it('keeps prices and limits for admins, with their audit entries', async () => {
    await using house = await boot(engine)
    const admin = await house.someone('admin')
    const member = await house.someone('member')
    const prices = {
      currency: 'TWD',
      prices: [
        { model: 'm', input_per_million: 1.5, output_per_million: 0 },
        {
          model: 'gpt-*',
          input_per_million: 80,
          cached_input_per_million: 40,
          output_per_million: 2,
        },
      ],
    }
    const set = await admin.call('POST', '/prices', prices)
    assert.equal(set.status, 200, set.body)
    const kept = PriceListObject.parse((await admin.call('GET', '/prices')).json())
    assert.equal(kept.currency, 'TWD')
    assert.deepEqual(
      kept.prices.map((price) => [price.model, price.cached_input_per_million]),
      [
        ['gpt-*', 40],
        ['m', 1.5],
      ],
    )
    for (const wrong of [
      { ...prices, currency: 'dollars' },
      { ...prices, prices: [...prices.prices, ...prices.prices] },
      { ...prices, prices: [{ model: 'a*b', input_per_million: 1, output_per_million: 1 }] },
      { ...prices, prices: [{ model: 'm', input_per_million: -1, output_per_million: 1 }] },
    ])
      assert.equal((await admin.call('POST', '/prices', wrong)).status, 400)

    const one = `/limits/person/${member.personId}`
    await admin.call('POST', one, { requests_per_minute: 60, tokens_per_day: 1_000 })
    const changed = await admin.call('POST', one, { tokens_per_day: null, money_per_month: 0.5 })
    const limit = LimitObject.parse(changed.json())
    assert.deepEqual(
      [limit.requests_per_minute, limit.tokens_per_day, limit.money_per_month],
      [60, null, 0.5],
    )
    const list = LimitList.parse((await admin.call('GET', '/limits?subject_kind=person')).json())
    assert.deepEqual(list.data, [limit])
    assert.equal((await admin.call('DELETE', one)).status, 200)
    const gone = LimitObject.parse((await admin.call('GET', one)).json())
    assert.equal(gone.requests_per_minute, null)
    for (const url of ['/limits/person/person_none', '/limits/key/key_none', '/limits/moon/x']) {
      assert.equal((await admin.call('GET', url)).status, 404, url)
      assert.equal((await admin.call('POST', url, { tokens_per_day: 1 })).status, 404, url)
    }
    assert.equal((await admin.call('POST', one, { tokens_per_day: -1 })).status, 400)
    for (const [method, url] of [
      ['GET', '/prices'],
      ['POST', '/prices'],
      ['GET', '/limits'],
      ['GET', one],
      ['POST', one],
      ['DELETE', one],
    ] as const) {
      const body = url === '/prices' ? prices : { tokens_per_day: 1 }
      const reply = await member.call(method, url, method === 'POST' ? body : undefined)
      assert.equal(reply.status, 403, `${method} ${url}`)
    }
    const entries = await house.store.all<{ action: string }>(
      "select action from audit_entries where kind in ('price_list', 'limit') order by id",
    )
    assert.deepEqual(
      entries.map(({ action }) => action),
      ['price_list.update', 'limit.update', 'limit.update', 'limit.delete'],
    )
  })
})
