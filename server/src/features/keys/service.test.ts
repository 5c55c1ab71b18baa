import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { keyService, makeKey } from '../../../tests/support/key-service.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { createLog } from '../../platform/log.ts'
import { setLimits } from '../usage/service.ts'

const newest = { limit: 20, order: 'desc', after: null, before: null } as const

const setUp = async (engine: TestEngine) => {
  const home = await openFeatureStore(engine)
  const time = { ms: 1_700_000_000_000 }
  const keys = keyService({
    store: home.store,
    clock: { now: () => time.ms },
    log: createLog('silent'),
  })
  return {
    home,
    time,
    keys,
    owner: await home.person(),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}

onEachEngine('keys', (engine) => {
  it('makes a key of 256 bits that speaks for its person and is stored only as a hash', async () => {
    await using t = await setUp(engine)
    const { key, text } = await makeKey(t.keys, t.owner)
    assert.match(text, /^mlz_[A-Za-z0-9_-]{43}$/)
    assert.deepEqual([key.prefix, key.lastFour], [text.slice(0, 8), text.slice(-4)])
    assert.deepEqual(await t.keys.findPrincipal(text, '192.0.2.1'), {
      workspaceId: t.owner.workspaceId,
      personId: t.owner.personId,
      role: 'member',
      keyId: key.id,
      sessionId: null,
      from: '192.0.2.1',
      scope: null,
      limits: [],
      isBound: false,
    })
    const rows = JSON.stringify(await t.home.store.all('select * from api_keys'))
    assert.ok(!rows.includes(text) && !rows.includes(text.slice(10, 40)))
  })

  it('knows no other text', async () => {
    await using t = await setUp(engine)
    const { text } = await makeKey(t.keys, t.owner)
    for (const wrong of ['', 'sk-x', text.slice(0, -1), `${text}x`, text.replace('mlz_', 'MLZ_')]) {
      assert.equal(await t.keys.findPrincipal(wrong), null)
    }
  })

  it('lets a deleted key die at once', async () => {
    await using t = await setUp(engine)
    const { key, text } = await makeKey(t.keys, t.owner)
    assert.equal(await t.keys.isAlive(text), true)
    await t.keys.delete(t.owner, key.id)
    assert.equal(await t.keys.findPrincipal(text), null)
    assert.equal(await t.keys.isAlive(text), false)
    await assert.rejects(t.keys.delete(t.owner, key.id), { status: 404 })
  })

  it('shows and deletes only the own keys', async () => {
    await using t = await setUp(engine)
    const { key } = await makeKey(t.keys, t.owner)
    for (const stranger of [await t.home.person(t.owner.workspaceId), await t.home.person()]) {
      assert.deepEqual((await t.keys.list(stranger, newest)).items, [])
      await assert.rejects(t.keys.delete(stranger, key.id), { status: 404 })
    }
    assert.deepEqual((await t.keys.list(t.owner, newest)).items, [key])
  })

  it('notes the last use at most once a minute', async () => {
    await using t = await setUp(engine)
    const { text } = await makeKey(t.keys, t.owner)
    const noted = async (expected: number) => {
      // The note is not awaited by the request.
      for (const until = Date.now() + 2_000; Date.now() < until; await delay(5)) {
        if ((await t.keys.list(t.owner, newest)).items[0]?.lastUsedAt === expected) return
      }
      assert.fail(`${expected} was not noted`)
    }
    await t.keys.findPrincipal(text)
    await noted(1_700_000_000)
    t.time.ms += 59_000
    await t.keys.findPrincipal(text)
    await delay(20)
    await noted(1_700_000_000)
    t.time.ms += 1_000
    await t.keys.findPrincipal(text)
    await noted(1_700_000_060)
  })

  it('leaves what was done in the audit log, without the text', async () => {
    await using t = await setUp(engine)
    const owner = { ...t.owner, keyId: null, from: '192.0.2.1' }
    const made = await makeKey(t.keys, owner)
    const { id } = made.key
    await t.keys.update(owner, id, { name: 'other', paused: true })
    await t.keys.update(owner, id, { paused: false })
    const renewed = await t.keys.rotate(owner, id, false)
    await t.keys.delete(owner, id)
    const rows = await t.home.store.all<{ action: string; address: string; person_id: string }>(
      'select * from audit_entries where object_id = ?1 order by id',
      [id],
    )
    assert.deepEqual(
      rows.map(({ action }) => action),
      ['key.create', 'key.update', 'key.pause', 'key.resume', 'key.rotate', 'key.delete'],
    )
    for (const row of rows)
      assert.deepEqual([row.address, row.person_id], ['192.0.2.1', owner.personId])
    for (const { text } of [made, renewed])
      assert.ok(!JSON.stringify(rows).includes(text.slice(10, 40)))
  })

  it('refuses a key from its end on, at the next request', async () => {
    await using t = await setUp(engine)
    const { key, text } = await makeKey(t.keys, t.owner, { expires_at: 1_700_000_060 })
    t.time.ms += 59_999
    assert.ok((await t.keys.findPrincipal(text)) !== null)
    assert.equal(await t.keys.isLive(key.id), true)
    t.time.ms += 1
    assert.equal(await t.keys.findPrincipal(text), null)
    assert.equal(await t.keys.isLive(key.id), false)
    await t.keys.update({ ...t.owner, keyId: null }, key.id, { expires_at: null })
    assert.ok((await t.keys.findPrincipal(text)) !== null)
    assert.equal(await t.keys.isLive(key.id), true)
  })

  it('is live for streams until it is paused or deleted, or its person is gone', async () => {
    await using t = await setUp(engine)
    const owner = { ...t.owner, keyId: null }
    const { key } = await makeKey(t.keys, owner)
    assert.equal(await t.keys.isLive(key.id), true)
    await t.keys.update(owner, key.id, { paused: true })
    assert.equal(await t.keys.isLive(key.id), false)
    await t.keys.update(owner, key.id, { paused: false })
    assert.equal(await t.keys.isLive(key.id), true)
    const other = await makeKey(t.keys, owner)
    await t.keys.delete(owner, other.key.id)
    assert.equal(await t.keys.isLive(other.key.id), false)
    await t.home.store.write('test.leave', (tx) =>
      tx.run('delete from memberships where person_id = ?1', [owner.personId]),
    )
    assert.equal(await t.keys.isLive(key.id), false)
    assert.equal(await t.keys.isLive('key_none'), false)
  })

  it('loses no change to another made at the same moment', async () => {
    await using t = await setUp(engine)
    const owner = { ...t.owner, keyId: null }
    const { key } = await makeKey(t.keys, owner)
    await Promise.all([
      t.keys.update(owner, key.id, { paused: true }),
      t.keys.update(owner, key.id, { name: 'other' }),
      t.keys.update(owner, key.id, { limits: { requests_per_minute: 5 } }),
    ])
    const { name, paused, limits } = await t.keys.get(owner, key.id)
    assert.deepEqual([name, paused, limits.requestsPerMinute], ['other', true, 5])
  })

  it('carries the limits of key, person and workspace to where requests are counted', async () => {
    await using t = await setUp(engine)
    const { workspaceId, personId } = t.owner
    const { key, text } = await makeKey(t.keys, t.owner, { limits: { requests_per_minute: 7 } })
    const kinds = [
      { kind: 'person', id: personId },
      { kind: 'workspace', id: workspaceId },
    ] as const
    await t.home.store.write('test.limits', async (tx) => {
      for (const [at, subject] of kinds.entries()) {
        const limits = { requestsPerMinute: at + 8, tokensPerDay: at + 50, moneyPerMonth: null }
        await setLimits(tx, workspaceId, subject, limits, 1)
      }
    })
    const principal = await t.keys.findPrincipal(text)
    assert.deepEqual(principal?.limits, [
      { kind: 'key', id: key.id, requestsPerMinute: 7, tokensPerDay: null },
      { kind: 'person', id: personId, requestsPerMinute: 8, tokensPerDay: 50 },
      { kind: 'workspace', id: workspaceId, requestsPerMinute: 9, tokensPerDay: 51 },
    ])
    assert.equal(principal.isBound, true)
    // what limits its person does not bind the key
    const other = await makeKey(t.keys, t.owner)
    assert.equal((await t.keys.findPrincipal(other.text))?.isBound, false)
  })
})
