/** Groups 3, 4, 5, 8 and 12: what code tries to get at, and gets nothing of. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  environmentAttacks,
  fileAttacks,
  networkAttacks,
  processAttacks,
  systemCalls,
} from '../../walls/acceptance/native-attacks.ts'
import { skipUnless } from '../../../tests/support/components.ts'
import { allGone, attempts, openInterpreter, SECRET, successes, WALL_SETS } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'melzi-planted-'))
const secretFile = join(folder, 'secret.txt')
/** Node has no sockets for datagrams with a path. */
const LISTEN = `import os, socket, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.bind(sys.argv[1])
os.chmod(os.path.dirname(sys.argv[1]), 0o755)
os.chmod(sys.argv[1], 0o777)
os.write(1, b"ready\\n")
while True: print(listening.recv(10), flush=True)`
const socketPath = join(folder, 'datagrams')
let datagrams = ''
let reached = 0
let listener: ReturnType<typeof spawn> | null = null
const server = createServer((socket) => {
  reached += 1
  socket.end(SECRET)
})
before(async () => {
  writeFileSync(secretFile, SECRET, { mode: 0o644 })
  process.env['SECRET_KEY'] = SECRET
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const child = spawn('python3', ['-c', LISTEN, socketPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  listener = child
  child.on('error', () => {})
  // Without Python there are no sessions either.
  const [first] = await Promise.race([once(child.stdout, 'data'), once(child.stdout, 'close')])
  if (first !== undefined) child.stdout.on('data', (chunk: Buffer) => (datagrams += String(chunk)))
})
after(() => {
  rmSync(folder, { recursive: true })
  delete process.env['SECRET_KEY']
  server.close()
  listener?.kill()
})

for (const { name, bubblewrap, needs } of WALL_SETS) {
  describe(name, skipUnless(...needs), () => {
    const interpreter = openInterpreter({ bubblewrap })
    after(async () => {
      await interpreter[Symbol.asyncDispose]()
      assert.ok(await allGone())
    })

    test('files of the host cannot be read, listed, written, changed or removed', async () => {
      const before = statSync(secretFile)
      const { got, text } = await attempts(interpreter, fileAttacks(secretFile, process.pid))
      assert.deepEqual(successes(got), {})
      assert.ok(Object.keys(got).length > 30)
      assert.ok(!text.includes(SECRET))
      assert.equal(readFileSync(secretFile, 'utf8'), SECRET)
      const later = statSync(secretFile)
      assert.deepEqual(
        [later.mode, later.uid, later.mtimeMs],
        [before.mode, before.uid, before.mtimeMs],
      )
    })

    test('what is in /mnt/data can be used in every way', async () => {
      const { got } = await attempts(
        interpreter,
        `import os, pathlib, shutil, sqlite3, tempfile, zipfile, glob
p = pathlib.Path('/mnt/data')
for path in p.iterdir(): path.unlink()
attempt('write', lambda: (p / 'a.txt').write_text('x'))
attempt('folder', lambda: os.makedirs('/mnt/data/one/two'))
attempt('rename', lambda: os.rename('/mnt/data/a.txt', '/mnt/data/one/b.txt'))
attempt('copy', lambda: shutil.copy2('/mnt/data/one/b.txt', '/mnt/data/c.txt'))
attempt('move', lambda: shutil.move('/mnt/data/c.txt', '/mnt/data/d.txt'))
attempt('walk', lambda: [names for _, _, names in os.walk('/mnt/data')])
attempt('glob', lambda: glob.glob('/mnt/data/**/*.txt', recursive=True))
attempt('rglob', lambda: sorted(map(str, p.rglob('*.txt'))))
attempt('scandir', lambda: [e.path for e in os.scandir('/mnt/data') if e.is_dir()])
attempt('copytree', lambda: shutil.copytree('/mnt/data/one', '/mnt/data/three'))
attempt('remove tree', lambda: shutil.rmtree('/mnt/data/three'))
attempt('iterdir', lambda: sorted(map(str, p.iterdir())))
attempt('sqlite', lambda: sqlite3.connect('/mnt/data/db.sqlite').execute('create table t(x)').fetchall())
attempt('zip', lambda: zipfile.ZipFile('/mnt/data/z.zip', 'w').write('/mnt/data/d.txt'))
attempt('temporary', lambda: tempfile.TemporaryFile().write(b'x'))
attempt('named temporary', lambda: tempfile.NamedTemporaryFile().name)
attempt('chdir', lambda: os.chdir('/mnt/data/one'))
attempt('getcwd', lambda: os.getcwd())
attempt('relative', lambda: open('b.txt').read())
attempt('abspath', lambda: os.path.abspath('b.txt'))
attempt('back', lambda: os.chdir('/mnt/data'))
attempt('rmtree', lambda: shutil.rmtree('/mnt/data/one'))
attempt('bytes', lambda: os.listdir(b'/mnt/data'))`,
      )
      const refused = Object.entries(got).filter(([, value]) => !value.startsWith('GOT'))
      assert.deepEqual(refused, [])
      assert.equal(got['rglob'], "GOT ['/mnt/data/d.txt', '/mnt/data/one/b.txt']")
      assert.equal(got['scandir'], "GOT ['/mnt/data/one']")
      assert.equal(got['getcwd'], 'GOT /mnt/data/one')
      assert.equal(got['abspath'], 'GOT /mnt/data/one/b.txt')
      assert.match(got['iterdir'] ?? '', /\['\/mnt\/data\/d\.txt', '\/mnt\/data\/one'\]/)
    })

    test('nothing of the environment comes along', async () => {
      const { got, text } = await attempts(interpreter, environmentAttacks)
      assert.ok(!text.includes(SECRET))
      assert.match(
        got['names'] ?? '',
        /^GOT \['HOME', 'LANG', 'MPLBACKEND', 'MPLCONFIGDIR', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'PATH', 'TMPDIR'\]$/,
      )
      assert.doesNotMatch(text, /npm_|MELZI_|USER=/)
    })

    test('there is no network', async () => {
      const { port } = server.address() as AddressInfo
      const { got, text } = await attempts(interpreter, networkAttacks(port, socketPath))
      assert.deepEqual(successes(got), {})
      assert.ok(Object.keys(got).length > 15)
      assert.equal(reached, 0)
      assert.equal(datagrams, '')
      assert.ok(!text.includes(SECRET))
    })

    test('no process is made, signalled or looked into', async () => {
      const { got } = await attempts(interpreter, processAttacks(process.pid))
      assert.deepEqual(successes(got), {})
      assert.ok(Object.keys(got).length > 15)
    })

    test('the kernel refuses what a data program does not need', async () => {
      const { got } = await attempts(interpreter, systemCalls)
      const { control, ...others } = got
      assert.match(control ?? '', /^GOT \d+$/, 'the way to the kernel is open at all')
      assert.deepEqual(successes(others), {})
      assert.ok(Object.keys(others).length > 25)
    })
  })
}
