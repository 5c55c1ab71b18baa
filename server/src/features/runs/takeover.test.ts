import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { errors } from '../../platform/errors.ts'
import {
  assertLawful,
  calls,
  finish,
  hang,
  openRunHouse,
  orphan,
  order,
  text,
} from '../../../tests/support/run-house.ts'
import { refusing } from '../../../tests/support/refusing-store.ts'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

// design.md 4.3, behaviour.md 11: what another attempt goes on from, and what an outage of the store leaves.
const OPEN = 'step.created step.in_progress message.created message.in_progress'
const MSG = `${OPEN} message.delta message.completed step.completed`
const HEAD = 'run.created run.queued run.in_progress'

const eventually = async (what: () => boolean | Promise<boolean>) => {
  for (const end = Date.now() + 8_000; !(await what()); await sleep(5)) {
    assert.ok(Date.now() < end, 'it does not happen')
  }
}

onEachEngine('takeover', (engine) => {
  it('closes an open message visibly and writes a new one; the late node is silent', async () => {
    await using house = await openRunHouse(engine)
    const goOn = Promise.withResolvers<void>()
    // Deaf: it is not told of the loss, as a paused process is not.
    const late = await house.node({
      start: false,
      script: async function* () {
        yield* text('from the first')
        await goOn.promise
        yield* text(' and more')
        yield finish()
      },
    })
    const run = await late.create((await late.thread()).id, await late.assistant())
    await eventually(async () => (await late.written(run)).length === 1)
    await orphan(house, run.id)
    const next = await house.node({ script: () => [...text('from the second'), finish()] })
    await next.until(run, 'completed')
    assert.equal(order(next.heard(run)), `message.incomplete step.failed ${MSG} run.completed`)
    const rows = JSON.stringify([await next.steps(run), await next.written(run)])
    const heard = late.heard(run).length
    goOn.resolve()
    await eventually(() => late.dispatcher.active === 0)
    assert.equal(JSON.stringify([await next.steps(run), await next.written(run)]), rows)
    // The delta of a node that knows of no loss is the last thing it can say; it stops at its next write.
    assert.ok(late.heard(run).length <= heard + 1)
    const [closed, written] = await next.written(run)
    assert.deepEqual([closed?.status, closed?.incomplete_reason], ['incomplete', 'run_failed'])
    assert.match(written?.content ?? '', /from the second/)
    const [failed] = await next.steps(run)
    assert.equal(failed?.status, 'failed')
    assert.match(failed?.last_error ?? '', /interrupted/)
    assert.doesNotMatch(JSON.stringify(next.requests[0]?.messages), /from the first/)
  })

  it('says nothing once the lease is over by its own clock', async () => {
    await using house = await openRunHouse(engine)
    let now = Date.now()
    const goOn = Promise.withResolvers<void>()
    const late = await house.node({
      start: false,
      clock: { now: () => now },
      script: async function* () {
        yield* text('before')
        await goOn.promise
        yield* text('after')
        yield finish()
      },
    })
    const run = await late.create((await late.thread()).id, await late.assistant())
    await eventually(async () => (await late.written(run)).length === 1)
    const heard = late.heard(run).length
    now += 16_000
    goOn.resolve()
    await eventually(() => late.dispatcher.active === 0)
    assert.equal(late.heard(run).length, heard)
    assert.equal((await late.row(run))['status'], 'in_progress')
  })

  it('is silent when nothing was said yet', async () => {
    await using house = await openRunHouse(engine)
    const first = await house.node({
      start: false,
      script: (_, __, signal) => hang([], signal),
    })
    const run = await first.create((await first.thread()).id, await first.assistant())
    await first.until(run, 'in_progress')
    await orphan(house, run.id)
    const next = await house.node()
    await next.until(run, 'completed')
    assert.equal(order(next.heard(run)), `${MSG} run.completed`)
  })

  it('does a tool step without kept calls anew', async () => {
    await using house = await openRunHouse(engine)
    const first = await house.node({
      start: false,
      script: (_, __, signal) => hang(calls(['f', '{"a":1}']).slice(0, -1), signal),
    })
    const run = await first.create((await first.thread()).id, await first.assistant(['f']))
    await eventually(async () => (await first.steps(run)).length === 1)
    await orphan(house, run.id)
    const next = await house.node({ script: () => calls(['f', '{"a":2}']) })
    await next.until(run, 'requires_action')
    assert.equal(
      order(next.heard(run)),
      'step.failed step.created step.in_progress step.delta run.requires_action',
    )
    assert.match((await next.steps(run))[1]?.step_details ?? '', /{\\"a\\":2}/)
  })

  it('does not make a plugin call again whose output is stored', async () => {
    await using house = await openRunHouse(engine)
    const first = await house.node({
      start: false,
      plugin: (job, signal) =>
        job.arguments['n'] === 1
          ? Promise.resolve(sandboxResult({ output: 'kept' }))
          : new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason as Error))
            }),
      script: () => calls(['p', '{"n":1}'], ['p', '{"n":2}']),
    })
    const run = await first.create((await first.thread()).id, await first.assistant([], ['p']))
    const stored = () => house.store.all("select id from plugin_calls where status = 'completed'")
    await eventually(async () => (await stored()).length === 1)
    await orphan(house, run.id)
    const next = await house.node({
      plugin: () => Promise.resolve(sandboxResult({ output: 'made again' })),
      script: () => [...text('done'), finish()],
    })
    await next.until(run, 'completed')
    assert.deepEqual(
      next.jobs.map((job) => job.arguments['n']),
      [2],
    )
    assert.equal(order(next.heard(run)), `step.completed ${MSG} run.completed`)
    const outputs = next.requests[0]?.messages.flatMap((m) => (m.role === 'tool' ? [m.output] : []))
    assert.deepEqual(outputs, ['kept', 'made again'])
  })

  it('waits for the other calls of a step when one cannot be made', async () => {
    await using house = await openRunHouse(engine)
    let aborted = 0
    const both = Promise.withResolvers<void>()
    const node = await house.node({
      store: refusing(house.store, (name, phase) =>
        name === 'plugin.call.end' && phase === 'before' ? new Error('broken') : null,
      ),
      plugin: async (job, signal) => {
        if (job.arguments['n'] === 1) {
          await both.promise
          return sandboxResult()
        }
        both.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        await sleep(20)
        aborted += 1
        throw signal.reason
      },
      script: () => calls(['p', '{"n":1}'], ['p', '{"n":2}']),
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await node.until(run, 'failed')
    assert.equal(aborted, 1)
    assertLawful(node.heard(run))
  })

  const outages = ['run.start', 'run.open-message', 'run.complete-message', 'run.open-tool-step']
    .concat('run.require-action', 'run.end')
    .flatMap((name) => [
      { name, phase: 'before' as const },
      { name, phase: 'after' as const },
    ])
  it('gets over a short outage of the store at every write', async () => {
    await using house = await openRunHouse(engine)
    await Promise.all(
      outages.map(async ({ name, phase }) => {
        let left = 1
        const node = await house.node({
          store: refusing(house.store, (unit, when) =>
            unit === name && when === phase && left-- > 0 ? errors.unavailable('away', 1) : null,
          ),
          script: (nth) =>
            nth === 0 ? [...text('a'), ...calls(['f', '{}'])] : [...text('b'), finish()],
        })
        const run = await node.create((await node.thread()).id, await node.assistant(['f']))
        await node.until(run, 'requires_action')
        await eventually(() => order(node.heard(run)).endsWith('run.requires_action'))
        await node.runs.submit(house.owner, run.threadId, run.id, {
          tool_outputs: [{ tool_call_id: 'call_f_0', output: 'x' }],
          stream: false,
        })
        await node.until(run, 'completed')
        await eventually(() => order(node.heard(run)).endsWith('run.completed'))
        const heard = order(node.heard(run))
        const tool = 'step.created step.in_progress step.delta run.requires_action'
        assert.equal(
          heard,
          `${HEAD} ${MSG} ${tool} step.completed run.queued run.in_progress ${MSG} run.completed`,
          `${name} ${phase}`,
        )
        assert.deepEqual(
          (await node.steps(run)).map(({ status }) => status),
          ['completed', 'completed', 'completed'],
        )
      }),
    )
  })

  it('lets a run go after a long outage, and goes on without waiting for the lease', async () => {
    await using house = await openRunHouse(engine)
    let away = false
    const node = await house.node({
      store: refusing(house.store, (name) =>
        away && name.startsWith('run') ? errors.unavailable('away', 1) : null,
      ),
      script: async function* (nth) {
        yield* text('said')
        if (nth === 0) away = true
        yield finish()
      },
    })
    const run = await node.create((await node.thread()).id, await node.assistant())
    await eventually(() => away && node.dispatcher.active === 0)
    assert.equal((await node.row(run))['status'], 'in_progress')
    away = false
    const row = await node.until(run, 'completed')
    assert.equal(row['attempt'], 2)
    const heard = node.heard(run)
    assert.equal(
      order(heard),
      `${HEAD} ${OPEN} message.delta message.incomplete step.failed ${MSG} run.completed`,
    )
    assert.deepEqual(
      heard.map(({ seq }) => seq),
      heard.map(({ seq }) => seq).toSorted((a, b) => a - b),
    )
  })
})
