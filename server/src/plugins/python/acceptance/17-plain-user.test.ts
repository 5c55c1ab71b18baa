/** The attack groups once more where the server itself is no root: a process of a plain user, with each driver. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { skipUnless } from '../../../../tests/support/components.ts'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import { promisify } from 'node:util'
import { reachable } from '../../../platform/reachable-folder.ts'
import { SYSTEM_PATH } from './support.ts'

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

/** What a container has that was started with the defaults of Docker. */
const CONTAINER_RIGHTS =
  '-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap'

const start = async (
  command: readonly [file: string, ...arguments: string[]],
  source: string,
  identity: object,
): Promise<Record<string, unknown>> => {
  const [file, ...given] = command
  const args = [...given, '--input-type=module', '-e', source]
  const options = { ...identity, cwd: '/', env: { PATH: SYSTEM_PATH }, timeout: 120_000 }
  const { stdout } = await promisify(execFile)(file, args, options)
  return JSON.parse(stdout) as Record<string, unknown>
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
    const source = program(candidate.name, join(folder, 'cache'))
    const { output, uid, walls } = await start([process.execPath], source, PLAIN)
    assert.deepEqual([output, uid], ['42\n', PLAIN.uid])
    assert.ok(Number(walls) >= 3)
  })
})

describe(
  'root in a plain container, who may not look at the processes of others',
  skipUnless('python3'),
  () => {
    test('files, sockets, processes, system calls', async (t) => {
      if (process.getuid?.() !== 0) return t.skip('only root can give rights away')
      const rights = ['--inh-caps=-all', `--bounding-set=${CONTAINER_RIGHTS}`]
      const cacheDir = join(folder, 'container')
      const { output, uid } = await start(
        ['setpriv', ...rights, process.execPath],
        program('landlock', cacheDir),
        {},
      )
      assert.deepEqual([output, uid], ['42\n', 0])
    })
  },
)
