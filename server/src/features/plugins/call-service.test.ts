import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fakeSandbox, sandboxResult as result } from '../../../tests/support/fake-sandbox.ts'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { createLog } from '../../platform/log.ts'
import type { SandboxJob, SandboxResult } from '../../plugins/python/sandbox-driver.ts'
import type { PluginCallRequest } from './call-service.ts'
import { pluginCalls, pluginService } from '../../../tests/support/plugin-house.ts'

const MELZI = '{"timeout_seconds": 3, "network": ["api.example.com"]}'
const file = (melzi = 'null', source = 'print(6)') =>
  `{ "id": "p", "melzi": ${melzi}, "api": { "type": "python", "python": { "source": "${source}" } } }`

const setUp = async (
  engine: TestEngine,
  answer: (job: SandboxJob, signal: AbortSignal) => Promise<SandboxResult> = () =>
    Promise.resolve(result()),
  options: { totalMs?: number; defaultHosts?: 'public' } = {},
) => {
  const home = await openFeatureStore(engine)
  const { store } = home
  const clock = { now: () => Date.now() }
  const plugins = pluginService(store, clock)
  const { driver, jobs } = fakeSandbox(answer)
  const log = createLog('silent')
  const calls = pluginCalls({ store, driver, clock, log }, options)
  const owner = await home.person()
  const plugin = await plugins.importPlugin(owner, file(MELZI))
  const request: PluginCallRequest = {
    workspaceId: owner.workspaceId,
    callerId: owner.personId,
    assistantId: 'asst_1',
    threadId: 'thread_1',
    plugin: { id: plugin.id, functionName: 'p', operation: null, version: null },
    origin: 'client',
    forRunId: null,
    model: null,
    argumentsText: '{"a": 1}',
    customizedParams: { msg: 'hi' },
    conversation: [{ role: 'user', content: 'x' }],
    run: null,
  }
  const rows = () => store.all<Record<string, unknown>>('select * from plugin_calls order by id')
  const call = (fields: Partial<PluginCallRequest> = {}, signal = new AbortController().signal) =>
    calls.call({ ...request, ...fields }, signal)
  return {
    home,
    plugins,
    jobs,
    owner,
    plugin,
    rows,
    call,
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}

onEachEngine('plugin calls', (engine) => {
  it('gives the driver the job of the plugin and records the call', async () => {
    await using t = await setUp(engine)
    const outcome = await t.call()
    assert.deepEqual(outcome, {
      callId: outcome.callId,
      ok: true,
      text: '6',
      error: null,
      directResponse: false,
    })
    assert.match(outcome.callId, /^pcall_/)
    const [job] = t.jobs
    assert.equal(job?.scope, `${t.owner.workspaceId}/${t.owner.personId}/${t.plugin.id}@1`)
    assert.equal(job.source, 'print(6)')
    assert.deepEqual([job.arguments, job.customizedParams], [{ a: 1 }, { msg: 'hi' }])
    assert.deepEqual(job.egress, { hosts: ['api.example.com'] })
    assert.equal(job.limits.wallMs, 3000)
    const [row] = await t.rows()
    assert.deepEqual(
      [
        row?.['id'],
        row?.['status'],
        row?.['output'],
        row?.['arguments'],
        row?.['customized_params'],
      ],
      [outcome.callId, 'completed', '6', '{"a": 1}', '{"msg":"hi"}'],
    )
    assert.equal(typeof row?.['ended_ms'], 'number')
  })

  it("gives a file the public network only where the operator's setting is public", async () => {
    for (const setting of ['none', 'public'] as const) {
      const isPublic = setting === 'public'
      const options = isPublic ? { defaultHosts: setting } : {}
      await using t = await setUp(engine, undefined, options)
      await t.plugins.importPlugin(t.owner, file('{"network": "public"}'))
      const outcome = await t.call()
      assert.equal(outcome.ok, isPublic)
      assert.deepEqual(
        t.jobs.map((job) => job.egress),
        isPublic ? [{ hosts: 'public' }] : [],
      )
      if (isPublic) continue
      assert.equal(outcome.error?.kind, 'egress')
      assert.match(outcome.text, /MELZI_PLUGIN_NETWORK=public/)
    }
  })

  it('gives a plugin that says nothing 25 s and no network', async () => {
    await using t = await setUp(engine)
    await t.plugins.importPlugin(t.owner, file())
    await t.call()
    assert.equal(t.jobs[0]?.limits.wallMs, 25_000)
    assert.deepEqual(t.jobs[0]?.egress, { hosts: [] })
  })

  it('is recorded as started before the plugin runs', async () => {
    let seen: unknown
    await using t: Awaited<ReturnType<typeof setUp>> = await setUp(engine, async () => {
      seen = (await t.rows())[0]?.['status']
      return result()
    })
    await t.call()
    assert.equal(seen, 'started')
  })

  it('reads arguments that are empty or a JSON string holding JSON', async () => {
    await using t = await setUp(engine)
    for (const argumentsText of ['', ' ', '""', 'null', '"{\\"a\\": 2}"']) {
      await t.call({ argumentsText })
    }
    assert.deepEqual(
      t.jobs.map((job) => job.arguments),
      [{}, {}, {}, {}, { a: 2 }],
    )
  })

  it('answers bad arguments with a text for the model and calls nothing', async () => {
    await using t = await setUp(engine)
    const deep = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
    const texts = ['{"a":', '[1]', '7', '"x"', deep(100), deep(100_000), JSON.stringify(deep(100))]
    for (const argumentsText of texts) {
      const outcome = await t.call({ argumentsText })
      assert.equal(outcome.ok, false)
      assert.equal(outcome.error?.kind, 'arguments')
      assert.match(
        outcome.text,
        /^The arguments (are not valid JSON|must be a JSON object|must not be nested more than 100)/,
      )
    }
    assert.equal(t.jobs.length, 0)
    assert.ok((await t.rows()).every((row) => row['status'] === 'failed'))
    assert.equal((await t.call({ argumentsText: deep(99) })).ok, true)
  })

  it('gives the text of an uncaught exception and flags the call as failed', async () => {
    const error = {
      kind: 'python',
      message: 'ValueError: no price',
      traceback: 'Traceback:\n  line 3, in <module>',
    } as const
    await using t = await setUp(engine, () =>
      Promise.resolve(result({ ok: false, output: '', error })),
    )
    const outcome = await t.call()
    assert.deepEqual(outcome, {
      callId: outcome.callId,
      ok: false,
      text: 'ValueError: no price\nTraceback:\n  line 3, in <module>',
      error,
      directResponse: false,
    })
    assert.equal((await t.rows())[0]?.['status'], 'failed')
  })

  it('keeps and gives what the sandbox may give, in characters a store can hold', async () => {
    const output = `\0\ud800${'單'.repeat(100_000)}`
    await using t = await setUp(engine, () => Promise.resolve(result({ output })))
    const { text } = await t.call()
    assert.ok(text.startsWith('\uFFFD\uFFFD單單'))
    assert.ok(text.endsWith('單\n[The output was longer and has been cut here.]'))
    assert.ok(Buffer.byteLength(text) < 262_144 + 100)
    assert.equal((await t.rows())[0]?.['output'], text)
  })

  it('makes a call of a run once: a stored output is given again', async () => {
    let count = 0
    await using t = await setUp(engine, () =>
      Promise.resolve(result({ output: String((count += 1)) })),
    )
    const run = { runId: 'run_1', toolCallId: 'call_1' }
    const first = await t.call({ run })
    assert.deepEqual(await t.call({ run }), first)
    assert.equal(t.jobs.length, 1)
    const other = await t.call({ run: { ...run, toolCallId: 'call_2' } })
    assert.equal(other.text, '2')
  })

  it('makes a call again that a dead node only started, and keeps what was stored first', async () => {
    const gate = Promise.withResolvers<SandboxResult>()
    let count = 0
    await using t = await setUp(engine, () => {
      count += 1
      return count === 1 ? gate.promise : Promise.resolve(result({ output: 'second' }))
    })
    const run = { runId: 'run_1', toolCallId: 'call_1' }
    const paused = t.call({ run })
    while (t.jobs.length === 0) await delay(1)
    const taken = await t.call({ run })
    assert.equal(taken.text, 'second')
    gate.resolve(result({ output: 'first' }))
    assert.deepEqual(await paused, taken)
    assert.equal((await t.rows()).length, 1)
  })

  it('rejects when it is aborted; a call of a run stays started', async () => {
    await using t = await setUp(
      engine,
      (_job, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        ),
    )
    for (const run of [{ runId: 'run_1', toolCallId: 'call_1' }, null]) {
      const stop = new AbortController()
      const call = t.call({ run }, stop.signal)
      const before = t.jobs.length
      while (t.jobs.length === before) await delay(1)
      stop.abort(new Error('stopping'))
      await assert.rejects(call, /stopping/)
    }
    assert.deepEqual(
      (await t.rows()).map((row) => row['status']),
      ['started', 'failed'],
    )
  })

  it('ends a call that waits or runs too long, whatever the driver does', async () => {
    const never = (_job: SandboxJob, signal: AbortSignal) =>
      new Promise<SandboxResult>((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason)),
      )
    await using t = await setUp(engine, never, { totalMs: 50 })
    const run = { runId: 'run_1', toolCallId: 'call_1' }
    const outcome = await t.call({ run })
    assert.deepEqual([outcome.ok, outcome.error?.kind], [false, 'timeout'])
    assert.match(outcome.text, /longer than 0\.05 s/)
    assert.equal((await t.rows())[0]?.['status'], 'failed')
  })

  it('refuses arguments that are too long, keeping their start', async () => {
    await using t = await setUp(engine)
    const outcome = await t.call({ argumentsText: JSON.stringify({ a: 'x'.repeat(300_000) }) })
    assert.match(outcome.text, /longer than 262144 bytes/)
    assert.equal(String((await t.rows())[0]?.['arguments']).length, 262_144)
    assert.equal(t.jobs.length, 0)
  })

  it('tells that a plugin wants its output to be the answer', async () => {
    await using t = await setUp(engine)
    const direct = `{"id":"p","api":{"type":"python","python":{"source":"1","direct_response":true}}}`
    await t.plugins.importPlugin(t.owner, direct)
    assert.equal((await t.call()).directResponse, true)
  })

  it('turns a failing driver and a deleted plugin into a text', async () => {
    await using t = await setUp(engine, () => Promise.reject(new Error('bug')))
    const crash = await t.call()
    assert.equal(crash.error?.kind, 'crash')
    assert.ok(!crash.text.includes('bug'))
    await t.plugins.delete(t.owner, t.plugin.id)
    const gone = await t.call()
    assert.deepEqual([gone.ok, gone.error?.kind], [false, 'gone'])
  })

  it('runs two calls of an owner at a time and refuses what is too much', async () => {
    const open: (() => void)[] = []
    await using t = await setUp(
      engine,
      () => new Promise((resolve) => open.push(() => resolve(result()))),
    )
    const all = Array.from({ length: 53 }, () => t.call())
    const refused = await Promise.race(all)
    assert.equal(refused.error?.kind, 'busy')
    assert.equal(t.jobs.length, 2)
    while (t.jobs.length < 52 || open.length > 0) {
      open.shift()?.()
      assert.ok(open.length <= 2)
      await delay(1)
    }
    const ended = await Promise.all(all)
    assert.equal(ended.filter((outcome) => outcome.ok).length, 52)
  })
})
