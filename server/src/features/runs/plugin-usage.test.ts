import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { errors } from '../../platform/errors.ts'
import type { ModelRequest } from '../../models/language-model.ts'
import type { SandboxJob, SandboxResult } from '../../plugins/python/sandbox-driver.ts'
import {
  assertLawful,
  calls,
  finish,
  hang,
  openRunHouse,
  orphan,
  text,
  type RunHouse,
} from '../../../tests/support/run-house.ts'
import { refusing } from '../../../tests/support/refusing-store.ts'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

// What plugins ask of a model is usage of the run, each question once: a run's usage stays the sum of its steps'. Every answer of the
// scripted model costs 10 + 5.
const chat = {
  kind: 'chat',
  conversation: [{ role: 'user', content: 'inner' }],
  functions: null,
} as const

const isInner = (request: ModelRequest) => JSON.stringify(request.messages).includes('inner')

/** Asks the model so often, then gives its output. */
const asking =
  (times: number) =>
  async (job: SandboxJob, signal: AbortSignal): Promise<SandboxResult> => {
    for (let i = 0; i < times; i += 1) await job.answer?.(chat, signal)
    return sandboxResult({ output: `asked ${times}` })
  }

/** Calls the plugin or function in the first turn of a run, and then answers. */
const callOnce =
  (...names: string[]) =>
  (_nth: number, request: ModelRequest) => {
    if (isInner(request)) return [...text('inner answer'), finish()]
    if (request.messages.at(-1)?.role === 'tool') return [...text('done'), finish()]
    return calls(...names.map((name): [string, string] => [name, '{}']))
  }

type Node = Awaited<ReturnType<RunHouse['node']>>

const tokens = (text: unknown): number => {
  const usage = JSON.parse(String(text)) as {
    promptTokens: number
    completionTokens: number
  } | null
  return usage === null ? 0 : usage.promptTokens + usage.completionTokens
}

/** The tokens of a run and of its steps, which must be the same sum. */
const spent = async (house: RunHouse, node: Node, run: { id: string }): Promise<number[]> => {
  const rows = await house.store.all(
    'select usage from run_steps where run_id = ?1 order by position',
    [run.id],
  )
  const steps = rows.map((row) => tokens(row['usage']))
  const total = tokens((await node.row(run))['usage'])
  assert.equal(
    steps.reduce((sum, one) => sum + one, 0),
    total,
  )
  return steps
}

const eventually = async (what: () => boolean | Promise<boolean>) => {
  for (const end = Date.now() + 8_000; !(await what()); await sleep(5)) {
    assert.ok(Date.now() < end, 'it does not happen')
  }
}

const callOf = (node: Node, house: RunHouse, aid: string, tid: string, pid = 'p') => {
  const request = { aid, tid, pid, params: null, body: '{}' }
  return node.pluginApi.call(house.owner, request, new AbortController().signal)
}

const outputs = (...ids: string[]) => ({
  tool_outputs: ids.map((id) => ({ tool_call_id: id, output: 'x' })),
  stream: false as const,
})

onEachEngine('what plugins ask of a model', (engine) => {
  it("is in the tool step's usage and the run's, where the server runs plugins", async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ plugin: asking(2), script: callOnce('p', 'p') })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await node.until(run, 'completed')
    assertLawful(node.heard(run))
    assert.deepEqual(await spent(house, node, run), [15 + 4 * 15, 15])
    const [step] = await node.steps(run)
    const shown = node.heard(run).find(({ event }) => event === 'thread.run.step.completed')
    assert.match(shown?.data ?? '', /"usage":\{"prompt_tokens":50,"completion_tokens":25/)
    // The wire's step has no more keys; the stored one names the calls' records.
    assert.doesNotMatch(shown?.data ?? '', /pcall_/)
    const records = await house.store.all('select id, model_usage from plugin_calls order by id')
    for (const { id, model_usage: usage } of records) {
      assert.ok(step?.step_details.includes(`"pluginCall":{"id":"${String(id)}","ok":true}`))
      assert.deepEqual(JSON.parse(String(usage)), {
        prompt_tokens: 20,
        completion_tokens: 10,
        requests: 2,
      })
    }
    assert.equal(records.length, 2)
  })

  it('is in the usage of the step it was asked in', async () => {
    await using house = await openRunHouse(engine)
    let turn = 0
    const node = await house.node({
      plugin: (job, signal) => asking(turn)(job, signal),
      script: (_nth, request) => {
        if (isInner(request)) return [...text('inner answer'), finish()]
        turn += 1
        return turn < 3 ? calls(['p', '{}']) : [...text('done'), finish()]
      },
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await node.until(run, 'completed')
    assert.deepEqual(await spent(house, node, run), [15 + 15, 15 + 2 * 15, 15])
  })

  it('is counted by what was said where the plugin ends before its answer', async () => {
    await using house = await openRunHouse(engine)
    const begun = Promise.withResolvers<void>()
    const node = await house.node({
      plugin: async (job) => {
        const call = new AbortController()
        const asked = job.answer?.(chat, call.signal)
        asked?.catch(() => undefined)
        await begun.promise
        call.abort(new Error('the call is over'))
        return sandboxResult()
      },
      script: async function* (_nth, request, signal) {
        if (!isInner(request)) return yield* callOnce('p')(0, request)
        yield* text('four tokens long, about')
        // Once the model listens for its end.
        setImmediate(begun.resolve)
        try {
          yield* hang([], signal)
        } finally {
          // As a connection takes a moment to close.
          await sleep(50)
        }
        return
      },
    })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await node.until(run, 'completed')
    const [step = 0] = await spent(house, node, run)
    assert.ok(step > 15 + 6, `${step}`)
  })

  it('is counted when the client submits, for its own calls of the waiting run only', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ plugin: asking(1), script: callOnce('p') })
    const assistant = await node.assistant([], ['p'], 'client')
    const thread = await node.thread()
    // No run waits yet, and later another assistant's does.
    await callOf(node, house, assistant, thread.id)
    const run = await node.create(thread.id, assistant)
    await node.until(run, 'requires_action')
    const other = await node.assistant([], ['p'], 'client')
    await callOf(node, house, other, thread.id)
    await callOf(node, house, assistant, thread.id)
    await callOf(node, house, assistant, thread.id)
    const calls = await house.store.all('select for_run_id from plugin_calls order by id')
    assert.deepEqual(
      calls.map((row) => row['for_run_id']),
      [null, null, run.id, run.id],
    )
    await node.runs.submit(house.owner, thread.id, run.id, outputs('call_p_0'))
    await node.until(run, 'completed')
    assert.deepEqual(await spent(house, node, run), [15 + 2 * 15, 15])
  })

  it('is counted once over a takeover, with what the dead node had asked', async () => {
    await using house = await openRunHouse(engine)
    const first = await house.node({
      start: false,
      plugin: async (job, signal) => {
        await job.answer?.(chat, signal)
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        })
      },
      script: callOnce('p'),
    })
    const run = await first.create((await first.thread()).id, await first.assistant([], ['p']))
    await eventually(
      async () =>
        (await house.store.all('select id from plugin_calls where model_usage is not null'))
          .length === 1,
    )
    await orphan(house, run.id)
    const next = await house.node({ plugin: asking(1), script: callOnce('p') })
    await next.until(run, 'completed')
    assert.deepEqual(await spent(house, next, run), [15 + 2 * 15, 15])
  })

  it('is counted once when a commit went through whose answer did not', async () => {
    await using house = await openRunHouse(engine)
    const failed = new Set<string>()
    const units = ['run.complete-tool-step', 'run.end', 'plugin.call.end']
    const store = refusing(house.store, (name, phase) => {
      if (phase === 'before' || !units.includes(name) || failed.has(name)) return null
      failed.add(name)
      return errors.unavailable('The connection broke.', 1)
    })
    const node = await house.node({ store, plugin: asking(1), script: callOnce('p') })
    const run = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await node.until(run, 'completed')
    assert.deepEqual([...failed].toSorted(), units.toSorted())
    assert.deepEqual(await spent(house, node, run), [15 + 15, 15])
    assert.equal(node.jobs.length, 1)
  })

  it('is counted when the run is cancelled while its plugin runs', async () => {
    await using house = await openRunHouse(engine)
    const asked = Promise.withResolvers<void>()
    const node = await house.node({
      plugin: async (job, signal) => {
        await job.answer?.(chat, signal)
        asked.resolve()
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        })
      },
      script: callOnce('p'),
    })
    const served = await node.create((await node.thread()).id, await node.assistant([], ['p']))
    await asked.promise
    await node.runs.cancel(house.owner, served.threadId, served.id)
    await node.until(served, 'cancelled')
    assert.deepEqual(await spent(house, node, served), [15 + 15])
  })

  it('is counted when the run expires while its client is waited for, and never after its end', async () => {
    await using house = await openRunHouse(engine)
    const at = { ms: Date.now() }
    const clock = { now: () => at.ms }
    const quick = await house.node({ clock, plugin: asking(1), script: callOnce('q') })
    const assistant = await quick.assistant([], ['q'], 'client')
    const thread = await quick.thread()
    const waiting = await quick.create(thread.id, assistant)
    await quick.until(waiting, 'requires_action')
    await callOf(quick, house, assistant, thread.id, 'q')
    at.ms += 601_000
    await quick.until(waiting, 'expired')
    assert.deepEqual(await spent(house, quick, waiting), [15 + 15])
    // The lock is free and the run over: a late call is nobody's.
    await callOf(quick, house, assistant, thread.id, 'q')
    assert.deepEqual(await spent(house, quick, waiting), [15 + 15])
  })

  it('makes and keeps served calls of a mixed turn, and waits for a plugin that asks first', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ plugin: asking(1), script: callOnce('p', 'asks') })
    const assistant = await node.assistant([], ['p', 'asks'])
    const run = await node.create((await node.thread()).id, assistant)
    const waiting = await node.until(run, 'requires_action')
    assert.match(String(waiting['required_action']), /call_asks_1/)
    assert.doesNotMatch(String(waiting['required_action']), /call_p_0/)
    assert.match((await node.steps(run))[0]?.step_details ?? '', /"output":"asked 1"/)
    const answer = await callOf(node, house, assistant, run.threadId, 'asks')
    assert.equal(answer.text, 'asked 1')
    await node.runs.submit(house.owner, run.threadId, run.id, outputs('call_asks_1'))
    await node.until(run, 'completed')
    assert.deepEqual(await spent(house, node, run), [15 + 2 * 15, 15])
    assert.equal(node.jobs.length, 2)
  })

  it('runs the version of a plugin that the waiting run was frozen with', async () => {
    await using house = await openRunHouse(engine)
    const node = await house.node({ plugin: asking(0), script: callOnce('p') })
    const assistant = await node.assistant([], ['p'], 'client')
    const run = await node.create((await node.thread()).id, assistant)
    await node.until(run, 'requires_action')
    await house.store.write('test.version', async (tx) => {
      await tx.run(
        `update plugins set manifest = replace(manifest, 'print(6)', 'print(7)'), version = 2`,
      )
    })
    await callOf(node, house, assistant, run.threadId)
    assert.equal(node.jobs[0]?.source, 'print(6)')
    await node.runs.cancel(house.owner, run.threadId, run.id)
    await node.until(run, 'cancelled')
    await callOf(node, house, assistant, run.threadId)
    assert.equal(node.jobs[1]?.source, 'print(7)')
  })
})
