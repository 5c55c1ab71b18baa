/** Deno inside bubblewrap: an addition to its own two walls, which is tried out, looked at from outside, and named when it is missing. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { chmod, chown, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { skipUnless } from '../../../../tests/support/components.ts'
import { removeTree } from '../sandbox-image.ts'
import { assertNoBridge, assertNoFiles, assertNoProcesses } from './attack-suite.ts'
import { LIMITS, SYSTEM_PATH, allGone, openSandbox, run, sandboxProcesses } from './support.ts'

/** Processor time is the only limit in the way, however busy the machine. */
const SLOW = { ...LIMITS, wallMs: 100_000, cpuSeconds: 2 }
const OWN_WALLS = ['deno-permissions', 'seccomp', 'egress-broker', 'limits']
const read = (pid: number, name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8')
const parentOf = (pid: number) => Number(/^PPid:\t(\d+)$/m.exec(read(pid, 'status'))?.[1])
/** Deno itself: what runs below a bubblewrap of this test. */
const insiders = () =>
  sandboxProcesses().filter((pid) => {
    const parent = parentOf(pid)
    return parent > 1 && parentOf(parent) === process.pid
  })

describe('bubblewrap', skipUnless('bubblewrap'), () => {
  const trusted = { bubblewrap: 'trusted', path: SYSTEM_PATH } as const
  const sandbox = openSandbox(trusted)
  after(async () => {
    await sandbox[Symbol.asyncDispose]()
    assert.ok(await allGone())
  })

  test('it stands, and the kernel says so', async () => {
    const { ok, walls, note } = await sandbox.probe()
    assert.deepEqual([ok, walls, note], [true, ['bubblewrap', ...OWN_WALLS], undefined])
    const call = run(sandbox, 'import time\ntime.sleep(1.5)\n"done"')
    let pids: number[] = []
    while ((pids = insiders()).length === 0) await sleep(20)
    const [pid = 0] = pids
    // The last thing of the boot is the filter.
    while (!/^Seccomp:\t2$/m.test(read(pid, 'status'))) await sleep(20)
    assert.match(read(pid, 'status'), /^NSpid:\t\d+\t1$/m, 'the first of its own processes')
    assert.match(read(pid, 'status'), /^CapEff:\t0+$/m)
    assert.doesNotMatch(read(pid, 'status'), /^Uid:.*\b0\b/m)
    for (const kind of ['net', 'mnt', 'pid', 'user', 'ipc', 'uts'])
      assert.notEqual(
        readlinkSync(`/proc/${pid}/ns/${kind}`),
        readlinkSync(`/proc/self/ns/${kind}`),
      )
    const root = (path: string) => readdirSync(`/proc/${pid}/root${path}`).toSorted()
    assert.deepEqual(root('/dev'), ['null', 'urandom'])
    assert.deepEqual(
      root('/usr').filter((name) => !name.startsWith('lib')),
      [],
      'no programs',
    )
    for (const path of ['/etc/passwd', '/usr/bin', '/bin', '/root', import.meta.filename])
      assert.equal(existsSync(`/proc/${pid}/root${path}`), false, path)
    const writable = read(pid, 'mountinfo')
      .split('\n')
      .filter((line) => line !== '' && !/^\S+ \S+ \S+ \S+ \S+ ro\b/.test(line))
      .map((line) => line.split(' ')[4] ?? '')
    assert.deepEqual(
      writable.filter((path) => !path.startsWith('/proc') && !path.startsWith('/dev/')),
      [],
    )
    assert.equal((await call).output, 'done')
    assert.ok(await allGone())
  })

  test('the attacks get nothing, and time and memory are measured where the plugin runs', async () => {
    await assertNoFiles({ driver: 'deno' }, sandbox)
    await assertNoProcesses({ driver: 'deno' }, sandbox)
    await assertNoBridge(sandbox, false)
    const late = await run(sandbox, 'while True: pass', { limits: { ...LIMITS, wallMs: 1500 } })
    assert.equal(late.error?.kind, 'timeout')
    assert.ok(late.usage.peakMiB > 100, `${late.usage.peakMiB} MiB`)
    assert.ok(late.usage.cpuMs > 100, `${late.usage.cpuMs} ms`)
    const busy = await run(sandbox, 'while True: pass', { limits: SLOW })
    assert.match(busy.error?.message ?? '', /processor time/)
    const large = 'import js\nheld = [js.Uint8Array.new(50_000_000).fill(1) for _ in range(40)]'
    const heavy = await run(sandbox, large, { limits: { ...LIMITS, rssMiB: 400 } })
    assert.ok(['memory', 'crash'].includes(heavy.error?.kind ?? ''), heavy.error?.kind)
    assert.ok(await allGone())
  })

  test('it stands under a server that is no root, and ends with a server that is killed', async (t) => {
    const user = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : {}
    const cacheDir = mkdtempSync(join(tmpdir(), 'melzi-plain-'))
    if (user.uid !== undefined) await chown(cacheDir, 1000, 1000)
    const loop = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'
    const program = `
      const { openSandbox, run } = await import(${JSON.stringify(new URL('support.ts', import.meta.url).href)})
      const options = { cacheDir: ${JSON.stringify(cacheDir)}, bubblewrap: 'trusted', path: '${SYSTEM_PATH}', poolSize: 1 }
      const sandbox = openSandbox(options)
      const { walls, note } = await sandbox.probe()
      const { output } = await run(sandbox, 'print(6 * 7)')
      console.log(JSON.stringify({ walls, note, output }))
      void run(sandbox, 'import js; js.eval("${loop}")')`
    const server = spawn(process.execPath, ['--input-type=module', '-e', program], {
      ...user,
      cwd: '/',
      env: {},
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    try {
      let said = ''
      server.stderr.on('data', (chunk: Buffer) => (said += String(chunk)))
      const printed = once(server.stdout, 'data')
      const [line] = (await Promise.race([printed, once(server, 'exit')])) as unknown[]
      if (user.uid !== undefined && /EACCES/.test(said))
        return t.skip('the checkout lies where a plain user cannot read it')
      assert.deepEqual(JSON.parse(String(line)), {
        walls: ['bubblewrap', ...OWN_WALLS],
        output: '42\n',
      })
      await sleep(500)
      assert.ok(sandboxProcesses(server.pid).length > 0)
    } finally {
      server.kill('SIGKILL')
      await once(server, 'close')
      assert.ok(await allGone())
      await removeTree(cacheDir)
    }
  })
})

describe('where bubblewrap does not stand', () => {
  const folder = mkdtempSync(join(tmpdir(), 'melzi-bwrap-'))
  after(() => rm(folder, { recursive: true }))
  const program = async (script: string) => {
    await writeFile(join(folder, 'bwrap'), `#!/bin/sh\n${script}\n`)
    await chmod(join(folder, 'bwrap'), 0o755)
    await chmod(folder, 0o755)
  }
  const SAYS = 'test "$1" = --version && echo bubblewrap 0.12.1 && exit 0'

  test("Deno's own walls stand alone, and the reason is told", async () => {
    const cases: [script: string | null, note: RegExp][] = [
      [null, /not installed/],
      ['echo bubblewrap 0.11.9', /older than 0\.12\.0/],
      [`${SAYS}; echo no namespaces >&2; exit 1`, /does not work here .*no namespaces/],
      // It names a process that has no namespaces of its own.
      [
        `${SAYS}; echo "{\\"child-pid\\": $$}" >&3; while test "$1" != --; do shift; done; shift; exec "$@"`,
        /shares the net namespace/,
      ],
    ]
    for (const [script, note] of cases) {
      if (script !== null) await program(script)
      await using sandbox = openSandbox({ bubblewrap: 'auto', path: folder })
      const probe = await sandbox.probe()
      assert.deepEqual([probe.ok, probe.walls], [true, OWN_WALLS])
      assert.match(probe.note ?? '', note)
      assert.equal((await run(sandbox, '1 + 1')).output, '2')
    }
    assert.ok(await allGone())
  })
})
