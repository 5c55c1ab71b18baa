import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { CreateMessageRequest } from '@melzi/contract/message.ts'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { errors } from '../platform/errors.ts'
import { createLog } from '../platform/log.ts'
import { authenticate } from './auth.ts'
import { createHttpServer } from './server.ts'
import { parseBody } from './validate.ts'
import { asPrincipal } from '../../tests/support/principal.ts'

const BODY_LIMIT = 64 * 1024
const BASE = '/api/assts/v1'
const KEY = 'mlz_0123456789abcdefghijklmnopqrstuv'

let app: FastifyInstance
let origin: string

before(async () => {
  app = createHttpServer({ log: createLog('silent'), bodyLimit: BODY_LIMIT })
  await app.register(
    async (scope) => {
      scope.addHook(
        'onRequest',
        authenticate(async (key) =>
          key === KEY
            ? asPrincipal({ workspaceId: 'ws_1', personId: 'person_1', keyId: 'key_1' })
            : null,
        ),
      )
      scope.get('/whoami', async (request) => request.principal)
      scope.delete('/things/:id', async (request) => request.body ?? 'none')
      scope.post('/things/:id', async (request) => parseBody(CreateMessageRequest, request.body))
      scope.post('/echo', async (request) => request.body)
    },
    { prefix: BASE },
  )
  app.get('/open', async (request) => request.principal)
  app.get('/locked', async () => {
    throw errors.unavailable('busy', 7)
  })
  app.get('/broken', async () => {
    throw new Error('secret detail')
  })
  origin = await app.listen({ port: 0, host: '127.0.0.1' })
})

after(() => app.close())

const call = async (
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer> | FormData,
  headers: Record<string, string> = {},
) => {
  const response = await fetch(origin + path, {
    method,
    headers: { authorization: `Bearer ${KEY}`, ...headers },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : JSON.parse(text),
  }
}

const envelope = (message: string, fields: object = {}) => ({
  error: { message, type: 'invalid_request_error', param: null, code: null, ...fields },
})

describe('keys', () => {
  const forms: Record<string, Record<string, string>> = {
    'Bearer K': { authorization: `Bearer ${KEY}` },
    'bearer K': { authorization: `bearer  ${KEY}` },
    'K alone': { authorization: KEY },
    'Basic :K': { authorization: `Basic ${Buffer.from(`:${KEY}`).toString('base64')}` },
    'api-key': { authorization: '', 'api-key': KEY },
  }
  for (const [name, headers] of Object.entries(forms)) {
    it(`are taken as ${name}`, async () => {
      const { status, body } = await call('GET', `${BASE}/whoami`, undefined, headers)
      assert.deepEqual([status, body.keyId], [200, 'key_1'])
    })
  }

  for (const authorization of ['', 'Bearer', 'Bearer ', 'Basic Og==']) {
    it(`are missed in "${authorization}"`, async () => {
      const { status, body } = await call('GET', `${BASE}/whoami`, undefined, { authorization })
      assert.equal(status, 401)
      assert.match(body.error.message, /^You didn't provide an API key\. /)
      assert.deepEqual(
        [body.error.type, body.error.param, body.error.code],
        ['invalid_request_error', null, null],
      )
    })
  }

  it('that are wrong are shown masked', async () => {
    const { status, body } = await call('GET', `${BASE}/whoami`, undefined, {
      authorization: 'mlz_abcdefghijklmnop',
    })
    assert.equal(status, 401)
    assert.equal(body.error.code, 'invalid_api_key')
    assert.match(body.error.message, /^Incorrect API key provided: mlz_abcd\*{16}mnop\. /)
  })

  it('are needed: a route that forgot to ask has no principal', async () => {
    assert.equal((await call('GET', '/open')).status, 500)
  })
})

describe('bodies', () => {
  it('may be empty, with or without a content type', async () => {
    for (const headers of [{}, { 'content-type': 'application/json' }]) {
      assert.deepEqual((await call('POST', `${BASE}/echo`, '', headers)).body, {})
    }
    assert.equal(
      (await call('DELETE', `${BASE}/things/1`, undefined, { 'content-type': 'application/json' }))
        .status,
      200,
    )
  })

  it('are JSON under any content type', async () => {
    for (const type of [
      'application/json; charset=utf-8',
      'application/x-www-form-urlencoded',
      'text/plain',
    ]) {
      const { body } = await call('POST', `${BASE}/echo`, '{"a":"é"}', { 'content-type': type })
      assert.deepEqual(body, { a: 'é' })
    }
  })

  it('that are multipart need a route of their own', async () => {
    const { status, body } = await call('POST', `${BASE}/echo`, new FormData())
    assert.deepEqual([status, body.error.code], [415, 'unsupported_content_type'])
  })

  it('that are not JSON are refused', async () => {
    for (const bad of ['{"a":', 'hello', new Uint8Array([0x7b, 0xff, 0x7d]), '['.repeat(2000)]) {
      const { status, body } = await call('POST', `${BASE}/echo`, bad)
      assert.equal(status, 400)
      assert.match(
        body.error.message,
        /^We could not parse the JSON body of your request\. \(HINT: .+\)$/,
      )
      assert.deepEqual(
        [body.error.type, body.error.param, body.error.code],
        ['invalid_request_error', null, null],
      )
    }
  })

  it('that nest too deep are refused', async () => {
    const deep = `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`
    assert.match(
      (await call('POST', `${BASE}/echo`, deep)).body.error.message,
      /HINT: more than 256 levels deep/,
    )
    const wide = JSON.stringify({ a: Array.from({ length: 2000 }, () => ({})) })
    assert.equal((await call('POST', `${BASE}/echo`, wide)).status, 200)
  })

  it('that are no object are refused', async () => {
    for (const [sent, name] of [
      ['[]', 'an array'],
      ['null', 'null'],
      ['"x"', 'a string'],
      ['1', 'an integer'],
    ]) {
      const { status, body } = await call('POST', `${BASE}/echo`, sent)
      const message = `Invalid type for the request body: expected an object, but got ${name} instead.`
      assert.deepEqual([status, body], [400, envelope(message, { code: 'invalid_type' })])
    }
  })

  it('cannot reach a prototype', async () => {
    for (const key of ['__proto__', '\\u005f_proto__']) {
      const { status, body } = await call(
        'POST',
        `${BASE}/echo`,
        `{"metadata":{"${key}":{"polluted":"yes"}}}`,
      )
      const message = "Unknown parameter: 'metadata.__proto__'."
      assert.deepEqual(
        [status, body],
        [400, envelope(message, { param: 'metadata.__proto__', code: 'unknown_parameter' })],
      )
    }
    const inList = `{"a":[1,{"b":[{},{"__proto__":1}]}]}`
    assert.equal(
      (await call('POST', `${BASE}/echo`, inList)).body.error.param,
      'a[1].b[1].__proto__',
    )
    const text = '{"text":"about __proto__"}'
    assert.deepEqual((await call('POST', `${BASE}/echo`, text)).body, JSON.parse(text))
  })

  it('over the limit are refused', async () => {
    const { status, body } = await call(
      'POST',
      `${BASE}/echo`,
      JSON.stringify({ a: 'x'.repeat(BODY_LIMIT) }),
    )
    assert.deepEqual([status, body.error.code], [413, 'request_too_large'])
    assert.match(body.error.message, new RegExp(String(BODY_LIMIT)))
  })

  it('are checked by their schema', async () => {
    const { status, body } = await call('POST', `${BASE}/things/1`, '{"role":"x","content":"a"}')
    const message = "Invalid value: 'x'. Supported values are: 'user' and 'assistant'."
    assert.deepEqual(
      [status, body],
      [400, envelope(message, { param: 'role', code: 'invalid_value' })],
    )
  })
})

describe('paths', () => {
  it('that are unknown are named as the client sent them', async () => {
    const { status, body } = await call('POST', `${BASE}/foo?x=1`)
    assert.deepEqual([status, body], [404, envelope(`Invalid URL (POST ${BASE}/foo)`)])
  })

  it('keep their case and forgive a trailing slash', async () => {
    assert.equal((await call('GET', `${BASE}/WHOAMI`)).status, 404)
    assert.equal((await call('GET', `${BASE}/whoami/`)).status, 200)
  })

  it('asked with the wrong method say which is right', async () => {
    const { status, body, headers } = await call('PUT', `${BASE}/things/1`, '{}')
    assert.equal(status, 405)
    assert.equal(headers.get('allow'), 'DELETE, POST')
    const message = `Not allowed to PUT on ${BASE}/things/1 (allowed: DELETE, POST)`
    assert.deepEqual(body, envelope(message, { code: 'method_not_supported' }))
  })

  it('that cannot be decoded get the envelope too', async () => {
    const { status, body, headers } = await call('GET', `${BASE}/things/%zz`)
    assert.equal(status, 400)
    assert.deepEqual(Object.keys(body.error), ['message', 'type', 'param', 'code'])
    assert.equal(headers.get('access-control-allow-origin'), '*')
    assert.match(headers.get('x-request-id') ?? '', /^req_/)
  })
})

describe('failures', () => {
  it('of a client that leaves while it sends its body are no failure of the server', async () => {
    const lines: string[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
    const server = createHttpServer({ log, bodyLimit: BODY_LIMIT })
    server.post('/echo', async (request) => request.body)
    const port = Number(new URL(await server.listen({ port: 0, host: '127.0.0.1' })).port)
    const socket = connect(port, '127.0.0.1')
    await new Promise<void>((resolve) => {
      socket.write('POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"a":', () =>
        resolve(),
      )
    })
    await new Promise((resolve) => setTimeout(resolve, 30))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 30))
    await server.close()
    assert.ok(
      lines.some((line) => line.includes('client left')),
      lines.join(),
    )
    assert.ok(!lines.some((line) => line.includes('request failed')), lines.join())
  })

  it('keep the headers of the error', async () => {
    const { status, headers, body } = await call('GET', '/locked')
    assert.deepEqual(
      [status, headers.get('retry-after'), body.error.type],
      [503, '7', 'server_error'],
    )
  })

  it('nobody foresaw say nothing but the request id', async () => {
    const { status, headers, body } = await call('GET', '/broken')
    assert.equal(status, 500)
    assert.equal(body.error.type, 'server_error')
    assert.ok(body.error.message.includes(headers.get('x-request-id') ?? 'none'))
    assert.ok(!JSON.stringify(body).includes('secret'))
  })
})

describe('headers', () => {
  it('are on every answer', async () => {
    for (const path of [`${BASE}/whoami`, `${BASE}/nothing`, '/broken']) {
      const { headers } = await call('GET', path, undefined, { origin: 'https://example.org' })
      assert.match(headers.get('x-request-id') ?? '', /^req_[0-9a-f]{32}$/)
      assert.match(headers.get('openai-processing-ms') ?? '', /^\d+$/)
      assert.equal(headers.get('openai-version'), '2020-10-01')
      assert.equal(headers.get('access-control-allow-origin'), 'https://example.org')
      assert.equal(headers.get('access-control-allow-credentials'), null)
      const exposed = headers.get('access-control-expose-headers')?.split(', ')
      assert.deepEqual(exposed?.slice(0, 5), [
        'x-request-id',
        'openai-poll-after-ms',
        'openai-processing-ms',
        'retry-after',
        'retry-after-ms',
      ])
      assert.ok(exposed.includes('x-ratelimit-remaining-tokens'))
    }
  })

  it('answer a preflight on every path, without a key', async () => {
    for (const path of [`${BASE}/whoami`, '/nothing/here']) {
      const response = await fetch(origin + path, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://example.org',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization, x-stainless-os',
          'access-control-request-private-network': 'true',
        },
      })
      assert.equal(response.status, 204)
      assert.equal(await response.text(), '')
      assert.equal(response.headers.get('access-control-allow-origin'), 'https://example.org')
      assert.equal(
        response.headers.get('access-control-allow-headers'),
        'authorization, x-stainless-os',
      )
      assert.match(response.headers.get('access-control-allow-methods') ?? '', /POST.*DELETE/)
      assert.equal(response.headers.get('access-control-allow-private-network'), 'true')
      assert.equal(response.headers.get('access-control-max-age'), '7200')
    }
  })
})

describe('closing', () => {
  it('answers what still comes on an open connection with 503 in the envelope', async () => {
    const closing = createHttpServer({ log: createLog('silent'), bodyLimit: BODY_LIMIT })
    let finish = (): void => {}
    let entered = (): void => {}
    const slow = new Promise<void>((resolve) => (finish = resolve))
    const inside = new Promise<void>((resolve) => (entered = resolve))
    closing.get('/slow', async () => {
      entered()
      await slow
      return { ok: true }
    })
    const port = Number(new URL(await closing.listen({ port: 0, host: '127.0.0.1' })).port)
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const ended = new Promise((resolve) => socket.on('close', resolve))
    socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
    await inside
    const closed = closing.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
    finish()
    await ended
    await closed
    assert.match(text, /^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 503 [\s\S]*"type":"server_error"/)
  })
})

it('reads a chunked body of unknown length', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const request = httpRequest(
      `${origin}${BASE}/echo`,
      { method: 'POST', headers: { authorization: KEY } },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve(text))
      },
    )
    request.on('error', reject)
    request.write('{"a":')
    request.end('1}')
  })
  assert.equal(answer, '{"a":1}')
})
