/** Group 8: no process can be made, signalled or read. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertNoProcesses } from './attack-suite.ts'
import { allGone, onEachDriver, run } from './support.ts'

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
