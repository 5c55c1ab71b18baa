/** Group 11, of Deno: every permission is given, so that only seccomp stands, and the attacks still get nothing. The walls of native Python: 12. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  assertNoBridge,
  assertNoFiles,
  assertNoProcesses,
  assertNoSockets,
} from './attack-suite.ts'
import { signalAttack, Victim } from './signals.ts'
import { openSandbox, run } from './support.ts'

const DENO = { driver: 'deno' } as const
const sandbox = openSandbox({ dangerouslyTestWithoutDenoPermissions: true })
after(() => sandbox[Symbol.asyncDispose]())

test('Deno really has its permissions in this test', async () => {
  const source =
    'import js\nprint((await js.Deno.permissions.query(js.eval("({name: \'read\'})"))).state)'
  assert.equal((await run(sandbox, source)).output, 'granted\n')
})
test('files', () => assertNoFiles(DENO, sandbox))
test('sockets', () => assertNoSockets(DENO, sandbox))
test('processes', () => assertNoProcesses(DENO, sandbox))
test('the JavaScript bridge', () => assertNoBridge(sandbox, true))
test('the kernel signals no other process for a plugin', async () => {
  await using victim = new Victim()
  const result = await run(sandbox, signalAttack(await victim.started()))
  assert.equal(result.error, null)
  const { allowed, ...got } = JSON.parse(result.output) as Record<string, number>
  await sleep(100)
  assert.ok(victim.isAlive)
  assert.equal(Object.keys(got).length, 15)
  assert.deepEqual([...new Set(Object.values(got))], [-1], result.output)
  assert.equal(allowed, 0)
})
