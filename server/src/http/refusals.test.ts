import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { createLog } from '../platform/log.ts'
import { refuseUnreadQuery, readsQuery } from './no-query.ts'
import { createHttpServer } from './server.ts'

const LIMIT = 1024 * 1024

const boot = async () => {
  const app = createHttpServer({ log: createLog('silent'), bodyLimit: LIMIT })
  app.addHook('preValidation', refuseUnreadQuery)
  app.get('/plain', async () => ({ ok: true }))
  app.get<{ Params: { id: string } }>('/thing/:id', async (request) => ({
    length: request.params.id.length,
  }))
  app.get('/list', readsQuery, async (request) => request.query)
  app.post('/echo', async (request) => ({ got: request.body }))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, port: Number(new URL(url).port), [Symbol.asyncDispose]: () => app.close() }
}

/** Sends bytes that no HTTP client would, and gives all that comes back. */
const raw = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })

describe('refusals at the door', () => {
  it('answers a wish to upgrade as any request, and closes: nothing after it could be refused', async () => {
    await using server = await boot()
    for (const path of ['/plain', '/none', '/thing/%zz']) {
      const head = `GET ${path} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade`
      const answer = await raw(server.port, `${head}\r\n\r\n`)
      assert.match(answer, /^HTTP\/1.1 (?:200|404|400) /)
      assert.match(answer, /\r\nconnection: close\r\n/)
    }
  })

  it('answers a request with an expectation nobody knows', async () => {
    await using server = await boot()
    const head = 'GET /plain HTTP/1.1\r\nhost: x\r\nexpect: miracles\r\nconnection: close\r\n\r\n'
    assert.match(await raw(server.port, head), /^HTTP\/1.1 200 .*"ok":true/s)
  })

  it('answers what is not HTTP in the envelope, for any origin', async () => {
    await using server = await boot()
    const cases: [string, number][] = [
      ['NONSENSE\r\n\r\n', 400],
      ['BREW /plain HTTP/1.1\r\nhost: x\r\n\r\n', 400],
      ['POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n', 400],
      [`GET /plain HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
    ]
    for (const [text, status] of cases) {
      const answer = await raw(server.port, text)
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `))
      assert.match(answer, /\r\naccess-control-allow-origin: \*\r\n/)
      assert.match(answer, /\r\nx-request-id: req_[0-9a-f]{32}\r\n/)
      const { error } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as { error: object }
      assert.deepEqual(Object.keys(error), ['message', 'type', 'param', 'code'])
    }
  })

  it('serves a request without a host', async () => {
    await using server = await boot()
    const answer = await raw(server.port, 'GET /plain HTTP/1.1\r\nconnection: close\r\n\r\n')
    assert.match(answer, /^HTTP\/1.1 200 /)
  })

  it('lets a client that sends too much see the 413, every time', async () => {
    await using server = await boot()
    for (let i = 0; i < 10; i += 1) {
      const response = await fetch(`${server.url}/echo`, {
        method: 'POST',
        body: Buffer.alloc(20 * LIMIT, 'x'),
      })
      assert.equal(response.status, 413)
      assert.match(await response.text(), /"code":"request_too_large"/)
    }
  })

  it('reads a body whose type is no media type as JSON', async () => {
    await using server = await boot()
    for (const type of [';;;', 'x', 'text']) {
      const request = { method: 'POST', headers: { 'content-type': type }, body: '{"a":1}' }
      const response = await fetch(`${server.url}/echo`, request)
      assert.deepEqual(await response.json(), { got: { a: 1 } }, type)
    }
  })

  it('finds no limit in the length of an id', async () => {
    await using server = await boot()
    const response = await fetch(`${server.url}/thing/${'a'.repeat(10_000)}`)
    assert.deepEqual(await response.json(), { length: 10_000 })
  })

  it('refuses a query that nobody reads, but for the one Azure clients send', async () => {
    await using server = await boot()
    const refused = await fetch(`${server.url}/plain?foo=1`)
    assert.equal(refused.status, 400)
    assert.match(await refused.text(), /Unknown parameter: 'foo'\./)
    assert.equal((await fetch(`${server.url}/plain?api-version=1`)).status, 200)
    assert.deepEqual(await (await fetch(`${server.url}/list?foo=1`)).json(), { foo: '1' })
  })
})
