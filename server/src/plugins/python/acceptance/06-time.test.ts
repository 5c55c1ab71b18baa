/** Group 6: whatever takes too long is gone soon after its limit, and the next call finds a process. */
import assert from 'node:assert/strict'
import { getPriority } from 'node:os'
import { performance } from 'node:perf_hooks'
import { after, test } from 'node:test'
import type { Json } from '../sandbox-driver.ts'
import { aJob, LIMITS, allGone, openSandbox, run, sandboxProcesses } from './support.ts'

const sandbox = openSandbox({ poolSize: 1, concurrency: 2 })
after(async () => {
  await sandbox[Symbol.asyncDispose]()
  assert.ok(await allGone())
})

const limits = { ...LIMITS, wallMs: 700 }
/** Generous towards a busy machine: 10-30 ms when it is idle. */
const SLACK_MS = 1000

const ENDLESS: Record<string, string> = {
  loop: 'while True: pass',
  sleep: 'import time\ntime.sleep(100)',
  'await sleep': 'import asyncio\nawait asyncio.sleep(100)',
  regex: 'import re\nre.match(r"(a+)+$", "a" * 60 + "b")',
  power: 'x = 7 ** (10 ** 8)',
  'signals ignored':
    'import signal\nfor s in range(1, 30):\n  try: signal.signal(s, signal.SIG_IGN)\n  except Exception: pass\nwhile True: pass',
  'exceptions caught': 'while True:\n  try:\n    while True: pass\n  except BaseException: pass',
  'JavaScript loop': 'import js\njs.eval("for (;;) {}")',
  'JavaScript promise': 'import js\nawait js.eval("new Promise(() => {})")',
  'Atomics.wait':
    'import js\njs.eval("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)")',
}

for (const [name, source] of Object.entries(ENDLESS)) {
  test(name, async () => {
    const result = await run(sandbox, source, { limits })
    assert.equal(result.error?.kind, 'timeout')
    assert.equal(result.error.message, 'The plugin ran longer than 0.7 seconds and was stopped.')
    assert.ok(
      result.usage.ms >= 690 && result.usage.ms < limits.wallMs + SLACK_MS,
      `took ${result.usage.ms} ms`,
    )
  })
}

test("the limit on processor time is the system's", async () => {
  const result = await run(sandbox, 'while True: pass', { limits: { ...LIMITS, cpuSeconds: 2 } })
  assert.equal(result.error?.kind, 'timeout')
  assert.match(result.error.message, /processor time/)
  assert.ok(result.usage.ms < 6000)
})

test('after all that a call works, and only the pool is left', async () => {
  const started = performance.now()
  assert.equal((await run(sandbox, '1 + 1')).output, '2')
  assert.ok(performance.now() - started < 5000)
  await sandbox.probe()
  assert.ok(sandboxProcesses().length <= 2)
})

test('more calls than may wait are told so at once', async () => {
  await using narrow = openSandbox({ concurrency: 1, queueLimit: 1 })
  await narrow.probe()
  const calls = [1, 2, 3].map((n) => run(narrow, `import time\ntime.sleep(0.3)\n${n}`))
  const results = await Promise.all(calls)
  assert.deepEqual(
    results.map(({ error }) => error?.kind ?? 'ok'),
    ['ok', 'ok', 'busy'],
  )
})

test('arguments nested beyond the stack are a failure of the call, and leave no timer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  let nested: Json = []
  for (let depth = 0; depth < 20_000; depth += 1) nested = [nested]
  const result = await run(sandbox, 'print(1)', { arguments: { nested } })
  assert.equal(result.error?.kind, 'crash')
  assert.match(result.error?.message ?? '', /nested too deeply/)
  assert.ok(timers() <= before + 1, 'no more than the refill of the pool')
  assert.equal((await run(sandbox, 'print(1)')).output, '1\n')
})

test('an owner whose calls loop keeps no other owner waiting, and gives way to the server', async () => {
  const over = new AbortController()
  let ended = 0
  const loops = [1, 2, 3].map((n) =>
    sandbox
      .run(aJob('while True: pass', { scope: `w/a/p${n}@1` }), over.signal)
      .finally(() => (ended += 1)),
  )
  const settled = Promise.allSettled(loops)
  try {
    const other = await run(sandbox, 'print(1)', { scope: 'w/b/p@1' })
    assert.deepEqual([other.output, ended], ['1\n', 0])
    const niceness = Math.min(19, getPriority() + 10)
    const found = sandboxProcesses().map((pid) => getPriority(pid))
    assert.ok(found.every((priority) => priority === niceness || priority === 19))
    assert.ok(found.includes(19), 'the one that stepped aside goes last of all')
  } finally {
    over.abort(new Error('enough'))
  }
  for (const loop of await settled) assert.equal(loop.status, 'rejected')
})
