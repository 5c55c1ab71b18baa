/** What a call tells the model, whatever the API does. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, before, beforeEach, describe, it } from 'node:test'
import { brotliCompressSync, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { JsonObject } from '../manifest.ts'
import {
  kindFor,
  LIMITS,
  openHouse,
  pluginFile,
  startApi,
  type House,
  type LocalApi,
} from './openapi-house.ts'

let api: LocalApi

const DOCUMENT = {
  openapi: '3.1.0',
  paths: {
    '/items/{id}': {
      post: {
        operationId: 'item',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
          { name: 'x-note', in: 'header', schema: { type: 'string' } },
          { name: 'how', in: 'query', schema: { type: 'string', enum: ['up', 'down'] } },
        ],
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 'object',
                additionalProperties: true,
                properties: {
                  count: { type: 'integer' },
                  when: {
                    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'number' } }],
                  },
                  at: { type: 'object', required: ['x'], properties: { x: { type: 'number' } } },
                },
              },
            },
          },
        },
      },
    },
    '/plain': { get: { operationId: 'plain' } },
  },
}

const file = (melzi: JsonObject = {}) =>
  pluginFile({
    document: JSON.stringify({
      ...DOCUMENT,
      servers: [{ url: `http://api.test:${api.port}/v1/` }],
    }),
    ...melzi,
  })

let house: House

before(async () => {
  api = await startApi()
  house = await openHouse(kindFor([api.port]), file())
})
beforeEach(() => {
  api.asked.length = 0
})
after(() => api[Symbol.asyncDispose]())

const answers = (
  body: string | Buffer,
  headers: Record<string, string> = { 'content-type': 'application/json' },
  status = 200,
) => {
  api.answer = (_, response: ServerResponse) => void response.writeHead(status, headers).end(body)
}

const plain = async (more: Parameters<House['call']>[2] = {}) => house.call('plain', {}, more)

describe('arguments of a call', () => {
  it('names everything that does not fit, and asks nothing of the API', async () => {
    const result = await house.call('item', {
      how: 'sideways',
      count: 1.5,
      when: [1, 'two'],
      at: { x: 'far', y: 1 },
    })
    assert.equal(result.ok, false)
    assert.deepEqual(result.error, {
      kind: 'arguments',
      message:
        "The arguments do not fit, so the API was not called: 'how' must be one of \"up\", \"down\"; 'count' must be an integer, not a decimal number; 'when' fits none of the 2 forms it can have ('when' must be a string, not an array); 'at.x' must be a number, not a string; 'id' is required.",
      traceback: null,
    })
    const unknown = await house.call('plain', { colour: 'red' })
    assert.match(unknown.error?.message ?? '', /'colour' is no parameter \(it takes none\)/)
    assert.deepEqual([result.usage.http, api.asked], [[], []])
  })

  it('puts fields that the body may have beside those it names into the body', async () => {
    answers('{}')
    await house.call('item', { id: 'a', count: '3', extra: { deep: [1] } })
    assert.equal(api.asked[0]?.body, '{"extra":{"deep":[1]},"count":3}')
  })

  it('never leaves the place of the operation', async () => {
    for (const id of ['..', '.', '%2e%2e', '%2E.', '']) {
      const result = await house.call('item', { id })
      if (id.startsWith('%'))
        assert.equal(api.asked.pop()?.url, `/v1/items/${encodeURIComponent(id)}`)
      else assert.equal(result.error?.kind, 'arguments', id)
    }
    for (const id of ['../../admin', 'a/../..', '/\\evil.test/', '?x=1#y', 'http://evil.test/']) {
      await house.call('item', { id })
      const asked = api.asked.pop()
      assert.equal(asked?.url, `/v1/items/${encodeURIComponent(id)}`)
      assert.equal(asked?.headers.host, `api.test:${api.port}`)
    }
    assert.deepEqual(api.asked, [])
  })

  it('sends no header that is none', async () => {
    for (const note of ['a\r\nx-evil: 1', '中文']) {
      const result = await house.call('item', { id: 'a', 'x-note': note })
      assert.deepEqual([result.ok, result.error?.kind], [false, 'egress'])
      assert.match(result.error?.message ?? '', /The header "x-note" is not valid/)
    }
    assert.deepEqual(api.asked, [])
  })

  it('answers for an operation that is not there, and finds the only one without a name', async () => {
    assert.equal((await house.call('gone')).error?.kind, 'unavailable')
    assert.equal((await house.call(null)).error?.kind, 'unavailable')
    const single = await openHouse(kindFor([api.port]), file({ functions: ['plain'] }))
    answers('"one"')
    assert.equal((await single.call(null)).output, '"one"')
  })
})

describe('answers to a call', () => {
  it('gives JSON without its white space, and with letters for their escapes', async () => {
    answers(
      '{ "id" : 12345678901234567890,\n  "name": "\\u81fa\\u5317 \\"x\\"\\n  \\ud83d\\ude00 \\u0041\\ud800",\t"list": [ 1.0 , true ] }',
    )
    const result = await plain()
    assert.equal(
      result.output,
      '{"id":12345678901234567890,"name":"臺北 \\"x\\"\\n  😀 \\u0041\\ud800","list":[1.0,true]}',
    )
    assert.deepEqual([result.ok, result.error, result.truncated], [true, null, false])
    assert.deepEqual(result.usage.http, [{ host: 'api.test', status: 200, refused: null }])
    assert.ok(result.usage.ms >= 0 && result.usage.cpuMs === 0)
  })

  it('gives other text as it is, in the character set it is written in', async () => {
    answers('a  b\n', { 'content-type': 'text/plain' })
    assert.equal((await plain()).output, 'a  b\n')
    answers(Buffer.from([0xbb, 0x4f, 0xa5, 0x5f]), { 'content-type': 'text/csv; charset=big5' })
    assert.equal((await plain()).output, '臺北')
    answers('ü', { 'content-type': 'text/html; charset=nobody-knows' })
    assert.equal((await plain()).output, 'ü')
    answers('no type, but text', {})
    assert.equal((await plain()).output, 'no type, but text')
  })

  it('says what is no text by its type and size', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000', 'hex')
    answers(png, { 'content-type': 'image/png' })
    assert.equal((await plain()).output, '[The answer is no text: image/png, 10 bytes.]')
    answers(png, {})
    assert.equal((await plain()).output, '[The answer is no text: of unknown type, 10 bytes.]')
    answers('', {}, 204)
    assert.equal((await plain()).output, '[The API answered 204 No Content, with nothing more.]')
  })

  it('cuts a long answer on a whole character', async () => {
    answers(`"${'a'.repeat(15_998)}😀${'b'.repeat(500_000)}"`)
    const result = await plain()
    assert.deepEqual([result.ok, result.truncated], [true, true])
    assert.equal(result.output, `"${'a'.repeat(15_998)}`)
    answers(`[${' '.repeat(100_000)}1${' '.repeat(100_000)}]`)
    assert.deepEqual([(await plain()).output, (await plain()).truncated], ['[1]', false])
    answers('語'.repeat(600_000), { 'content-type': 'text/plain' })
    assert.equal((await plain()).output, '語'.repeat(16_000))
  })

  it('unpacks what is packed, within a limit', async () => {
    const packed: [string, Buffer][] = [
      ['gzip', gzipSync('"text"')],
      ['br', brotliCompressSync('"text"')],
      ['zstd', zstdCompressSync('"text"')],
      ['deflate', deflateRawSync('"text"')],
      ['gzip, br', brotliCompressSync(gzipSync('"text"'))],
    ]
    for (const [coding, body] of packed) {
      answers(body, { 'content-type': 'application/json', 'content-encoding': coding })
      assert.equal((await plain()).output, '"text"', coding)
    }
    answers(gzipSync(Buffer.alloc(60_000_000)), { 'content-encoding': 'gzip' })
    const bomb = await plain()
    assert.equal(bomb.error?.kind, 'output')
    assert.match(bomb.error?.message ?? '', /unpacks to more than 2000000 bytes/)
    answers('not gzip', { 'content-encoding': 'gzip' })
    assert.match((await plain()).error?.message ?? '', /could not be unpacked.*'gzip'/)
    answers('x', { 'content-encoding': 'own' })
    assert.match((await plain()).error?.message ?? '', /'own'/)
    answers('x', { 'content-encoding': 'gzip, gzip, gzip, gzip' })
    assert.match((await plain()).error?.message ?? '', /more than three times/)
    answers(Buffer.alloc(3_000_000), {})
    assert.equal((await plain()).error?.kind, 'output')
  })

  it('makes a failure of every other status, with what the API says of it', async () => {
    answers('{ "error": "no such pet" }', { 'content-type': 'application/problem+json' }, 404)
    const result = await plain()
    assert.deepEqual([result.ok, result.output], [false, ''])
    assert.deepEqual(result.error, {
      kind: 'upstream',
      message: 'The API answered 404 Not Found.\n{"error":"no such pet"}',
      traceback: null,
    })
    assert.equal(result.usage.http[0]?.status, 404)
    answers('', { 'retry-after': '30' }, 429)
    assert.equal(
      (await plain()).error?.message,
      'The API answered 429 Too Many Requests. Try again in 30 s.',
    )
    answers('x'.repeat(9_000), { 'content-type': 'text/html' }, 500)
    const long = (await plain()).error?.message ?? ''
    assert.ok(long.endsWith('\n[This is the start of an answer of 9000 bytes.]'))
    assert.ok(long.length < 4_200)
    answers('', {}, 304)
    assert.match((await plain()).error?.message ?? '', /304/)
  })

  it('says when the API fails in other ways', async () => {
    api.answer = (_, response) => void response.destroy()
    const broken = await plain()
    assert.equal(broken.error?.kind, 'upstream')
    assert.match(broken.error?.message ?? '', /api\.test/)
    assert.equal(broken.usage.http[0]?.status, null)
    api.answer = () => undefined
    const silent = await plain({ limits: { ...LIMITS, wallMs: 300 } })
    assert.equal(silent.error?.kind, 'timeout')
    const leaving = new AbortController()
    const call = house.call('plain', {}, {}, leaving.signal)
    setTimeout(() => leaving.abort(new Error('the client left')), 50)
    await assert.rejects(call, /the client left/)
  })
})

describe('files of a call', () => {
  it('sends a file of the conversation where the document asks for one', async () => {
    const document = JSON.stringify({
      openapi: '3.0.0',
      servers: [{ url: `http://api.test:${api.port}` }],
      paths: {
        '/a': {
          put: {
            operationId: 'raw',
            requestBody: {
              content: { 'application/pdf': { schema: { type: 'string', format: 'binary' } } },
            },
          },
        },
        '/b': {
          post: {
            operationId: 'form',
            requestBody: {
              content: {
                'multipart/form-data': {
                  schema: {
                    type: 'object',
                    properties: { f: { type: 'string', format: 'binary' } },
                  },
                },
              },
            },
          },
        },
      },
    })
    const uploads = await openHouse(kindFor([api.port]), pluginFile({ document }))
    const files = [{ title: '報告 "1".pdf', type: 'application/pdf', data: Buffer.from('%PDF') }]
    answers('{}')
    await uploads.call('raw', { body: '報告 "1".pdf' }, { files })
    assert.equal(api.asked[0]?.body, '%PDF')
    assert.equal(api.asked[0]?.headers['content-type'], 'application/pdf')
    await uploads.call('form', { f: '報告 "1".pdf' }, { files })
    assert.match(
      api.asked[1]?.body ?? '',
      /name="f"; filename="報告 %221%22\.pdf"\r\nContent-Type: application\/pdf\r\n\r\n%PDF\r\n--/,
    )
    const large = await uploads.call('raw', { body: 'x'.repeat(100_001) })
    assert.equal(large.error?.kind, 'output')
    assert.match(large.error?.message ?? '', /request is larger than 100000 bytes/)
  })
})
