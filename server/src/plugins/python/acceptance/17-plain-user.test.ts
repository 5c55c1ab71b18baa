/** The attack groups once more where the server itself is no root: a process of a plain user, with each driver. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import { promisify } from 'node:util'
import { reachable } from '../../../platform/reachable-folder.ts'

const PLAIN = { uid: 1000, gid: 1000 }
const folder = mkdtempSync(join(tmpdir(), 'melzi-plain-user-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the attacks in this process; each asserts what it got. */
const program = (candidate: string, cacheDir: string) => {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  return `
const { NATIVE_CANDIDATES, openSandbox, run } = await import(${module('support.ts')})
const suite = await import(${module('attack-suite.ts')})
const native = NATIVE_CANDIDATES.find(({ name }) => name === '${candidate}')
const kind = native ?? { driver: 'deno' }
const options = { cacheDir: ${JSON.stringify(cacheDir)}, poolSize: 0 }
await using sandbox = native === undefined ? openSandbox({ ...options, packageIndexUrl: null }) : native.open(options)
const probe = await sandbox.probe()
if (!probe.ok) throw new Error(probe.why)
const { output } = await run(sandbox, 'print(6 * 7)')
await suite.assertNoFiles(kind, sandbox)
await suite.assertNoSockets(kind, sandbox)
await suite.assertNoProcesses(kind, sandbox)
if (native === undefined) await suite.assertNoBridge(sandbox, false)
else await suite.assertNoSystemCalls(sandbox)
console.log(JSON.stringify({ output, uid: process.getuid(), walls: probe.walls.length }))`
}

onEachDriver((candidate) => {
  test('files, sockets, processes, system calls', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('every other test of this folder runs as this user')
    if (
      !(await reachable(import.meta.dirname, PLAIN)) ||
      !(await reachable(process.execPath, PLAIN))
    )
      return t.skip(`needs a checkout that user ${PLAIN.uid} can read`)
    await chown(folder, PLAIN.uid, PLAIN.gid)
    const args = ['--input-type=module', '-e', program(candidate.name, join(folder, 'cache'))]
    const options = { ...PLAIN, cwd: '/', env: {}, timeout: 120_000 }
    const { stdout } = await promisify(execFile)(process.execPath, args, options)
    const { output, uid, walls } = JSON.parse(stdout) as Record<string, unknown>
    assert.deepEqual([output, uid], ['42\n', PLAIN.uid])
    assert.ok(Number(walls) >= 3)
  })
})
