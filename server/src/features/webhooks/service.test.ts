import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Principal, Scope } from '../../platform/principal.ts'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { openWebhooks } from '../../../tests/support/webhook-house.ts'

const URL = 'http://127.0.0.1:9/'
const reach = { internalHosts: ['127.0.0.1:9'] }
const ALL = { limit: 100, order: 'asc', after: null, before: null } as const

onEachEngine('the right to a webhook', (engine) => {
  it('is its owner’s alone, with nothing held back', async () => {
    await using house = await openFeatureStore(engine)
    await using home = openWebhooks(house.store, reach)
    const { webhooks } = home
    const owner = await house.person()
    const hook = await home.create(owner, URL)
    const delivery = await webhooks.test(owner, hook.id)
    const calls: [string, (who: Principal) => Promise<unknown>][] = [
      ['get', (who) => webhooks.get(who, hook.id)],
      ['update', (who) => webhooks.update(who, hook.id, { paused: true })],
      ['rotate', (who) => webhooks.rotateSecret(who, hook.id)],
      ['test', (who) => webhooks.test(who, hook.id)],
      ['deliveries', (who) => webhooks.listDeliveries(who, hook.id, ALL)],
      ['delivery', (who) => webhooks.getDelivery(who, hook.id, delivery.id)],
      ['redeliver', (who) => webhooks.redeliver(who, hook.id, delivery.id)],
      ['delete', (who) => webhooks.delete(who, hook.id)],
    ]
    const scope: Scope = {
      keyId: owner.keyId ?? '',
      assistantIds: null,
      most: 'own',
      shared: false,
    }
    const outsiders: [string, Principal, 403 | 404][] = [
      ['another of the workspace', await house.person(owner.workspaceId), 404],
      ['its admin', { ...(await house.person(owner.workspaceId)), role: 'admin' }, 404],
      ['another workspace', await house.person(), 404],
      ['the same person elsewhere', { ...(await house.person()), personId: owner.personId }, 404],
      ['a limited key of its owner', { ...owner, scope }, 403],
      ['its owner as a guest', { ...owner, role: 'guest' }, 403],
    ]
    for (const [who, principal, status] of outsiders) {
      for (const [name, call] of calls)
        await assert.rejects(call(principal), { status }, who + name)
      if (status === 404) {
        assert.deepEqual((await webhooks.list(principal, ALL)).items, [])
        continue
      }
      await assert.rejects(webhooks.list(principal, ALL), { status })
      await assert.rejects(home.create(principal, URL), { status })
    }
    const untouched = await webhooks.get(owner, hook.id)
    assert.deepEqual([untouched.paused, untouched.secret], [null, hook.secret])
    for (const [, call] of calls.filter(([name]) => name !== 'update')) await call(owner)
    await assert.rejects(webhooks.get(owner, hook.id), { status: 404 })
    assert.equal((await house.store.all('select id from webhook_deliveries')).length, 0)
    const audited = await house.store.all<{ action: string }>(
      'select action from audit_entries order by id',
    )
    assert.deepEqual(
      audited.map(({ action }) => action),
      ['webhook.create', 'webhook.rotate_secret', 'webhook.delete'],
    )
  })

  it('needs a right on the assistant it is for, and ends with it', async () => {
    await using house = await openFeatureStore(engine)
    await using home = openWebhooks(house.store, reach)
    const owner = await house.person()
    const other = await house.person(owner.workspaceId)
    const assistant = await house.assistant(owner)
    await assert.rejects(home.create(other, URL, ['run.failed'], assistant), { status: 404 })
    const { id } = await home.create(owner, URL, ['run.failed'], assistant)
    await house.store.write('test.delete', (tx) =>
      tx.run('delete from assistants where id = ?1', [assistant]),
    )
    await assert.rejects(home.webhooks.get(owner, id), { status: 404 })
  })

  it('is had twenty times, also by those who ask at once', async () => {
    await using house = await openFeatureStore(engine)
    await using home = openWebhooks(house.store, reach)
    const owner = await house.person()
    const asked = await Promise.allSettled(
      Array.from({ length: 25 }, () => home.create(owner, URL)),
    )
    const made = asked.filter(({ status }) => status === 'fulfilled')
    assert.equal(made.length, 20)
    assert.equal((await home.webhooks.list(owner, ALL)).items.length, 20)
    await assert.rejects(home.create(owner, URL), { status: 400, code: 'too_many' })
  })

  it('leaves no secret in the store that can be read', async () => {
    await using house = await openFeatureStore(engine)
    await using home = openWebhooks(house.store, reach)
    const owner = await house.person()
    const { id, shownSecret } = await home.create(owner, URL)
    const next = await home.webhooks.rotateSecret(owner, id)
    const rows = JSON.stringify([
      await house.store.all('select * from webhooks'),
      await house.store.all('select * from audit_entries'),
    ])
    for (const secret of [shownSecret, next.shownSecret]) {
      assert.match(secret, /^whsec_/)
      assert.ok(!rows.includes(secret.slice(6)))
    }
  })
})
