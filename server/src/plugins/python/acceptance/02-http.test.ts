/** Group 2: every usual way to do HTTP works, through the broker and only to allowed hosts. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import { skipUnless } from '../../../../tests/support/components.ts'
import { FakeInternet } from './fake-internet.ts'
import type { SandboxDriver } from '../sandbox-driver.ts'
import { run } from './support.ts'

onEachDriver((candidate) => {
  const internet = new FakeInternet()
  let sandbox: SandboxDriver
  let api = ''
  let secure = ''
  before(async () => {
    await internet.open()
    sandbox = candidate.open({ poolSize: 1, egress: internet.egress })
    api = `http://api.test:${internet.port}`
    secure = `:${internet.securePort}`
  })
  after(async () => {
    await sandbox[Symbol.asyncDispose]()
    await internet[Symbol.asyncDispose]()
  })

  const egress = { hosts: ['api.test', 'secure.test', 'wrong.test'] }
  const python = async (source: string): Promise<string> => {
    const result = await run(sandbox, source.replaceAll('API', api), { egress })
    assert.equal(result.error, null)
    return result.output.trimEnd()
  }

  test('pyfetch: GET, POST with headers, 404, redirect, gzip, no content', async () => {
    const output = await python(`from pyodide.http import pyfetch
r = await pyfetch("API/echo?q=1")
print(r.status, (await r.json())["query"])
r = await pyfetch("API/echo", method="POST", headers={"X-Thing": "a", "Content-Type": "application/json"}, body=json.dumps({"k": "中"}, ensure_ascii=False))
e = await r.json()
print(e["method"], e["headers"]["x-thing"], e["body"], e["headers"]["host"].split(":")[0])
r = await pyfetch("API/nothing")
print(r.status, r.ok)
r = await pyfetch("API/redirect?to=/echo")
print(r.status, r.url.endswith("/echo"))
print(await (await pyfetch("API/gzip")).string(), (await pyfetch("API/empty")).status)`)
    assert.equal(output, '200 ?q=1\nPOST a {"k": "中"} api.test\n404 False\n200 True\nunpacked 204')
  })

  test('js.fetch, where there is JavaScript', async () => {
    if (!candidate.hasJavaScript) {
      const result = await run(sandbox, 'import js')
      assert.equal(
        result.error?.message,
        "ModuleNotFoundError: The module 'js' is not available: there is no JavaScript here: this plugin runs on the system's own Python. Use pyodide.http.pyfetch or urllib.request instead of js.fetch.",
      )
      return
    }
    const output = await python(
      'import js\nr = await js.fetch("API/echo")\nprint(r.status, json.loads(await r.text())["method"])',
    )
    assert.equal(output, '200 GET')
  })

  test('urllib.request: GET, POST, 404, redirect, headers, time-out', async () => {
    const output = await python(`import urllib.request, urllib.error
print(json.load(urllib.request.urlopen("API/echo?a=b"))["query"])
request = urllib.request.Request("API/echo", data=b"x=1", headers={"X-Thing": "b"})
with urllib.request.urlopen(request, timeout=5) as r:
    e = json.load(r)
    print(r.status, r.headers["content-type"], e["method"], e["body"], e["headers"]["x-thing"])
try: urllib.request.urlopen("API/nothing")
except urllib.error.HTTPError as error: print(error.code, json.load(error))
print(urllib.request.urlopen("API/redirect?to=/echo").url.endswith("/echo"))
try: urllib.request.urlopen("API/slow", timeout=0.3)
except OSError as error: print("late" if "did not answer" in str(error) else error)`)
    assert.equal(
      output,
      "?a=b\n200 application/json POST x=1 b\n404 {'error': 'no such page'}\nTrue\nlate",
    )
  })

  test('http.client: body in chunks, several requests, set-cookie twice', async () => {
    const output = await python(`import http.client
c = http.client.HTTPConnection("api.test", ${internet.port})
c.request("PUT", "/echo", body=iter([b"ab", b"cd"]), headers={"Transfer-Encoding": "chunked"}, encode_chunked=True)
print(json.loads(c.getresponse().read())["body"])
c.request("HEAD", "/echo")
r = c.getresponse()
print(r.status, r.read())
c.request("GET", "/cookies")
print(c.getresponse().headers.get_all("set-cookie"))`)
    assert.equal(output, "abcd\n200 b''\n['a=1; Path=/', 'b=2; Path=/']")
  })

  test('five requests at once', async () => {
    const output = await python(`import asyncio
from pyodide.http import pyfetch
answers = await asyncio.gather(*[pyfetch(f"API/echo?{i}") for i in range(5)])
print([(await a.json())["query"] for a in answers])`)
    assert.equal(output, "['?0', '?1', '?2', '?3', '?4']")
  })

  test('certificates are checked by name', skipUnless('openssl'), async () => {
    const output = await python(`import urllib.request
print(urllib.request.urlopen("https://secure.test${secure}/echo").status)
try: urllib.request.urlopen("https://wrong.test${secure}/echo")
except OSError as error: print(error)`)
    assert.match(output, /^200\n.*wrong\.test failed \(ERR_TLS_CERT_ALTNAME_INVALID\)/)
  })

  test('a redirect to another host is asked anew, and loses the authorization', async () => {
    const result = await run(
      sandbox,
      `from pyodide.http import pyfetch
await pyfetch("${api}/redirect?to=http://other.test:${internet.port}/echo", headers={"Authorization": "Bearer x"})`,
      { egress },
    )
    assert.equal(result.error?.kind, 'egress')
    assert.deepEqual(
      result.usage.http.map(({ host, status }) => [host, status]),
      [
        ['api.test', 302],
        ['other.test', null],
      ],
    )
    const both = await run(
      sandbox,
      `from pyodide.http import pyfetch
r = await pyfetch("${api}/redirect?to=http://other.test:${internet.port}/echo", headers={"Authorization": "Bearer x", "X-A": "1"})
h = (await r.json())["headers"]
print("authorization" in h, h["x-a"])`,
      { egress: { hosts: ['api.test', 'other.test'] } },
    )
    assert.equal(both.output, 'False 1\n')
  })

  test('a request that is too large says so to the plugin', async () => {
    const output = await python(`import urllib.request
for url, headers in [("API/echo?" + "a" * 9000, {}), ("API/echo", {"X-Thing": "a" * 50000}), ("http://" + "a" * 300 + ".test/", {})]:
    try: urllib.request.urlopen(urllib.request.Request(url, headers=headers))
    except OSError as error: print(error)`)
    assert.match(output, /longer than 8192.*\n.*headers .* too large.*\n.*may have 253 characters/)
  })

  test('no network where the plugin has no hosts', async () => {
    const before = internet.requests
    const result = await run(
      sandbox,
      `import urllib.request\nurllib.request.urlopen("${api}/echo")`,
    )
    assert.equal(result.error?.kind, 'egress')
    assert.equal(internet.requests, before)
  })
})
