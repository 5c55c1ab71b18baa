/** Group 15: where something is missing or not what it should be, a clear sentence or the other walls, never fewer walls in silence. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { skipUnless } from '../../../tests/support/components.ts'
import { reachable } from '../../platform/reachable-folder.ts'
import { createNoInterpreter } from '../no-interpreter.ts'
import { openInterpreter, run, SYSTEM_PATH, sessionProcesses } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'melzi-interpreter-test-'))
chmodSync(folder, 0o755)
after(() => rmSync(folder, { recursive: true, force: true }))

const program = (name: string, script: string): string => {
  const place = join(folder, name)
  mkdirSync(place)
  const file = join(place, name.startsWith('python') ? 'python3' : 'bwrap')
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return place
}
const NOBODY = { uid: 65534, gid: 65534 }

describe('set-up', skipUnless('python3'), () => {
  test('an old bubblewrap is not used, nor one that fails, lies or is setuid: Landlock stands instead', async () => {
    const setuid = program('setuid', 'echo bubblewrap 0.13.0')
    chmodSync(join(setuid, 'bwrap'), 0o4755)
    for (const place of [
      program('old', 'echo bubblewrap 0.11.9'),
      program(
        'fails',
        'test "$1" = --version && echo bubblewrap 0.12.1 && exit 0; echo no namespaces >&2; exit 1',
      ),
      program('silent', 'exit 0'),
      setuid,
      program(
        'lies',
        `test "$1" = --version && echo bubblewrap 1.0.0 && exit 0
while [ "$1" != -- ]; do shift; done; shift; echo '{"child-pid": '$$'}' >&4; exec "$@"`,
      ),
    ]) {
      await using interpreter = openInterpreter({
        bubblewrap: 'auto',
        path: `${place}:${SYSTEM_PATH}`,
      })
      const { ok, walls, why } = await interpreter.probe()
      assert.deepEqual([ok, why], [true, null], place)
      assert.match(walls.join(), /^landlock \d+,seccomp,limits$/, place)
      assert.equal((await run(interpreter, '1 + 1')).value, '2')
    }
  })

  test('no Python, another Python, one that cannot be run', async () => {
    const cases: [string, RegExp][] = [
      [
        join(folder, 'nothing', 'python3'),
        /MELZI_INTERPRETER_PYTHON names .*, which .*user.* cannot run/,
      ],
      [
        join(
          program(
            'python-old',
            `echo '{"implementation":"cpython","version":[3,8],"executable":"x","folders":[],"packages":[]}'`,
          ),
          'python3',
        ),
        /is cpython 3\.8; CPython 3\.11 or newer is needed/,
      ],
      [join(program('python-bad', 'exit 3'), 'python3'), /cannot run/],
    ]
    for (const [python, sentence] of cases) {
      await using interpreter = openInterpreter({ python })
      const { ok, why, walls } = await interpreter.probe()
      assert.deepEqual([ok, walls], [false, []])
      assert.match(why ?? '', sentence)
      const result = await run(interpreter, '1')
      assert.deepEqual([result.ok, result.ended?.kind, result.value], [false, 'unavailable', null])
      assert.match(result.ended?.message ?? '', /^The code interpreter is not available: /)
    }
  })

  test('a Python that does not put up its walls gets no code', async () => {
    const place = program(
      'python-open',
      `case "$*" in *find_spec*) exec /usr/bin/python3 "$@";; esac
echo '{"t":"ready","landlock":7}' >&3; cat >/dev/null`,
    )
    const python = join(place, 'python3')
    // The real one says where it is; this one stays itself.
    writeFileSync(
      python,
      `#!/bin/sh\ncase "$*" in *find_spec*) echo '{"implementation":"cpython","version":[3,11],"executable":"${python}","folders":[],"packages":[]}'; exit;; esac
echo '{"t":"ready","landlock":7}' >&3; exec cat >/dev/null\n`,
    )
    await using interpreter = openInterpreter({ python })
    const { ok, why } = await interpreter.probe()
    assert.equal(ok, false)
    assert.match(why ?? '', /the walls .* do not hold here: .*without its seccomp filter/)
    assert.deepEqual(sessionProcesses(), [])
  })

  test('the data folder may not lie in what sessions can read', async () => {
    await using interpreter = openInterpreter({ privateFolders: ['/usr/share/melzi/data', folder] })
    const { ok, why } = await interpreter.probe()
    assert.equal(ok, false)
    assert.match(why ?? '', /the data folder .* lies in \/usr\/share, .*set MELZI_DATA/)
  })

  test('switched off, it says so', async () => {
    await using interpreter = createNoInterpreter()
    assert.match((await run(interpreter, '1')).ended?.message ?? '', /MELZI_INTERPRETER=off/)
    assert.equal((await interpreter.probe()).ok, false)
  })
})

/** A server of its own, that runs the same code and attacks; prints what they got. */
const SCRIPT = `
import { NativeInterpreter } from ${JSON.stringify(join(import.meta.dirname, '../native-interpreter.ts'))}
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
const data = mkdtempSync(join(tmpdir(), 'melzi-plain-'))
await using interpreter = new NativeInterpreter({
  cacheDir: join(data, 'cache'), clock: { now: () => Date.now() }, path: process.env.PATH, bubblewrap: 'off', packageIndexUrl: null })
const run = (code) => interpreter.execute(
  { session: { workspaceId: 'w', threadId: 't' }, code, files: [] }, new AbortController().signal)
import { writeFileSync, readFileSync, rmSync } from 'node:fs'
writeFileSync(join(data, 'secret'), 'planted')
const path = JSON.stringify(join(data, 'secret'))
const answers = [await run('6 * 7')]
for (const code of ['open(' + path + ').read()', 'open(' + path + ', "w")', 'import os; os.remove(' + path + ')', 'os.truncate(' + path + ', 0)',
  'os.kill(' + process.pid + ', 9)', 'open("/proc/' + process.pid + '/environ").read()', 'os.listdir(' + JSON.stringify(data) + ')', 'os.chmod(' + path + ', 0)'])
  answers.push(await run(code))
answers.push(await run('os.mkdir("shut", 0o300)\\nfor n in range(30_000): open(f"shut/{n}", "w").close()\\nimport time; time.sleep(5)'))
answers.push(await run('import os\\nkept = []\\nfor n in range(60):\\n  f = open("x", "wb"); os.unlink("x"); f.write(bytes(8_000_000)); f.flush(); kept.append(f)\\nimport time; time.sleep(5)'))
console.log(JSON.stringify({ answers: answers.map(({ ok, value, ended }) => [ok, value, ended?.kind ?? null]),
  words: answers.map(({ ended, logs }) => (ended?.message ?? "") + logs), left: readFileSync(join(data, 'secret'), 'utf8') }))
rmSync(data, { recursive: true, force: true })
`

const assertWalled = (stdout: string) => {
  const { answers, words, left } = JSON.parse(stdout) as {
    answers: unknown[][]
    words: (string | null)[]
    left: string
  }
  assert.deepEqual(answers[0], [true, '42', null])
  for (const [ok, value] of answers.slice(1, 8)) assert.deepEqual([ok, value], [false, null])
  assert.deepEqual(answers[8], [true, null, null], 'a change of modes does nothing')
  assert.deepEqual(
    answers[9],
    [false, null, 'output'],
    `a folder it shuts is looked into, or counts: ${words[9]}`,
  )
  assert.deepEqual(answers[10], [false, null, 'output'], `files without a name: ${words[10]}`)
  assert.equal(left, 'planted')
}

/** What a container has that was started with the defaults of Docker. */
const CONTAINER_RIGHTS =
  '-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap'

describe('with other rights', skipUnless('python3'), () => {
  const start = (command: string, args: readonly string[], identity: object) => {
    const program = [process.execPath, '--input-type=module', '-e', SCRIPT]
    const [file = '', ...rest] = command === '' ? program : [command, ...args, ...program]
    return spawnSync(file, rest, {
      ...identity,
      cwd: '/',
      env: { PATH: SYSTEM_PATH },
      encoding: 'utf8',
    })
  }

  test('a server that is not root has the same walls', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('every other test of this folder runs as this user')
    if (
      !(await reachable(import.meta.dirname, NOBODY)) ||
      !(await reachable(process.execPath, NOBODY))
    )
      return t.skip(`needs a checkout that user ${NOBODY.uid} can read`)
    const child = start('', [], NOBODY)
    assert.equal(child.status, 0, child.stderr)
    assertWalled(child.stdout)
  })

  test('so has root in a plain container, who may not look at the processes of others', (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can give rights away')
    const child = start('setpriv', ['--inh-caps=-all', `--bounding-set=${CONTAINER_RIGHTS}`], {})
    assert.equal(child.status, 0, child.stderr)
    assertWalled(child.stdout)
  })
})
