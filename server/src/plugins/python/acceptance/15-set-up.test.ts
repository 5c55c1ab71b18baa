/** Group 15 and how a sandbox comes to be: users, folders, two servers at once, and set-ups that are broken: never a weaker wall in silence. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { chmod, chown, copyFile, cp, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DenoDriver } from '../deno-driver.ts'
import { removeTree } from '../sandbox-image.ts'
import { locateParts } from '../sandbox-parts.ts'
import { allGone, CACHE, openSandbox, run, sandboxProcesses } from './support.ts'

const isRoot = process.getuid?.() === 0
const folder = mkdtempSync(join(tmpdir(), 'melzi-set-up-'))
after(() => removeTree(folder))

test('two servers build the same cache at once, as a plain user', async (t) => {
  const cacheDir = join(folder, 'shared')
  await mkdir(cacheDir)
  await chmod(folder, 0o755)
  const user = isRoot ? { uid: 1000, gid: 1000 } : {}
  if (isRoot) await chown(cacheDir, 1000, 1000)
  const program = `
    const { DenoDriver } = await import(${JSON.stringify(new URL('../deno-driver.ts', import.meta.url).href)})
    const { run } = await import(${JSON.stringify(new URL('support.ts', import.meta.url).href)})
    await using sandbox = new DenoDriver({ cacheDir: ${JSON.stringify(cacheDir)}, poolSize: 1, packageIndexUrl: null })
    const probe = await sandbox.probe()
    const given = { arguments: { name: 'user ' + process.getuid() } }
    const { output, error } = await run(sandbox, 'print("hello from", name)', given)
    console.log(JSON.stringify({ probe, output, error }))`
  const start = () =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      ...user,
      cwd: '/',
      env: {},
      timeout: 120_000,
    })
  let outputs: { stdout: string }[]
  try {
    outputs = await Promise.all([start(), start()])
  } catch (error) {
    if (isRoot && /EACCES/.test(String(error)))
      return t.skip('the checkout lies where a plain user cannot read it')
    throw error
  }
  for (const { stdout } of outputs) {
    const { probe, output, error } = JSON.parse(stdout) as {
      probe: { ok: boolean }
      output: string
      error: unknown
    }
    assert.deepEqual(
      [probe.ok, output, error],
      [true, `hello from user ${isRoot ? 1000 : process.getuid?.()}\n`, null],
    )
  }
  const made = readdirSync(cacheDir)
    .map((name) => name.split('-')[0])
    .toSorted((a = '', b = '') => a.localeCompare(b))
  assert.deepEqual(made, ['files', 'image'], 'one of each, nothing half done')
  const image = join(
    cacheDir,
    readdirSync(cacheDir).find((name) => name.startsWith('image-')) ?? '',
  )
  const denoDir = join(image, 'deno-dir')
  for (const name of readdirSync(denoDir, { recursive: true, encoding: 'utf8' })) {
    const info = lstatSync(join(denoDir, name))
    assert.ok(info.isSymbolicLink() || (info.mode & 0o222) === 0, `${name} can be written`)
  }
  assert.ok(statSync(join(denoDir, 'location_data')).isFile())
  assert.ok(readdirSync(denoDir).some((name) => name.startsWith('v8_code_cache')))
})

test('a snapshot that was changed is not loaded but made anew', async () => {
  const cacheDir = join(folder, 'shared')
  const snapshot = join(
    cacheDir,
    readdirSync(cacheDir).find((name) => name.startsWith('image-')) ?? '',
    'snapshot',
  )
  const good = readFileSync(snapshot)
  const changed = Buffer.from(good)
  changed.writeUInt8((good[5_000_000] ?? 0) ^ 0xff, 5_000_000)
  await writeFile(snapshot, changed)
  await using sandbox = openSandbox({ cacheDir })
  assert.equal((await run(sandbox, '1 + 1')).output, '2')
  assert.equal(readFileSync(snapshot).length, good.length)
})

test('from root: no process runs as root, and what its user cannot reach is copied to where it can', async (t) => {
  if (!isRoot) return t.skip('needs to be root')
  const closed = join(folder, 'closed')
  await mkdir(closed, { mode: 0o700 })
  const parts = await locateParts({})
  const deno = {
    binary: join(closed, 'deno', 'deno'),
    package: join(closed, 'deno', 'package.json'),
  }
  await mkdir(dirname(deno.binary))
  await copyFile(parts.denoBinary, deno.binary)
  await copyFile(join(dirname(parts.denoBinary), 'package.json'), deno.package)
  await cp(parts.pyodideDir, join(closed, 'pyodide'), { recursive: true })
  await cp(parts.runnerDir, join(closed, 'runner'), { recursive: true })
  const temporary = join(folder, 'tmp')
  await mkdir(temporary)
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = temporary
  try {
    await using sandbox = new DenoDriver({
      cacheDir: join(closed, 'cache'),
      poolSize: 1,
      packageIndexUrl: null,
      parts: {
        denoBinary: deno.binary,
        pyodideDir: join(closed, 'pyodide'),
        runnerDir: join(closed, 'runner'),
      },
    })
    assert.deepEqual((await sandbox.probe()).why, null)
    assert.equal((await run(sandbox, '"copied"')).output, 'copied')
    // The pool has begun to replace the process by then.
    await sleep(300)
    const pids = sandboxProcesses()
    assert.ok(pids.length > 0)
    for (const pid of pids)
      assert.match(
        readFileSync(`/proc/${pid}/status`, 'utf8'),
        /^Uid:\t65534\t65534\t65534\t65534$/m,
      )
    assert.ok(readdirSync(temporary).some((name) => name.startsWith('melzi-sandbox-')))
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
  assert.ok(await allGone())
})

test('a Deno that only says that its walls hold is not believed', async () => {
  const binary = join(folder, 'liar', 'deno')
  await mkdir(dirname(binary))
  await writeFile(
    binary,
    '#!/bin/sh\necho \'{"t":"ready","walls":["seccomp","deno-permissions"]}\'\nsleep 0.5\n',
    { mode: 0o755 },
  )
  await chmod(binary, 0o755)
  await using sandbox = openSandbox({
    cacheDir: join(folder, 'liar-cache'),
    parts: { denoBinary: binary },
  })
  const { ok, why, walls } = await sandbox.probe()
  assert.deepEqual([ok, walls], [false, []])
  assert.match(why ?? '', /without its seccomp filter/)
  const result = await run(sandbox, '1')
  assert.equal(result.error?.kind, 'unavailable')
  assert.match(
    result.error.message,
    /not available: a thread of the sandbox runs without its seccomp filter/,
  )
})

test('a Deno that is not there, or fails, is named', async () => {
  await using absent = openSandbox({ parts: { denoBinary: join(folder, 'nothing') } })
  assert.match((await absent.probe()).why ?? '', /ENOENT.*nothing/)
  await using failing = openSandbox({
    cacheDir: join(folder, 'failing'),
    parts: { denoBinary: '/bin/false' },
  })
  assert.match((await failing.probe()).why ?? '', /could not be built \(exit 1\)/)
  assert.ok(!readdirSync(join(folder, 'failing')).some((name) => name.startsWith('.building')))
})

test('a server that is killed leaves no process behind, not even one that never looks up', async () => {
  const program = `
    const { openSandbox, run } = await import(${JSON.stringify(new URL('support.ts', import.meta.url).href)})
    const sandbox = openSandbox({ poolSize: 1 })
    await sandbox.probe()
    const code = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'
    void run(sandbox, 'import js; js.eval("' + code + '")')
    setTimeout(() => console.log('running'), 500)`
  const server = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(server.stdout, 'data')
  const { pid = 0 } = server
  assert.ok(sandboxProcesses(pid).length > 0)
  server.kill('SIGKILL')
  await once(server, 'exit')
  assert.ok(await allGone())
})

test('closing ends idle processes, and calls that wait', async () => {
  const sandbox = openSandbox({ poolSize: 2 })
  await sandbox.probe()
  const call = run(sandbox, 'import time\ntime.sleep(60)')
  setTimeout(() => void sandbox[Symbol.asyncDispose](), 300)
  const outcome = await call.then(
    (result) => result.error?.kind ?? 'ok',
    () => 'rejected',
  )
  assert.notEqual(outcome, 'ok')
  await sandbox[Symbol.asyncDispose]()
  assert.ok(await allGone())
  assert.ok(existsSync(CACHE))
})
