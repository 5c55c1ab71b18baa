import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { AppError } from './errors.ts'
import { isPublicAddress } from './public-address.ts'
import { hostMatches, safeFetch, safeRequest, type SafeFetchPolicy } from './safe-fetch.ts'

const never = new AbortController().signal
let server: Server
let port = 0
const seen: string[] = []
before(async () => {
  server = createServer((request, response) => {
    seen.push(
      `${request.method} ${request.headers.host} ${request.url} ${request.headers.authorization ?? '-'}`,
    )
    if (request.url === '/hang') return
    if (request.url === '/loop') return void response.writeHead(302, { location: '/loop' }).end()
    if (request.url === '/out')
      return void response.writeHead(302, { location: `http://b.test:${port}/x` }).end()
    if (request.url === '/in')
      return void response.writeHead(302, { location: 'http://127.0.0.1/x' }).end()
    if (request.url === '/big') return void response.end(Buffer.alloc(2000))
    request
      .on('data', () => {})
      .on('end', () => response.writeHead(200, { 'x-a': 'b' }).end('hello'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
after(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
})

const policy = (given: Partial<SafeFetchPolicy> = {}): SafeFetchPolicy => ({
  hosts: 'public-and-internal',
  internalHosts: [`a.test:${port}`, `b.test:${port}`],
  maxUpBytes: 1000,
  maxDownBytes: 1000,
  timeoutMs: 2000,
  resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  ...given,
})
const get = (url: string) => ({ method: 'GET', url, headers: [], body: null })
const refusedWith = (code: string) => (error: unknown) =>
  error instanceof AppError && error.code === code && error.status === 400

test('public and other addresses', () => {
  for (const address of [
    '8.8.8.8',
    '93.184.215.14',
    '172.32.0.1',
    '100.128.0.1',
    '2001:200::1',
    '2606:4700::1111',
    '2a00:1450::1',
  ]) {
    assert.ok(isPublicAddress(address), address)
  }
  const inside = [
    '0.0.0.0',
    '10.255.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.168.0.1',
    '198.18.0.1',
    '198.19.255.255',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '2001::1',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '2001:1ff::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'ff02::1',
    '',
    'localhost',
    '1.2.3',
    '0x7f.1',
  ]
  for (const address of inside) assert.ok(!isPublicAddress(address), address)
})

test('host patterns', () => {
  assert.ok(hostMatches('api.example.com', ['API.example.com']))
  assert.ok(hostMatches('a.b.example.com', ['*.example.com']))
  for (const host of ['example.com', 'badexample.com', 'example.com.evil.test'])
    assert.ok(!hostMatches(host, ['*.example.com']), host)
})

test('an opened host answers; name, headers and body go through, hop-by-hop headers do not', async () => {
  const request = {
    method: 'POST',
    url: `http://a.test:${port}/p?q=1`,
    headers: [
      ['Host', 'evil'],
      ['Connection', 'x'],
      ['Authorization', 'k'],
    ] as const,
    body: Buffer.from('x'),
  }
  const response = await safeRequest(request, policy(), never)
  assert.deepEqual(
    [
      response.status,
      response.body.toString(),
      response.headers.find(([name]) => name === 'x-a')?.[1],
    ],
    [200, 'hello', 'b'],
  )
  assert.equal(seen.at(-1), `POST a.test:${port} /p?q=1 k`)
})

test("a host the operator opened answers who names it, and 'public-and-internal'", async () => {
  for (const hosts of [['a.test'], ['*.test'], 'public-and-internal'] as const) {
    const response = await safeRequest(get(`http://a.test:${port}/`), policy({ hosts }), never)
    assert.equal(response.status, 200)
  }
  // A bare name opens the usual ports: the connection is tried, and at most fails.
  const bare = policy({ internalHosts: ['a.test'], hosts: ['a.test'], timeoutMs: 500 })
  const tried = await safeRequest(get('http://a.test/'), bare, never).catch((error) => error)
  assert.notEqual(tried.code, 'address_refused')
})

test('what the policy does not allow is refused before a connection is made', async () => {
  const before = seen.length
  const cases: [string, Partial<SafeFetchPolicy>][] = [
    [`http://127.0.0.1:${port}/`, {}],
    [`http://c.test:${port}/`, {}],
    ['http://c.test/', {}],
    [
      'http://c.test/',
      {
        resolve: async () => [
          { address: '93.184.215.14', family: 4 },
          { address: '10.0.0.1', family: 4 },
        ],
      },
    ],
    [`http://a.test:${port}/`, { hosts: ['b.test'] }],
    // 'public' does not reach what the operator opened, and a bare name opens the ports 80 and 443 only.
    [`http://a.test:${port}/`, { hosts: 'public' }],
    ['http://a.test/', { hosts: 'public', internalHosts: ['a.test'] }],
    [`http://a.test:${port}/`, { internalHosts: ['a.test'] }],
    [`http://a.test:${port}/`, { internalHosts: ['*.test'], hosts: ['a.test'] }],
    [`http://a.test:${port}/`, { internalHosts: ['a.test:1'], hosts: ['a.test'] }],
    ['ftp://a.test/', {}],
    [`http://u:p@a.test:${port}/`, {}],
    ['not a url', {}],
    ['http://93.184.215.14:22/', {}],
  ]
  for (const [url, given] of cases)
    await assert.rejects(
      safeRequest(get(url), policy(given), never),
      refusedWith('address_refused'),
      url,
    )
  for (const method of ['CONNECT', 'G ET', 'GET\r\nX: y', '']) {
    await assert.rejects(
      safeRequest({ ...get(`http://a.test:${port}/`), method }, policy(), never),
      refusedWith('address_refused'),
    )
  }
  const header = { ...get(`http://a.test:${port}/`), headers: [['x', 'a\r\nb: c']] as const }
  await assert.rejects(safeRequest(header, policy(), never), refusedWith('address_refused'))
  assert.equal(seen.length, before)
})

test('bytes and time are limited, and a signal stops it', async () => {
  await assert.rejects(
    safeRequest(get(`http://a.test:${port}/big`), policy(), never),
    refusedWith('body_too_large'),
  )
  const body = Buffer.alloc(1001)
  await assert.rejects(
    safeRequest({ ...get(`http://a.test:${port}/`), method: 'POST', body }, policy(), never),
    refusedWith('body_too_large'),
  )
  await assert.rejects(
    safeRequest(get(`http://a.test:${port}/hang`), policy({ timeoutMs: 100 }), never),
    refusedWith('fetch_timeout'),
  )
  const slowNames = policy({ timeoutMs: 100, resolve: () => new Promise(() => {}) })
  await assert.rejects(
    safeRequest(get(`http://a.test:${port}/`), slowNames, never),
    refusedWith('fetch_timeout'),
  )
  const abort = new AbortController()
  setTimeout(() => abort.abort(new Error('left')), 50)
  await assert.rejects(
    safeRequest(get(`http://a.test:${port}/hang`), policy(), abort.signal),
    /left/,
  )
  const nobody = policy({ resolve: () => Promise.reject(new Error('ENOTFOUND')) })
  await assert.rejects(
    safeRequest(get(`http://a.test:${port}/`), nobody, never),
    refusedWith('fetch_failed'),
  )
})

test('redirects are checked anew and lose the authorization', async () => {
  const request = {
    ...get(`http://a.test:${port}/out`),
    headers: [['authorization', 'k']] as const,
  }
  const response = await safeFetch(request, policy(), never)
  assert.equal(response.url, `http://b.test:${port}/x`)
  assert.deepEqual(seen.slice(-2), [`GET a.test:${port} /out k`, `GET b.test:${port} /x -`])
  await assert.rejects(
    safeFetch(get(`http://a.test:${port}/in`), policy(), never),
    refusedWith('address_refused'),
  )
  await assert.rejects(
    safeFetch(get(`http://a.test:${port}/loop`), policy(), never),
    refusedWith('fetch_failed'),
  )
})

/** A server that writes `answer` to each connection and says nothing more; `received` is what came in. */
const rawServer = async (answer: string, end = false) => {
  const sockets = new Set<Socket>()
  const told = { received: '', closed: 0 }
  const raw = createSocketServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => (told.closed += 1))
    socket.on('data', (bytes) => {
      told.received += bytes.toString('latin1')
      if (end) socket.end(answer)
      else socket.write(answer)
    })
  })
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
  const rawPort = (raw.address() as AddressInfo).port
  return {
    told,
    url: `http://raw.test:${rawPort}/`,
    policy: policy({ internalHosts: [`raw.test:${rawPort}`] }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => raw.close(done))
    },
  }
}

test('an answer that switches protocols, or none at all, is a failure at once', async () => {
  const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'
  await using switching = await rawServer(upgrade)
  const started = Date.now()
  await assert.rejects(
    safeRequest(get(switching.url), switching.policy, never),
    refusedWith('fetch_failed'),
  )
  while (switching.told.closed === 0) await new Promise((done) => setTimeout(done, 5))
  await using closing = await rawServer('', true)
  await assert.rejects(
    safeRequest(get(closing.url), closing.policy, never),
    refusedWith('fetch_failed'),
  )
  assert.ok(Date.now() - started < 1500)
})

test('time and signal end an exchange in every state', async () => {
  const starts = [
    '',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc',
  ]
  for (const start of starts) {
    await using raw = await rawServer(start)
    await assert.rejects(
      safeRequest(get(raw.url), { ...raw.policy, timeoutMs: 60 }, never),
      refusedWith('fetch_timeout'),
      start,
    )
    const leave = new AbortController()
    setTimeout(() => leave.abort(new Error('left')), 40)
    await assert.rejects(safeRequest(get(raw.url), raw.policy, leave.signal), /left/, start)
    while (raw.told.closed < 2) await new Promise((done) => setTimeout(done, 5))
  }
})

test('a request without a body is never sent in chunks', async () => {
  for (const method of ['GET', 'delete', 'PROPFIND', 'POST']) {
    await using raw = await rawServer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    await safeRequest({ ...get(raw.url), method }, raw.policy, never)
    assert.doesNotMatch(raw.told.received, /transfer-encoding/i, method)
    assert.equal(/content-length: 0/i.test(raw.told.received), method.startsWith('P'), method)
  }
})
