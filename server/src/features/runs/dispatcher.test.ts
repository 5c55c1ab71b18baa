import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { errors } from '../../platform/errors.ts'
import { refusing } from '../../../tests/support/refusing-store.ts'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import {
  assertLawful,
  calls,
  finish,
  hang,
  openRunHouse,
  order,
  text,
  type Script,
} from '../../../tests/support/run-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

const eventually = async (what: () => boolean | Promise<boolean>) => {
  for (const end = Date.now() + 8_000; !(await what()); await sleep(5)) {
    assert.ok(Date.now() < end, 'it does not happen')
  }
}

const hanging: Script = (_, __, signal) => hang(text('half'), signal)

onEachEngine('dispatcher', (engine) => {
  it('gives each run to one of two nodes', async () => {
    await using house = await openRunHouse(engine)
    // A node that is full leaves its runs to whoever looks first.
    const door = await house.node({ concurrency: 0 })
    const nodes = [await house.node({ concurrency: 3 }), await house.node({ concurrency: 3 })]
    const assistant = await door.assistant()
    const runs = await Promise.all(
      Array.from({ length: 12 }, async () => door.create((await door.thread()).id, assistant)),
    )
    for (const run of runs) {
      const row = await door.until(run, 'completed')
      assert.equal(row['attempt'], 1)
      assert.equal((await door.written(run)).length, 1)
    }
    assert.equal(
      nodes.reduce((sum, { requests }) => sum + requests.length, 0),
      12,
    )
  })

  it('takes over when a lease runs out, renews its own, and cancels what another node holds', async () => {
    await using house = await openRunHouse(engine)
    const dead = await house.node({ leaseMs: 600, start: false, script: hanging })
    const run = await dead.create((await dead.thread()).id, await dead.assistant())
    await eventually(async () => (await dead.written(run)).length === 1)
    const next = await house.node({ leaseMs: 600, script: hanging })
    await eventually(() => next.dispatcher.active === 1)
    // Longer than a lease: heartbeats hold it.
    await sleep(900)
    assert.equal((await next.row(run))['attempt'], 2)
    assert.equal((await next.row(run))['lease_owner'], next.dispatcher.nodeId)
    const other = await house.node({ start: false })
    await other.runs.cancel(house.owner, run.threadId, run.id)
    await next.until(run, 'cancelled')
    assert.match(
      order(next.heard(run)),
      /run\.cancelling message\.incomplete step\.cancelled run\.cancelled$/,
    )
    assert.equal(other.heard(run).length, 0)
  })

  it('keeps a renewed lease when the run makes progress', async () => {
    await using house = await openRunHouse(engine)
    const calling = Promise.withResolvers<void>()
    const node = await house.node({
      leaseMs: 500,
      plugin: async (_, signal) => {
        await sleep(50, null, { signal })
        return sandboxResult()
      },
      script: async function* (nth) {
        if (nth > 0) {
          yield* text('done')
          yield finish()
          return
        }
        await calling.promise
        yield* calls(['p', '{}'])
      },
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await sleep(800)
    calling.resolve()
    const row = await node.until(run, 'completed')
    assert.equal(row['attempt'], 1)
    assert.equal(node.jobs.length, 1)
  })

  it('lets a run go that carries its name without its work', async () => {
    await using house = await openRunHouse(engine)
    let lost = false
    const store = refusing(house.store, (name, phase) => {
      if (lost || name !== 'run.create' || phase !== 'after') return null
      lost = true
      return errors.unavailable('the answer to the commit is lost', 1)
    })
    const node = await house.node({
      store,
      leaseMs: 450,
      script: (nth, _, signal) =>
        nth === 0 ? hang(text('busy'), signal) : [...text('late'), finish()],
    })
    const busy = await house.node({ start: false, concurrency: 0 })
    const assistant = await node.assistant()
    const thread = await node.thread()
    await assert.rejects(node.create(thread.id, assistant), { status: 503 })
    const other = await node.create((await node.thread()).id, assistant)
    const [stray] = await house.store.all<{ id: string }>('select id from runs where id <> ?1', [
      other.id,
    ])
    assert.ok(stray)
    await busy.until(stray, 'completed')
    await node.runs.cancel(house.owner, other.threadId, other.id)
    await node.until(other, 'cancelled')
  })

  it('expires runs in each state, also on a full node', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      concurrency: 1,
      // seconds are whole: a life of 1 may be over at once
      expiresSeconds: 2,
      script: (_, request, signal) =>
        JSON.stringify(request.messages).includes('call')
          ? calls(['f', '{}'])
          : hang(text('half'), signal),
    })
    const assistant = await node.assistant(['f'])
    const waiting = await node.create((await node.thread('call')).id, assistant)
    await node.until(waiting, 'requires_action')
    const open = await node.create((await node.thread()).id, assistant)
    const queued = await node.create((await node.thread()).id, assistant)
    for (const run of [waiting, open, queued]) {
      await node.until(run, 'expired')
      assert.equal((await node.threads.get(house.owner, run.threadId)).activeRunId, null)
    }
    assert.match(order(node.heard(open)), /message\.incomplete step\.expired run\.expired$/)
    assert.match(order(node.heard(waiting)), /run\.requires_action step\.expired run\.expired$/)
    assert.match(
      order(node.heard(queued)),
      /^run\.created run\.queued( run\.in_progress)?.* run\.expired$/,
    )
    assertLawful(node.heard(open))
  })

  it('works on so many at a time, ends a cancelled one although it is full, and goes on at once', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ concurrency: 2, script: hanging })
    const assistant = await node.assistant()
    const start = async () => node.create((await node.thread()).id, assistant)
    const [a, b, c, d] = [await start(), await start(), await start(), await start()]
    await eventually(() => node.requests.length === 2)
    await sleep(100)
    assert.equal(node.dispatcher.active, 2)
    assert.equal((await node.row(c))['status'], 'queued')
    await node.runs.cancel(house.owner, d.threadId, d.id)
    await node.until(d, 'cancelled')
    assert.equal(order(node.heard(d)), 'run.created run.queued run.cancelling run.cancelled')
    await node.runs.cancel(house.owner, a.threadId, a.id)
    await eventually(() => node.requests.length === 3)
    await node.until(c, 'in_progress')
    for (const run of [b, c]) await node.runs.cancel(house.owner, run.threadId, run.id)
    for (const run of [b, c]) await node.until(run, 'cancelled')
  })

  it('stops in phases: takes nothing new, waits, lets go at once, and says so to its readers', async () => {
    await using house = await openRunHouse(engine)
    const goOn = Promise.withResolvers<void>()
    const node = await house.node({
      script: async function* (nth, _, signal) {
        yield* text('half')
        if (nth > 0) yield* hang([], signal)
        await goOn.promise
        yield finish()
      },
    })
    const assistant = await node.assistant()
    const quick = await node.create((await node.thread()).id, assistant)
    const slow = await node.create((await node.thread()).id, assistant)
    await eventually(() => node.requests.length === 2)
    const draining = node.dispatcher.drain(300)
    const late = await node.create((await node.thread()).id, assistant)
    goOn.resolve()
    assert.equal(await draining, 1)
    assert.equal((await node.row(quick))['status'], 'completed')
    assert.equal((await node.row(late))['status'], 'queued')
    assert.equal(node.dispatcher.stopped.aborted, false)
    await node.dispatcher[Symbol.asyncDispose]()
    assert.equal(node.dispatcher.stopped.aborted, true)
    assert.equal(node.dispatcher.active, 0)
    assert.equal((await node.row(slow))['lease_owner'], null)
    assert.doesNotMatch(order(node.heard(slow)), /incomplete|failed/)
    const next = await house.node()
    for (const run of [slow, late]) await next.until(run, 'completed')
  })

  it('lets one of many runs and messages have a thread, and one of submit and cancel a run', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      script: (_, request) =>
        request.messages.at(-1)?.role === 'tool' ? [...text('done'), finish()] : calls(['f', '{}']),
    })
    const assistant = await node.assistant(['f'])
    for (let round = 0; round < 4; round += 1) {
      const thread = await node.thread()
      const message = { role: 'user' as const, content: 'me too', attachments: [], metadata: {} }
      const made = await Promise.allSettled([
        node.create(thread.id, assistant),
        node.messages.create(house.owner, thread.id, message),
        node.create(thread.id, assistant),
      ])
      const won = [made[0], made[2]].filter((result) => result?.status === 'fulfilled')
      assert.equal(won.length, 1)
      for (const result of made)
        if (result.status === 'rejected')
          assert.equal((result.reason as { status: number }).status, 400)
      const run = won[0]?.status === 'fulfilled' ? won[0].value : null
      assert.ok(run !== null && 'expiresAt' in run)
      await node.until(run, 'requires_action')
      const raced = await Promise.allSettled([
        node.runs.submit(house.owner, thread.id, run.id, {
          tool_outputs: [{ tool_call_id: 'call_f_0', output: 'x' }],
          stream: false,
        }),
        node.runs.cancel(house.owner, thread.id, run.id),
      ])
      assert.ok(raced.some(({ status }) => status === 'fulfilled'))
      await node.until(run, 'completed', 'cancelled')
      const { activeRunId } = await node.threads.get(house.owner, thread.id)
      assert.equal(activeRunId, null)
      assert.ok((await node.steps(run)).every(({ status }) => status !== 'in_progress'))
      const events = node.heard(run).map(({ event }) => event)
      const ends = events.filter((event) => /^thread\.run\.(completed|cancelled)$/.test(event))
      assert.deepEqual([ends.length, events.at(-1)], [1, ends[0]])
    }
  })

  it('ends in one lawful state when a cancel meets the end or the wait', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({
      script: (nth) => (nth % 2 === 0 ? [...text('a'), finish()] : calls(['f', '{}'])),
    })
    const assistant = await node.assistant(['f'])
    for (let round = 0; round < 8; round += 1) {
      const run = await node.create((await node.thread()).id, assistant)
      await sleep(round * 2)
      await node.runs.cancel(house.owner, run.threadId, run.id).catch((error: unknown) => {
        assert.equal((error as { status: number }).status, 400)
      })
      await node.until(run, 'completed', 'cancelled')
      const heard = node.heard(run)
      const atAction = heard.findIndex(({ event }) => event === 'thread.run.requires_action')
      if (atAction < 0) assertLawful(heard)
      assert.match(heard.at(-1)?.event ?? '', /^thread\.run\.(completed|cancelled)$/)
    }
  })

  it('learns of a cancel it was not told of at its next write', async () => {
    await using house = await openRunHouse(engine)
    const goOn = Promise.withResolvers<void>()
    const node = await house.node({
      start: false,
      script: async function* (_, request) {
        await goOn.promise
        const asked = JSON.stringify(request.messages)
        if (asked.includes('text')) yield* [...text('a'), finish()]
        else yield* calls([asked.includes('plugin') ? 'p' : 'mine', '{}'])
      },
    })
    const assistant = await node.assistant(['mine'], ['p'])
    const runs = []
    for (const said of ['text', 'plugin', 'wait']) {
      const run = await node.create((await node.thread(said)).id, assistant)
      await node.until(run, 'in_progress')
      runs.push(run)
    }
    await house.store.write('test.cancel', (tx) => tx.run("update runs set status = 'cancelling'"))
    goOn.resolve()
    for (const run of runs) {
      await node.until(run, 'cancelled')
      await eventually(() => order(node.heard(run)).endsWith('run.cancelled'))
      assertLawful(node.heard(run))
      assert.equal((await node.threads.get(house.owner, run.threadId)).activeRunId, null)
    }
    assert.equal(node.jobs.length, 0)
  })

  it('takes a waiting run as soon as there is room', async () => {
    await using house = await openRunHouse(engine)
    const goOn = Promise.withResolvers<void>()
    const node = await house.node({
      concurrency: 1,
      pollMs: 60_000,
      script: async function* () {
        await goOn.promise
        yield* [...text('a'), finish()]
      },
    })
    const assistant = await node.assistant()
    const runs = []
    for (let i = 0; i < 3; i += 1) runs.push(await node.create((await node.thread()).id, assistant))
    goOn.resolve()
    for (const run of runs) await node.until(run, 'completed')
  })
})
