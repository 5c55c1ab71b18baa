/** Group 8: no process can be made, signalled or read. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { onEachDriver, onEachNative } from '../../../../tests/support/each-driver.ts'
import { assertNoProcesses } from './attack-suite.ts'
import { allGone, run } from './support.ts'

onEachDriver((candidate) => {
  const sandbox = candidate.open()
  after(() => sandbox[Symbol.asyncDispose]())

  test('fork, threads, subprocess, spawn, kill: all refused, and this process lives', () =>
    assertNoProcesses(candidate, sandbox))

  test('a fork bomb ends at its first fork', async () => {
    const result = await run(sandbox, 'import os\nwhile True:\n  os.fork()')
    assert.equal(result.error?.kind, 'python')
    assert.ok(await allGone())
  })
})

onEachNative((candidate) => {
  const sandbox = candidate.open()
  after(() => sandbox[Symbol.asyncDispose]())

  test('threads work, and are few however small they are', async () => {
    const pool = `from concurrent.futures import ThreadPoolExecutor
import asyncio
with ThreadPoolExecutor(8) as pool: print(sum(pool.map(lambda n: n * n, range(10))))
print(await asyncio.to_thread(lambda: 7), await asyncio.gather(*[asyncio.to_thread(lambda: 1) for n in range(8)]))`
    assert.equal((await run(sandbox, pool)).output, '285\n7 [1, 1, 1, 1, 1, 1, 1, 1]\n')
    const bomb = `import threading, time
threading.stack_size(32768)
made = 0
try:
    while True:
        threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
        made += 1
except RuntimeError: pass
time.sleep(1)
print(made)`
    const { error, output, usage } = await run(sandbox, bomb)
    assert.ok(usage.peakMiB < 700)
    if (error === null) assert.ok(Number(output) <= 64, output)
    else
      assert.deepEqual(
        [error.kind, error.message],
        ['memory', 'The plugin started more than 64 threads and was stopped.'],
      )
  })

  test('a thread that is left behind does not outlive the call, nor hold it up', async () => {
    const source =
      'import threading\ndef work():\n  while True: pass\nthreading.Thread(target=work).start()\nprint("left")'
    assert.equal((await run(sandbox, source)).output, 'left\n')
    assert.ok(await allGone())
  })
})
