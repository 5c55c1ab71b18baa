/** Group 2, packages: requests and httpx are fetched by the host on first need, pinned by hash, and go through the broker. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import { PythonPackages } from '../python-packages.ts'
import { removeTree } from '../sandbox-image.ts'
import { FakeInternet } from './fake-internet.ts'
import { run } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'melzi-packages-'))
// The processes' own user must get there.
chmodSync(folder, 0o755)
const wheels = join(folder, 'served')
const pins = JSON.parse(
  readFileSync(join(import.meta.dirname, '../python-packages.json'), 'utf8'),
) as { name: string; file: string }[]
const internet = new FakeInternet()
let spoiled = ''

/** A package index with both forms of page. */
const index = createServer((request, response) => {
  const [, kind, name = ''] = (request.url ?? '').split('/')
  if (kind === 'files') {
    const bytes = readFileSync(join(wheels, name))
    return void response.end(
      name === spoiled ? Buffer.from(bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte))) : bytes,
    )
  }
  const files = readdirSync(wheels).filter((file) =>
    file.toLowerCase().replaceAll('_', '-').startsWith(`${name}-`),
  )
  if (name.length % 2 === 0)
    return void response.end(
      JSON.stringify({ files: files.map((file) => ({ url: `../../files/${file}` })) }),
    )
  response.end(
    `<html>${files.map((file) => `<a href="/files/${file}#sha256=x">${file}</a>`).join('\n')}</html>`,
  )
})
let indexUrl = ''
let unavailable = ''

before(async () => {
  await internet.open()
  await new Promise<void>((resolve) => index.listen(0, '127.0.0.1', resolve))
  indexUrl = `http://127.0.0.1:${(index.address() as AddressInfo).port}/simple`
  const wanted = pins.map(({ name, file }) => `${name}==${file.split('-')[1]}`)
  const target = [
    '--only-binary',
    ':all:',
    '--python-version',
    '3.14',
    '--implementation',
    'py',
    '--platform',
    'any',
  ]
  try {
    execFileSync(
      'python3',
      ['-m', 'pip', 'download', '-q', '--no-deps', '-d', wheels, ...target, ...wanted],
      { stdio: 'pipe' },
    )
  } catch (error) {
    if (process.env['CI'] === 'true') throw error
    unavailable = 'needs python3 with pip and a package index it can reach'
  }
})
after(async () => {
  index.closeAllConnections()
  await new Promise((done) => index.close(done))
  await internet[Symbol.asyncDispose]()
  await removeTree(folder)
})

test('a file that is not the pinned one is refused, an index that cannot be reached is named', async (t) => {
  if (unavailable !== '') return t.skip(unavailable)
  spoiled = pins[0]?.file ?? ''
  const changed = await new PythonPackages(join(folder, 'a'), indexUrl).fetch(
    new AbortController().signal,
  )
  assert.match(
    'missing' in changed ? (changed.missing['requests'] ?? '') : '',
    /not the file that is expected/,
  )
  spoiled = ''
  const nowhere = await new PythonPackages(join(folder, 'b'), 'http://127.0.0.1:9/simple/').fetch(
    new AbortController().signal,
  )
  assert.match(
    'missing' in nowhere ? (nowhere.missing['httpx'] ?? '') : '',
    /cannot be reached.*The operator can/,
  )
})

onEachDriver((candidate) => {
  test('requests and httpx', async (t) => {
    if (unavailable !== '') return t.skip(unavailable)
    const cacheDir = join(folder, `cache-${candidate.name}`)
    await using sandbox = candidate.open({
      cacheDir,
      poolSize: 1,
      packageIndexUrl: indexUrl,
      egress: internet.egress,
    })
    const api = `http://api.test:${internet.port}`
    const secure = internet.securePort
    const egress = { hosts: ['api.test', 'secure.test', 'wrong.test'] }
    const python = (source: string) => run(sandbox, source.replaceAll('API', api), { egress })

    const first = await python(`import requests
r = requests.post("API/echo", json={"k": 1}, headers={"X-A": "b"}, params={"q": "中"}, timeout=5)
e = r.json()
print(r.status_code, e["method"], e["body"], e["headers"]["x-a"], e["query"])
r = requests.get("API/nothing")
print(r.status_code, r.ok, r.reason)
r = requests.get("API/redirect?to=/echo")
print(r.status_code, len(r.history), r.url.endswith("/echo"))
print(requests.get("API/gzip").text, dict(requests.Session().get("API/cookies").cookies))
try: requests.get("http://other.test/")
except requests.exceptions.ConnectionError as error: print(error)
try: requests.get("API/slow", timeout=0.3)
except requests.exceptions.Timeout as error: print("late")`)
    assert.equal(first.error, null)
    assert.equal(
      first.output,
      `200 POST {"k": 1} b ?q=%E4%B8%AD\n404 False Not Found\n200 1 True\nunpacked {'a': '1', 'b': '2'}\n` +
        'The host other.test is not on the list of allowed hosts.\nlate\n',
    )

    const zone = await python(`from zoneinfo import ZoneInfo
import datetime
print(datetime.datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Taipei")).utcoffset())`)
    assert.deepEqual([zone.error, zone.output], [null, '8:00:00\n'])

    const second = await python(`import httpx, asyncio
print(httpx.get("API/echo?x=1").json()["query"])
r = httpx.post("API/echo", data={"a": "b"})
print(r.status_code, r.reason_phrase, r.json()["body"])
print(httpx.get("API/gzip").text, httpx.get("API/nothing").status_code)
async with httpx.AsyncClient(follow_redirects=True) as client:
    answers = await asyncio.gather(*[client.get(f"API/echo?{i}") for i in range(5)])
    print([a.json()["query"] for a in answers], (await client.get("API/redirect?to=/echo")).status_code)
try: httpx.get("http://other.test/")
except httpx.ConnectError as error: print(error)`)
    assert.equal(second.error, null)
    assert.equal(
      second.output,
      "?x=1\n200 OK a=b\nunpacked 404\n['?0', '?1', '?2', '?3', '?4'] 200\nThe host other.test is not on the list of allowed hosts.\n",
    )
    // Imported before the snapshot, or when they are wanted.
    assert.ok(second.usage.cpuMs < 3000)

    if (internet.certificate !== null) {
      const certificates = await python(`import requests, httpx
print(requests.get("https://secure.test:${secure}/echo").status_code, httpx.get("https://secure.test:${secure}/echo").status_code)
for get in (requests.get, httpx.get):
    try: get("https://wrong.test:${secure}/echo")
    except Exception as error: print(type(error).__name__)`)
      assert.equal(certificates.output, '200 200\nConnectionError\nConnectError\n')
    }
    writeFileSync(join(cacheDir, 'wheels', pins[0]?.file ?? ''), 'spoiled')
    assert.deepEqual(
      await new PythonPackages(cacheDir, null).cached(),
      [],
      'a spoiled cache is not used',
    )
  })
})
