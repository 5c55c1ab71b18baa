import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { errors } from '../../platform/errors.ts'
import type { ResolvedAddress } from '../../platform/safe-fetch.ts'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { refusing } from '../../../tests/support/refusing-store.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { openWebhooks } from '../../../tests/support/webhook-house.ts'
import { answering, startReceiver } from '../../../tests/support/webhook-receiver.ts'
import { pauseAfter } from './sender.ts'

const FIRST = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000

const open = async (engine: TestEngine, options: { realClock?: boolean } = {}) => {
  const stack = new AsyncDisposableStack()
  const house = stack.use(await openFeatureStore(engine))
  const receiver = stack.use(await startReceiver())
  let now = FIRST
  const addresses: ResolvedAddress[] = [{ address: '93.184.216.34', family: 4 }]
  const reach = { internalHosts: [receiver.host], resolve: async () => addresses }
  const clock = { now: () => (options.realClock === true ? Date.now() : now) }
  const home = stack.use(openWebhooks(house.store, reach, clock))
  return {
    house,
    store: house.store,
    receiver,
    home,
    owner: await house.person(),
    addresses,
    pass: (ms: number) => (now += ms),
    now: () => now,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

onEachEngine('deliveries of webhooks', (engine) => {
  it('are tried again after longer and longer pauses, eight times in about a day, under one id', async () => {
    await using place = await open(engine)
    const { home, owner, receiver } = place
    receiver.answer(answering(500))
    await home.sender.start(false)
    const hook = await home.create(owner, receiver.url)
    const delivery = await home.webhooks.test(owner, hook.id)
    for (let tries = 1; tries < 8; tries += 1) {
      const row = await home.until(owner, delivery, (one) => one.tries === tries)
      assert.equal(row.status, 'pending')
      assert.equal(row.responseStatus, 500)
      assert.equal(row.error, 'The answer was 500.')
      const pause = Number(row.dueMs) - place.now()
      assert.ok(pause >= pauseAfter(tries, 0) && pause <= pauseAfter(tries, 1), `${pause} ms`)
      place.pass(pause - 1)
      home.sender.announce()
      await sleep(60)
      assert.equal(receiver.received.length, tries, 'not before its time')
      place.pass(1)
    }
    const row = await home.until(owner, delivery, ({ status }) => status === 'failed')
    assert.equal(row.tries, 8)
    assert.equal(row.dueMs, null)
    const hours = (place.now() - FIRST) / 3_600_000
    assert.ok(hours > 18 && hours < 28, `${hours} hours`)
    assert.equal(receiver.received.length, 8)
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1)
    assert.equal(new Set(receiver.received.map(({ body }) => body)).size, 1)
    const times = receiver.received.map(({ headers }) => headers['webhook-timestamp'])
    assert.equal(new Set(times).size, 8, 'each try is signed anew')

    receiver.answer(answering(204))
    await home.webhooks.redeliver(owner, hook.id, delivery.id)
    const again = await home.until(owner, delivery, ({ status }) => status === 'delivered')
    assert.equal(again.tries, 1)
    assert.equal(again.error, null)
    assert.equal(again.deliveredAt, Math.floor(place.now() / 1000))
  })

  it('end with 410, which pauses the webhook until its owner lets it go on', async () => {
    await using place = await open(engine)
    const { home, owner, receiver } = place
    receiver.answer(answering(410))
    const hook = await home.create(owner, receiver.url)
    const first = await home.webhooks.test(owner, hook.id)
    await home.sender.start(false)
    await home.until(owner, first, ({ status }) => status === 'failed')
    assert.equal((await home.webhooks.get(owner, hook.id)).paused, 'gone')
    await assert.rejects(home.webhooks.test(owner, hook.id), { code: 'webhook_paused' })
    await assert.rejects(home.webhooks.redeliver(owner, hook.id, first.id), {
      code: 'webhook_paused',
    })
    receiver.answer(answering(200))
    await home.webhooks.update(owner, hook.id, { paused: false })
    const second = await home.webhooks.test(owner, hook.id)
    await home.until(owner, second, ({ status }) => status === 'delivered')
  })

  it('wait while their webhook is paused', async () => {
    await using place = await open(engine)
    const { home, owner, receiver } = place
    const hook = await home.create(owner, receiver.url)
    const delivery = await home.webhooks.test(owner, hook.id)
    await home.webhooks.update(owner, hook.id, { paused: true })
    await home.sender.start(false)
    await sleep(100)
    const { status, dueMs } = await home.webhooks.getDelivery(owner, hook.id, delivery.id)
    assert.deepEqual([status, dueMs, receiver.received.length], ['pending', null, 0])
    // a delivery that was due all the same, as one whose try ended while it was being paused
    await place.store.write('test.due', (tx) => tx.run('update webhook_deliveries set due_ms = 1'))
    await home.until(owner, delivery, (one) => one.dueMs === null)
    assert.equal(receiver.received.length, 0)
    await home.webhooks.update(owner, hook.id, { paused: false })
    const row = await home.until(owner, delivery, (one) => one.status === 'delivered')
    assert.equal(row.tries, 1)
  })

  it('follow no redirect, and read little of an answer', async () => {
    await using place = await open(engine)
    const { home, owner, receiver } = place
    receiver.answer(answering(302, { location: '/elsewhere' }))
    const hook = await home.create(owner, receiver.url)
    const moved = await home.webhooks.test(owner, hook.id)
    await home.sender.start(false)
    const row = await home.until(owner, moved, ({ tries }) => tries === 1)
    assert.deepEqual([row.status, row.error], ['pending', 'The answer was 302.'])
    assert.equal(receiver.received.length, 1)

    let written = 0
    receiver.answer((response: ServerResponse) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && written < 50_000_000) {
          written += 65_536
          if (!response.write(Buffer.alloc(65_536))) return response.once('drain', more)
        }
        return response.end()
      }
      more()
    })
    const endless = await home.webhooks.test(owner, hook.id)
    await home.until(owner, endless, ({ status }) => status === 'delivered')
    assert.ok(written < 50_000_000, 'its connection was closed')
  })

  it('go to no private address: not at creation, not by a name that changes later, not by an update', async () => {
    await using place = await open(engine)
    const { home, owner, addresses } = place
    for (const url of [
      'http://127.0.0.1/',
      'http://[::1]/',
      'http://169.254.169.254/latest',
      'http://10.0.0.1/',
      'http://127.0.0.1:1/',
      'ftp://example.com/',
      'http://user:pass@example.com/',
      'nonsense',
    ]) {
      const refusal = { status: 400, param: 'url', code: 'address_refused' }
      await assert.rejects(home.create(owner, url), refusal, url)
    }
    const hook = await home.create(owner, 'http://hook.test/')
    await assert.rejects(home.webhooks.update(owner, hook.id, { url: 'http://127.0.0.1/' }), {
      param: 'url',
    })
    // The name's owner has changed his mind.
    addresses.splice(0, 1, { address: '127.0.0.1', family: 4 })
    await assert.rejects(home.create(owner, 'http://hook.test/'), { code: 'address_refused' })
    const delivery = await home.webhooks.test(owner, hook.id)
    await home.sender.start(false)
    const row = await home.until(owner, delivery, ({ tries }) => tries === 1)
    assert.equal(row.status, 'pending')
    assert.equal(row.responseStatus, null)
    assert.match(String(row.error), /hook\.test is not on the public internet/)
  })

  it('of an endpoint that hangs hold up no other', async () => {
    await using place = await open(engine)
    const { home, owner, receiver } = place
    await using dead = await startReceiver(() => undefined)
    const reach = { internalHosts: [receiver.host, dead.host] }
    await using both = openWebhooks(place.store, reach)
    const stuck = await both.create(owner, dead.url)
    for (let n = 0; n < 30; n += 1) await both.webhooks.test(owner, stuck.id)
    const live = await both.create(owner, receiver.url)
    const delivery = await both.webhooks.test(owner, live.id)
    await both.sender.start(false)
    await both.until(owner, delivery, ({ status }) => status === 'delivered')
    await dead.until(4)
    await sleep(200)
    assert.equal(dead.received.length, 4, 'so many of one webhook at a time')
    const held = await home.webhooks.listDeliveries(owner, stuck.id, {
      limit: 100,
      order: 'asc',
      after: null,
      before: null,
    })
    assert.ok(held.items.every(({ status }) => status === 'pending'))
  })

  it('come again after a stall, and only the node that has the lease writes what came of it', async () => {
    await using place = await open(engine, { realClock: true })
    const { home, owner, receiver, store } = place
    const left: ServerResponse[] = []
    receiver.answer((response, nth) =>
      nth === 0 ? void left.push(response) : answering(200)(response, nth, receiver.received[nth]!),
    )
    const broken = refusing(store, (name) =>
      name === 'webhooks.renew' ? errors.unavailable('asleep', 1) : null,
    )
    const stalled = home.another({ store: broken, leaseMs: 300 })
    const hook = await home.create(owner, receiver.url)
    const delivery = await home.webhooks.test(owner, hook.id)
    await stalled.start(false)
    await receiver.until(1)
    await home.sender.start(false)
    await home.until(owner, delivery, ({ status }) => status === 'delivered')
    left[0]?.writeHead(500).end()
    for (const end = Date.now() + 5_000; stalled.active > 0; await sleep(10))
      assert.ok(Date.now() < end)
    const row = await home.webhooks.getDelivery(owner, hook.id, delivery.id)
    assert.deepEqual([row.status, row.tries, row.responseStatus], ['delivered', 1, 200])
    const [first, second] = receiver.received
    assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id'])
  })

  it('go on at once when a node stops in the middle, and when the outcome could not be written', async () => {
    await using place = await open(engine, { realClock: true })
    const { home, owner, receiver, store } = place
    receiver.answer(() => undefined)
    let refuse = false
    const broken = refusing(store, (name, phase) =>
      refuse && name === 'webhooks.end-try' && phase === 'before'
        ? errors.unavailable('no store', 1)
        : null,
    )
    const stopping = home.another({ store: broken })
    const hook = await home.create(owner, receiver.url)
    const delivery = await home.webhooks.test(owner, hook.id)
    await stopping.start(false)
    await receiver.until(1)
    await stopping[Symbol.asyncDispose]()
    const row = await home.webhooks.getDelivery(owner, hook.id, delivery.id)
    assert.deepEqual([row.status, row.tries], ['pending', 0])
    receiver.answer((response, nth, received) => {
      refuse = nth === 1
      answering(200)(response, nth, received)
    })
    await home.another({ store: broken }).start(false)
    await home.until(owner, delivery, ({ status }) => status === 'delivered')
    assert.equal(receiver.received.length, 3)
  })

  it('reach nobody who has left the workspace', async () => {
    await using place = await open(engine)
    const { home, owner, receiver, store } = place
    const hook = await home.create(owner, receiver.url)
    const delivery = await home.webhooks.test(owner, hook.id)
    await store.write('test.leave', (tx) =>
      tx.run('delete from memberships where person_id = ?1', [owner.personId]),
    )
    await home.sender.start(false)
    const row = await home.until(owner, delivery, ({ status }) => status === 'failed')
    assert.equal(row.error, 'Its owner is no longer a member of the workspace.')
    assert.equal(receiver.received.length, 0)
  })

  it('are kept for thirty days', async () => {
    await using place = await open(engine)
    const { home, owner, receiver } = place
    const hook = await home.create(owner, receiver.url)
    await home.webhooks.test(owner, hook.id)
    place.pass(29 * DAY_MS)
    const young = await home.webhooks.test(owner, hook.id)
    place.pass(DAY_MS)
    await home.webhooks.sweep()
    const all = { limit: 10, order: 'asc', after: null, before: null } as const
    assert.equal((await home.webhooks.listDeliveries(owner, hook.id, all)).items.length, 2)
    place.pass(1_000)
    await home.webhooks.sweep()
    const left = await home.webhooks.listDeliveries(owner, hook.id, all)
    assert.deepEqual(
      left.items.map(({ id }) => id),
      [young.id],
    )
  })
})
