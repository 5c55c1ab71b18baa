import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from './errors.ts'
import type { SafeFetchPolicy } from './safe-fetch.ts'
import { safeStream } from './safe-stream.ts'

const never = new AbortController().signal
let open = 0
let asked = 0
let answer: (response: ServerResponse) => unknown = () => {}
const server = createServer((request, response) => {
  asked += 1
  response.on('error', () => {})
  request.resume().on('end', () => answer(response))
})
server.on('connection', (socket) => {
  open += 1
  socket.on('error', () => {}).on('close', () => (open -= 1))
})
let url = ''
let policy: SafeFetchPolicy
before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
after(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  const { port } = server.address() as AddressInfo
  url = `http://a.test:${port}/x`
  policy = {
    hosts: ['a.test'],
    internalHosts: [`a.test:${port}`],
    maxUpBytes: 1_000,
    maxDownBytes: 1_000,
    timeoutMs: 2_000,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  }
})

const get = () => ({ method: 'GET', url, headers: [], body: null })
const code = (wanted: string) => (error: unknown) =>
  error instanceof AppError && error.code === wanted && error.status === 400
const allClosed = async () => {
  for (const end = Date.now() + 3_000; open > 0; await sleep(5))
    assert.ok(Date.now() < end, 'a connection is still open')
}
const all = async (body: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> => {
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return pieces
}
const drip = (piece: string) => async (response: ServerResponse) => {
  response.writeHead(200, { 'x-a': 'b' })
  while (!response.destroyed) {
    response.write(piece)
    await sleep(10)
  }
}

test('the head is there before the body has ended, and the body comes piece by piece', async () => {
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  answer = async (response) => {
    response.writeHead(201, { 'x-a': 'b' })
    response.write('one')
    await mayEnd
    response.end('two')
  }
  const stream = await safeStream(get(), policy, never)
  assert.equal(stream.status, 201)
  assert.equal(stream.headers.find(([name]) => name === 'x-a')?.[1], 'b')
  const pieces: string[] = []
  for await (const piece of stream.body) {
    pieces.push(Buffer.from(piece).toString())
    end()
  }
  assert.deepEqual(pieces, ['one', 'two'])
  await allClosed()
})

test('bytes are counted over the whole body, and time from the first look-up to the last byte', async () => {
  answer = drip('x'.repeat(300))
  const large = await safeStream(get(), policy, never)
  await assert.rejects(all(large.body), code('body_too_large'))
  await allClosed()
  answer = drip('x')
  const slow = await safeStream(get(), { ...policy, timeoutMs: 200 }, never)
  await assert.rejects(all(slow.body), code('fetch_timeout'))
  await allClosed()
})

test('a body that nobody reads, or reads no further, is closed', async () => {
  answer = drip('x')
  await safeStream(get(), { ...policy, timeoutMs: 200 }, never)
  await allClosed()
  const stream = await safeStream(get(), policy, never)
  for await (const _piece of stream.body) break
  await allClosed()
  const unread = await safeStream(get(), policy, never)
  unread.close()
  await allClosed()
})

test('the signal ends it with its own reason', async () => {
  answer = drip('x')
  const stop = new AbortController()
  const stream = await safeStream(get(), policy, stop.signal)
  const read = all(stream.body)
  stop.abort(new Error('left'))
  await assert.rejects(read, /left/)
  await allClosed()
})

test('a connection that breaks is a failure', async () => {
  answer = (response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('x')
    setTimeout(() => response.destroy(), 20)
  }
  const stream = await safeStream(get(), policy, never)
  await assert.rejects(all(stream.body), code('fetch_failed'))
})

test('addresses are checked as in safeFetch, and redirects are answers', async () => {
  const before = asked
  const closed = { ...policy, internalHosts: [] }
  await assert.rejects(safeStream(get(), closed, never), code('address_refused'))
  const others = { ...policy, hosts: ['b.test'] }
  await assert.rejects(safeStream(get(), others, never), code('address_refused'))
  const body = Buffer.alloc(1_001)
  await assert.rejects(
    safeStream({ ...get(), method: 'POST', body }, policy, never),
    code('body_too_large'),
  )
  assert.equal(asked, before)
  answer = (response) => void response.writeHead(302, { location: '/y' }).end()
  const stream = await safeStream(get(), policy, never)
  assert.equal(stream.status, 302)
  assert.equal(asked, before + 1)
})
