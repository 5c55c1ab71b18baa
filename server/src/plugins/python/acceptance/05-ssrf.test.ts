/** Group 5: nothing but allowed public hosts, in whatever spelling; asserted on the real policy. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { onEachDriver } from '../../../../tests/support/each-driver.ts'
import type { ResolvedAddress } from '../../../platform/safe-fetch.ts'
import { assertNoSockets, Bait } from './attack-suite.ts'
import { attempts, LIMITS, run, successes } from './support.ts'

const NAMES: Record<string, string[]> = {
  'private.test': ['10.1.2.3'],
  'mixed.test': ['93.184.215.14', '127.0.0.1'],
  'mapped.test': ['::ffff:127.0.0.1'],
  'local.test': ['127.0.0.1'],
}
const lookups: string[] = []
const resolve = async (name: string): Promise<ResolvedAddress[]> => {
  lookups.push(name)
  // The second answer of `rebinding.test` would be loopback: it must never be asked for.
  if (name === 'rebinding.test') {
    return [
      {
        address: lookups.filter((asked) => asked === name).length === 1 ? '10.0.0.1' : '127.0.0.1',
        family: 4,
      },
    ]
  }
  if (name === 'localhost') return [{ address: '127.0.0.1', family: 4 }]
  const addresses = NAMES[name]
  if (addresses === undefined) throw new Error('no such name')
  return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
}
onEachDriver((candidate) => {
  const sandbox = candidate.open({ egress: { resolve } })
  after(() => sandbox[Symbol.asyncDispose]())

  const limits = { ...LIMITS, http: { ...LIMITS.http, requests: 200 } }
  const anyHost = { limits, egress: { hosts: 'public' as const } }

  const HOSTS = [
    '127.0.0.1',
    'localhost',
    'localhost.',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '0.0.0.0',
    '0',
    '①②⑦.0.0.1',
    '127。0。0。1',
    '169.254.169.254',
    '100.100.100.200',
    '[fd00:ec2::254]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    'private.test',
    'mixed.test',
    'mapped.test',
    'local.test',
    'rebinding.test',
  ]

  test('private addresses in every spelling, private and mixed names, rebinding', async () => {
    await using bait = new Bait()
    await bait.listen()
    lookups.length = 0
    const source = `
from pyodide.http import pyfetch
import urllib.request
for host in json.loads(${JSON.stringify(JSON.stringify(HOSTS))}):
    await attempt('fetch ' + host, lambda: pyfetch('http://' + host + '/'))
    await attempt('urllib ' + host, lambda: urllib.request.urlopen('http://' + host.encode('idna').decode() + '/') if host.isascii() else open('/none'))
`
    const { got } = await attempts(sandbox, source, anyHost)
    assert.equal(Object.keys(got).length, HOSTS.length * 2)
    assert.deepEqual(successes(got), {})
    assert.equal(
      lookups.filter((name) => name === 'rebinding.test').length,
      2,
      'one look-up for each request',
    )
    assert.equal(bait.connections, 0)
  })

  test('other schemes, other ports, credentials, control characters', async () => {
    const fetched = (name: string, method: string) =>
      candidate.hasJavaScript
        ? `await attempt('${name}', lambda: js.fetch('http://93.184.215.14/', js.eval("({method: '${method}'})")))`
        : `await attempt('${name}', lambda: pyfetch('http://93.184.215.14/', method='${method}'))`
    const source = `
from pyodide.http import pyfetch
import http.client
for url in ['file:///etc/passwd', 'ftp://example.com/', 'gopher://example.com/', 'http://user:pass@example.com/', 'http://93.184.215.14:22/',
            'http://93.184.215.14:6379/', 'http://example.com:0/', 'data2:text/plain,x', 'javascript:1']:
    await attempt(url, lambda: pyfetch(url))
${fetched('bridge method', candidate.hasJavaScript ? 'GET\\\\r\\\\nX: y' : 'GET\\r\\nX: y')}
${fetched('CONNECT', 'CONNECT')}
def injected():
    c = http.client.HTTPConnection('93.184.215.14')
    c.putrequest('GET', '/')
    c.putheader('X', 'a\\r\\nB: c')
    c.endheaders()
    return c.getresponse().status
await attempt('header', injected)
`
    const { got } = await attempts(sandbox, source, anyHost)
    assert.equal(Object.keys(got).length, 12)
    assert.deepEqual(successes(got), {})
  })

  test('a host that is not on the list of the plugin is refused, by kind and sentence', async () => {
    const source = 'import urllib.request\nurllib.request.urlopen("http://other.test/")'
    const result = await run(sandbox, source, { egress: { hosts: ['api.test', '*.good.test'] } })
    assert.equal(result.error?.kind, 'egress')
    assert.match(result.error?.message ?? '', /other\.test is not on the list of allowed hosts/)
    assert.deepEqual(
      result.usage.http.map(({ host, status }) => [host, status]),
      [['other.test', null]],
    )
    assert.ok(!lookups.includes('other.test'), 'not even looked up')
  })

  test('no sockets and no look-ups beside the broker', () => assertNoSockets(candidate, sandbox))
})
