/** Group 14: what a call may ask of the network is counted, in requests, bytes and time. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import type { SandboxDriver } from '../sandbox-driver.ts'
import { FakeInternet } from './fake-internet.ts'
import { allGone, LIMITS, run } from './support.ts'

onEachDriver((candidate) => {
  const internet = new FakeInternet()
  let sandbox: SandboxDriver
  let api = ''
  const egress = { hosts: ['api.test'] }
  before(async () => {
    await internet.open()
    sandbox = candidate.open({ poolSize: 1, egress: internet.egress })
    api = `http://api.test:${internet.port}`
  })
  after(async () => {
    await sandbox[Symbol.asyncDispose]()
    await internet[Symbol.asyncDispose]()
    assert.ok(await allGone())
  })

  test('the number and the size of requests are limited', async () => {
    const source = `import urllib.request
done = 0
try:
    while True:
        urllib.request.urlopen("${api}/echo").read(); done += 1
except OSError as error: print(done, error)`
    const many = await run(sandbox, source, { egress })
    assert.match(many.output, /^20 .*may make 20 requests/)
    assert.ok(many.usage.http.length <= 40)
    const large = await run(
      sandbox,
      `import urllib.request\nurllib.request.urlopen("${api}/large")`,
      { egress },
    )
    assert.match(large.error?.message ?? '', /larger than 10000000 bytes/)
    const sent = await run(
      sandbox,
      `import urllib.request\nurllib.request.urlopen("${api}/echo", data=b"x" * 5_000_001)`,
      { egress },
    )
    assert.match(sent.error?.message ?? '', /may send 5000000 bytes/)
    const fits = await run(
      sandbox,
      `import urllib.request\nprint(urllib.request.urlopen("${api}/echo", data=b"x" * 4_000_000).status)`,
      { egress },
    )
    assert.equal(fits.output, '200\n')
    const slow = await run(
      sandbox,
      `import urllib.request\nurllib.request.urlopen("${api}/slow")`,
      {
        egress,
        limits: { ...LIMITS, http: { ...LIMITS.http, timeoutMs: 300 } },
      },
    )
    assert.match(slow.error?.message ?? '', /did not answer within 300 ms/)
  })

  test('a hundred requests at once: twenty are made, and the call goes on', async () => {
    const before = internet.requests
    const source = `import asyncio
from pyodide.http import pyfetch
answers = await asyncio.gather(*[pyfetch("${api}/echo") for n in range(100)], return_exceptions=True)
made = [a for a in answers if not isinstance(a, BaseException)]
print(len(made), {str(a) for a in answers if isinstance(a, BaseException)})`
    const result = await run(sandbox, source, { egress, limits: { ...LIMITS, asks: 100 } })
    assert.equal(result.error, null)
    assert.match(result.output, /^20 \{.*may make 20 requests/)
    assert.equal(internet.requests - before, 20)
    assert.ok(result.usage.http.length <= 40)
  })

  test('a body that never ends in time does not outlive the call', async () => {
    const source = `import urllib.request\nurllib.request.urlopen("${api}/slow")`
    const result = await run(sandbox, source, { egress, limits: { ...LIMITS, wallMs: 600 } })
    assert.equal(result.error?.kind, 'timeout')
  })
})
