/** Group 11: Deno with every permission, so that only seccomp stands, and the attacks still get nothing. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  assertNoBridge,
  assertNoFiles,
  assertNoProcesses,
  assertNoSockets,
} from './attack-suite.ts'
import { openSandbox, run } from './support.ts'

const sandbox = openSandbox({ dangerouslyTestWithoutDenoPermissions: true })
after(() => sandbox[Symbol.asyncDispose]())

test('Deno really has its permissions in this test', async () => {
  const source =
    'import js\nprint((await js.Deno.permissions.query(js.eval("({name: \'read\'})"))).state)'
  assert.equal((await run(sandbox, source)).output, 'granted\n')
})
test('files', () => assertNoFiles(sandbox))
test('sockets', () => assertNoSockets(sandbox))
test('processes', () => assertNoProcesses(sandbox))
test('the JavaScript bridge', () => assertNoBridge(sandbox, true))
