import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { EgressBroker } from './egress-broker.ts'

const LIMITS = { requests: 2, upBytes: 1000, downBytes: 1000, timeoutMs: 1000 }
const never = new AbortController().signal
const ask = (broker: EgressBroker, url: string) =>
  broker.answer(
    { t: 'http', id: 1, method: 'GET', url, headers: [], body: null, timeoutMs: null },
    never,
  )
const cjk = String.fromCodePoint(...Array.from({ length: 5000 }, (_, index) => 0x4e00 + index))

test('a host of thousands of characters is refused before anything parses it', async () => {
  const urls = [`http://${cjk}/`, `ht\ttp:/\n\\${cjk}`, `http:${cjk}`, ` http://a@${cjk}:80?x`]
  const started = performance.now()
  for (const url of urls) {
    const broker = new EgressBroker({ hosts: [] }, LIMITS, {})
    assert.match((await ask(broker, url)).error ?? '', /may have 253 characters/)
    assert.deepEqual(
      broker.usage.map(({ host }) => host),
      [''],
    )
  }
  assert.ok(performance.now() - started < 50)
})

test('past the number of requests the URL is not looked at, and what is noted is short', async () => {
  const broker = new EgressBroker({ hosts: [] }, LIMITS, {})
  for (let count = 0; count < 6; count += 1)
    assert.notEqual((await ask(broker, `http://${'a'.repeat(200)}.test/`)).error, undefined)
  assert.deepEqual(
    broker.usage.map(({ host }) => host.length),
    [205, 205, 0, 0],
  )
  for (const { refused } of broker.usage) assert.ok((refused ?? '').length <= 300)
})

test('a long path is no long host', async () => {
  const broker = new EgressBroker({ hosts: [] }, LIMITS, {})
  assert.doesNotMatch((await ask(broker, `http://a.test/${'b'.repeat(4000)}`)).error ?? '', /253/)
})
