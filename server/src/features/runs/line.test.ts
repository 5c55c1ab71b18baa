import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ModelError, type ModelRequest } from '../../models/language-model.ts'
import { errors } from '../../platform/errors.ts'
import { refusing } from '../../../tests/support/refusing-store.ts'
import {
  assertLawful,
  calls,
  finish,
  hang,
  openRunHouse,
  order,
  orphan,
  text,
  type RunHouse,
  type Script,
} from '../../../tests/support/run-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

// The line of a busy thread: issue 5, point 8.
const HEAD = 'run.created run.queued run.in_progress'
const MSG =
  'step.created step.in_progress message.created message.in_progress message.delta message.completed step.completed'
const ALL = { limit: 100, order: 'asc', after: null, before: null } as const

type Node = Awaited<ReturnType<RunHouse['node']>>

const eventually = async (what: () => boolean | Promise<boolean>) => {
  for (const end = Date.now() + 8_000; !(await what()); await sleep(5)) {
    assert.ok(Date.now() < end, 'it does not happen')
  }
}

/** What a test does with one thread of a house. */
const threadOf = async (house: RunHouse, node: Node, functions: string[] = []) => {
  const { owner } = house
  const { id } = await node.thread()
  const assistant = await node.assistant(functions)
  return {
    id,
    run: (fields: object = {}) => node.create(id, assistant, fields),
    queue: (...said: string[]) =>
      node.create(id, assistant, {
        queue: true,
        additional_messages: said.map((content) => ({ role: 'user', content })),
      }),
    say: (content: string, queue = true) =>
      node.messages.create(
        owner,
        id,
        { role: 'user', content, attachments: [], metadata: {} },
        queue,
      ),
    said: async () => {
      const { items } = await node.messages.list(owner, id, null, ALL)
      return items.map(({ content: [part] }) => (part?.type === 'text' ? part.text.value : part))
    },
    state: async () => {
      const thread = await house.store.get('select * from threads where id = ?1', [id])
      return [thread?.['active_run_id'], thread?.['waiting']]
    },
    cancel: (run: { id: string }) => node.runs.cancel(owner, id, run.id),
  }
}

/** Waits for a gate, but not longer than the run goes on: a test that fails must not wait for ever. */
const unless = async (signal: AbortSignal, gate: Promise<void> | undefined): Promise<void> => {
  if (gate === undefined) return
  const stopped = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  await Promise.race([gate, stopped])
}

/** The first run holds the thread until it is let go; what follows answers at once. */
const gated = (): { script: Script; open: () => void } => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return {
    open: resolve,
    script: async function* (nth, _, signal) {
      if (nth === 0) await unless(signal, promise)
      yield* text(`answer ${nth}`)
      yield finish()
    },
  }
}

/** The texts of a prompt. */
const saidIn = ({ messages }: ModelRequest): string[] =>
  messages.flatMap((message) => {
    if (message.role === 'user')
      return message.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    return message.role === 'assistant' ? [message.text ?? ''] : []
  })

onEachEngine('the line of a busy thread', (engine) => {
  it('gives messages and runs their turn in the order they came', async () => {
    await using house = await openRunHouse(engine)
    const { script, open } = gated()
    const node = await house.node({ script })
    const t = await threadOf(house, node)
    const first = await t.run()
    const one = await t.say('one')
    const second = await t.queue('with second')
    await t.say('two')
    const third = await t.queue()
    await t.say('three')
    assert.deepEqual(
      [second.status, second.dueMs, second.leaseOwner, second.attempt],
      ['queued', null, null, 0],
    )
    assert.deepEqual(await t.said(), ['hi'])
    assert.deepEqual(await t.state(), [first.id, 6])
    assert.ok((await node.messages.get(house.owner, t.id, one.id)).position < 0)
    assert.equal(order(node.heard(second)), 'run.created run.queued')
    await assert.rejects(t.say('now', false), {
      status: 400,
      message: `Can't add messages to ${t.id} while a run ${first.id} is active.`,
    })
    await assert.rejects(t.run(), {
      status: 400,
      message: `Thread ${t.id} already has an active run ${first.id}.`,
    })
    open()
    for (const run of [first, second, third]) {
      const row = await node.until(run, 'completed')
      assert.deepEqual([row['attempt'], row['place']], [1, null])
      assert.equal(order(node.heard(run)), `${HEAD} ${MSG} run.completed`)
      assertLawful(node.heard(run))
    }
    const all = ['hi', 'answer 0', 'one', 'with second', 'answer 1', 'two', 'answer 2', 'three']
    assert.deepEqual(await t.said(), all)
    assert.deepEqual(node.requests.map(saidIn), [all.slice(0, 1), all.slice(0, 4), all.slice(0, 6)])
    assert.deepEqual(await t.state(), [null, 0])
    await t.say('free', false)
    assert.equal((await t.said()).at(-1), 'free')
  })

  it('goes on after every way a run can end', async () => {
    await using house = await openRunHouse(engine)
    const ends: Record<string, Script> = {
      completed: () => [...text('done'), finish()],
      incomplete: () => [...text('cut'), finish('length')],
      failed: () => {
        throw new ModelError('server_error', 'broken')
      },
      cancelled: (_, __, signal) => hang([], signal),
      expired: (_, __, signal) => hang([], signal),
    }
    for (const [status, way] of Object.entries(ends)) {
      const gate = Promise.withResolvers<void>()
      const node = await house.node({
        expiresSeconds: status === 'expired' ? 1 : 600,
        script: async function* (nth, request, signal) {
          if (nth > 0) yield* [...text('next'), finish()]
          else {
            await unless(signal, gate.promise)
            yield* way(nth, request, signal)
          }
        },
      })
      const t = await threadOf(house, node)
      const first = await t.run()
      await node.until(first, 'in_progress')
      await t.say('meanwhile')
      const next = await t.queue()
      gate.resolve()
      if (status === 'cancelled') await t.cancel(first)
      await node.until(first, status)
      await node.until(next, 'completed')
      assert.deepEqual(await t.state(), [null, 0], status)
      assert.deepEqual((await t.said()).slice(-2), ['meanwhile', 'next'], status)
      await node.dispatcher[Symbol.asyncDispose]()
    }
  })

  it('waits while a run waits for its client, and counts a run’s time from its turn', async () => {
    await using house = await openRunHouse(engine)
    let ahead = 0
    const node = await house.node({
      clock: { now: () => Date.now() + ahead },
      expiresSeconds: 600,
      script: (nth) => (nth === 0 ? calls(['f', '{}']) : [...text('done'), finish()]),
    })
    const t = await threadOf(house, node, ['f'])
    const first = await t.run()
    const waiting = await t.queue()
    await node.until(first, 'requires_action')
    await sleep(100)
    assert.equal((await node.row(waiting))['status'], 'queued')
    // The client never comes; the run that waits would have been over its time as well.
    ahead = 601_000
    await node.until(first, 'expired')
    const row = await node.until(waiting, 'completed')
    assert.ok(Number(row['expires_at']) >= waiting.createdAt + 600 + 601)
    assert.equal(Number(row['attempt']), 1)
  })

  it('cancels a run that waits at once, and leaves what it came with', async () => {
    await using house = await openRunHouse(engine)
    const { script, open } = gated()
    const node = await house.node({ script })
    const t = await threadOf(house, node)
    const first = await t.run()
    const gone = await t.queue('stays')
    const next = await t.queue()
    const cancelled = await t.cancel(gone)
    assert.deepEqual([cancelled.status, cancelled.place], ['cancelled', null])
    assert.ok(cancelled.cancelledAt)
    assert.equal(order(node.heard(gone)), 'run.created run.queued run.cancelling run.cancelled')
    assertLawful(node.heard(gone))
    await assert.rejects(t.cancel(gone), { message: "Cannot cancel run with status 'cancelled'." })
    assert.deepEqual(await t.state(), [first.id, 2])
    open()
    await node.until(next, 'completed')
    assert.deepEqual(await t.said(), ['hi', 'answer 0', 'stays', 'answer 1'])
    assert.equal((await node.row(gone))['status'], 'cancelled')
    assert.deepEqual(await t.state(), [null, 0])
  })

  it('lets a message out of the line, but none that had its turn', async () => {
    await using house = await openRunHouse(engine)
    const { script, open } = gated()
    const node = await house.node({ script })
    const t = await threadOf(house, node)
    const first = await t.run()
    const { id } = await t.say('taken back')
    await t.say('kept')
    await node.messages.delete(house.owner, t.id, id)
    assert.deepEqual(await t.state(), [first.id, 1])
    const [hi] = (await node.messages.list(house.owner, t.id, null, ALL)).items
    await assert.rejects(node.messages.delete(house.owner, t.id, hi?.id ?? ''), { status: 400 })
    open()
    await node.until(first, 'completed')
    assert.deepEqual(await t.said(), ['hi', 'answer 0', 'kept'])
    assert.deepEqual(await t.state(), [null, 0])
  })

  it('bounds the line, whole requests only, and takes it away with its thread', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ script: (_, __, signal) => hang([], signal) })
    const t = await threadOf(house, node)
    const first = await t.run()
    for (let nth = 0; nth < 63; nth += 1) await t.say(`${nth}`)
    const full = { status: 429, code: 'rate_limit_exceeded', headers: { 'retry-after': '5' } }
    await assert.rejects(t.queue('one too many'), full)
    assert.deepEqual(await t.state(), [first.id, 63])
    const last = await t.queue()
    await assert.rejects(t.say('more'), full)
    await assert.rejects(t.queue(), full)
    assert.deepEqual(await t.state(), [first.id, 64])
    await node.runs.forget(await node.threads.delete(house.owner, t.id))
    await eventually(() => node.dispatcher.active === 0)
    assert.equal(await node.runs.find(last), null)
    assert.deepEqual(await house.store.all('select id from messages'), [])
  })

  it('asks for the rights of a run and a message when they come, not at their turn', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ script: (_, __, signal) => hang([], signal) })
    const t = await threadOf(house, node)
    await t.run()
    const stranger = { ...house.owner, personId: 'person_stranger' }
    const message = { role: 'user' as const, content: 'x', attachments: [], metadata: {} }
    await assert.rejects(node.messages.create(stranger, t.id, message, true), { status: 404 })
    await assert.rejects(node.create(t.id, 'asst_none', { queue: true }), { status: 404 })
    const attachments = [{ file_id: 'file-none', tools: [{ type: 'file_search' as const }] }]
    await assert.rejects(
      node.messages.create(house.owner, t.id, { ...message, attachments }, true),
      { status: 404 },
    )
    assert.deepEqual((await t.state())[1], 0)
  })

  it('gives the thread on once when the answer to the commit is lost', async () => {
    await using house = await openRunHouse(engine)
    let lost = 0
    const store = refusing(house.store, (name, phase) => {
      if (name !== 'run.end' || phase !== 'after' || lost > 0) return null
      lost += 1
      return errors.unavailable('the answer to the commit is lost', 1)
    })
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const node = await house.node({
      store,
      script: async function* (nth, _, signal) {
        await unless(signal, gates[nth]?.promise)
        yield* text(`answer ${nth}`)
        yield finish()
      },
    })
    const t = await threadOf(house, node)
    const first = await t.run()
    const second = await t.queue('one')
    const third = await t.queue('two')
    gates[0]?.resolve()
    await eventually(() => order(node.heard(first)).endsWith('run.completed'))
    await node.until(second, 'in_progress')
    // The end of the first was stored twice; the second has the thread, and the third still waits.
    assert.equal(lost, 1)
    assert.deepEqual(await t.state(), [second.id, 2])
    gates[1]?.resolve()
    for (const run of [second, third])
      assert.equal((await node.until(run, 'completed'))['attempt'], 1)
    assert.deepEqual(await t.said(), ['hi', 'answer 0', 'one', 'answer 1', 'two', 'answer 2'])
  })

  it('goes on at another node when the first one is gone', async () => {
    await using house = await openRunHouse(engine)
    const dead = await house.node({
      start: false,
      script: (_, __, signal) => hang(text('half'), signal),
    })
    const t = await threadOf(house, dead)
    const first = await t.run()
    await eventually(async () => (await dead.written(first)).length === 1)
    await t.say('one')
    const next = await t.queue()
    await orphan(house, first.id)
    const node = await house.node()
    await node.until(first, 'completed')
    await node.until(next, 'completed')
    assert.deepEqual(await t.state(), [null, 0])
    assert.deepEqual((await t.said()).slice(2), ['hello', 'one', 'hello'])
  })

  it('loses and doubles nothing when all ends and arrives at once', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ script: () => [...text('answer'), finish()] })
    const t = await threadOf(house, node)
    await t.run()
    const runs = await Promise.all(
      Array.from({ length: 12 }, async (_, nth) => {
        if (nth % 3 === 0) await t.say(`m${nth}`)
        const run = await t.queue(`r${nth}`)
        return nth % 4 === 0 ? t.cancel(run).catch(() => run) : run
      }),
    )
    for (const run of runs) await node.until(run, 'completed', 'cancelled')
    assert.deepEqual(await t.state(), [null, 0])
    const said = await t.said()
    for (let nth = 0; nth < 12; nth += 1) {
      assert.equal(said.filter((one) => one === `r${nth}`).length, 1)
      if (nth % 3 === 0) assert.ok(said.indexOf(`m${nth}`) < said.indexOf(`r${nth}`))
    }
  })
})
