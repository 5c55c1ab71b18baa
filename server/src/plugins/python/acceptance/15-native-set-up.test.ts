/** Group 15, of native Python: where something is missing or not what it should be, a clear sentence or the other walls, never fewer. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { onEachNative } from '../../../../tests/support/each-driver.ts'
import { skipUnless } from '../../../../tests/support/components.ts'
import { allGone, openNative, run, sandboxProcesses, SYSTEM_PATH } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'melzi-native-set-up-'))
chmodSync(folder, 0o755)
after(() => rmSync(folder, { recursive: true, force: true }))

/** A folder with a program of that name. */
const program = (place: string, name: 'bwrap' | 'python3', script: string): string => {
  const path = join(folder, place)
  mkdirSync(path)
  writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return path
}

/** Says what the server asks of a Python before it starts one. */
const asPython = (file: string, rest: string) =>
  `case "$*" in *find_spec*) echo '{"implementation":"cpython","version":[3,11],"executable":"${file}","folders":[],"packages":[]}'; exit;; esac\n${rest}`

describe('set-up', skipUnless('python3'), () => {
  test('an old bubblewrap is not used, nor one that fails, lies or is setuid: Landlock stands instead', async () => {
    const setuid = program('setuid', 'bwrap', 'echo bubblewrap 0.13.0')
    chmodSync(join(setuid, 'bwrap'), 0o4755)
    const version = 'test "$1" = --version && echo bubblewrap 0.12.1 && exit 0'
    for (const place of [
      program('old', 'bwrap', 'echo bubblewrap 0.11.9'),
      program('fails', 'bwrap', `${version}; echo no namespaces >&2; exit 1`),
      setuid,
      program(
        'lies',
        'bwrap',
        `${version}
while [ "$1" != -- ]; do shift; done; shift; echo '{"child-pid": '$$'}' >&4; exec "$@"`,
      ),
    ]) {
      const path = `${place}:${SYSTEM_PATH}`
      await using sandbox = openNative({ bubblewrap: 'auto', path })
      const { ok, walls, why } = await sandbox.probe()
      assert.deepEqual([ok, why], [true, null], place)
      assert.match(walls.join(), /^landlock \d+,seccomp,limits,egress-broker$/, place)
      assert.equal((await run(sandbox, '1 + 1')).output, '2')
    }
  })

  test('no Python, or one that does not put up its walls: refused with the reason, and no job is sent', async () => {
    const heard = join(folder, 'heard')
    writeFileSync(heard, '')
    chmodSync(heard, 0o666)
    const liar = join(folder, 'liar', 'python3')
    // It takes what is sent and keeps it: the set-up may come, a job may not.
    program(
      'liar',
      'python3',
      asPython(
        liar,
        `echo '{"t":"ready","walls":["seccomp","landlock 7"]}' >&3; exec cat >> ${heard}`,
      ),
    )
    const silent = join(folder, 'silent', 'python3')
    program('silent', 'python3', asPython(silent, `echo '{"t":"ready","walls":[]}' >&3; exec cat`))
    const broken = join(folder, 'broken', 'python3')
    program('broken', 'python3', asPython(broken, 'echo no memory >&2; exit 3'))
    const cases: [string, RegExp][] = [
      [join(folder, 'nothing', 'python3'), /names .*nothing.*, which .*user.* cannot run/],
      [liar, /do not hold here: .*without its seccomp filter/],
      [silent, /came up without Landlock/],
      [broken, /ended while it started: no memory/],
    ]
    for (const [python, sentence] of cases) {
      await using sandbox = openNative({ python })
      const { ok, why, walls } = await sandbox.probe()
      assert.deepEqual([ok, walls], [false, []])
      assert.match(why ?? '', sentence)
      const result = await run(sandbox, 'print("planted job")', { secrets: { KEY: 'planted' } })
      assert.equal(result.error?.kind, 'unavailable')
      assert.match(result.error.message, /^The sandbox for plugins is not available: /)
      assert.match(result.error.message, sentence)
    }
    assert.doesNotMatch(readFileSync(heard, 'utf8'), /planted/)
    assert.ok(await allGone())
  })

  test('the data folder may not lie in what plugins can read', async () => {
    await using sandbox = openNative({ privateFolders: ['/usr/share/melzi/data'] })
    const { ok, why } = await sandbox.probe()
    assert.equal(ok, false)
    assert.match(why ?? '', /the data folder .* lies in \/usr\/share, .*set MELZI_DATA/)
  })
})

onEachNative((candidate) => {
  test('a server that is killed leaves no process behind', async () => {
    const support = JSON.stringify(new URL('support.ts', import.meta.url).href)
    const server = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { NATIVE_CANDIDATES, run } = await import(${support})
        const sandbox = NATIVE_CANDIDATES.find(({ name }) => name === '${candidate.name}').open({ poolSize: 1 })
        await sandbox.probe()
        void run(sandbox, 'import signal\\nfor n in range(1, 30):\\n  try: signal.signal(n, signal.SIG_IGN)\\n  except Exception: pass\\nwhile True: pass')
        setTimeout(() => console.log('running'), 300)`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    await once(server.stdout, 'data')
    assert.ok(sandboxProcesses(server.pid).length > 0)
    server.kill('SIGKILL')
    await once(server, 'exit')
    assert.ok(await allGone())
  })

  test('closing ends idle processes and calls that run, and removes their folders', async () => {
    const roots = () =>
      readdirSync(tmpdir()).filter((name) => name.startsWith(`melzi-plugins-${process.pid}-`))
    const sandbox = candidate.open({ poolSize: 2 })
    await sandbox.probe()
    const call = run(sandbox, 'import time\nopen("/tmp/x", "w").write("x")\ntime.sleep(60)')
    setTimeout(() => void sandbox[Symbol.asyncDispose](), 300)
    const outcome = await call.then(
      (result) => result.error?.kind ?? 'ok',
      () => 'rejected',
    )
    assert.notEqual(outcome, 'ok')
    await sandbox[Symbol.asyncDispose]()
    assert.ok(await allGone())
    assert.deepEqual(roots(), [])
  })
})
