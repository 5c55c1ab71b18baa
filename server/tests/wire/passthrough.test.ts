import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api } from '../support/factories.ts'
import {
  sendJson,
  startModelServer,
  type ModelServer,
  type ServerRequest,
} from '../support/model-server.ts'
import { validateResponse } from '../support/openapi.ts'

// behaviour.md 1, 2 and 15: chat completions and audio go through to the model's server.
const KEY = 'sk-provider-1234567890abcdef'
const hello = [{ role: 'user', content: 'hello' }]
const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'up-chat',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'hi', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
}
// odd spacing, a comment and CRLF: a byte for byte answer keeps them
const STREAM = ': warm\r\n\r\ndata:  {"id":"x","choices":[]}\r\n\r\ndata: [DONE]\r\n\r\n'

describe('chat completions and audio', () => {
  let upstream: ModelServer
  let answer: (request: ServerRequest, response: ServerResponse) => void | Promise<void>
  let server: BootedServer
  let api: Api
  let dir: string

  before(async () => {
    upstream = await startModelServer((request, response) => answer(request, response))
    dir = await mkdtemp(path.join(tmpdir(), 'melzi-passthrough-'))
    const file = path.join(dir, 'models.json')
    const base_url = `${upstream.origin}/v1`
    const models = [
      { name: 'chat', base_url, api_key: KEY, model: 'up-chat', aliases: ['gpt-*'] },
      { name: 'whisper', base_url, api_key: KEY, model: 'whisper-1' },
      { name: 'gone', base_url: 'http://127.0.0.1:9/v1' },
    ]
    await writeFile(file, JSON.stringify({ strict: true, models }))
    server = await bootServer({ env: { MELZI_MODELS_FILE: file } })
    api = new Api(server)
  })
  beforeEach(() => {
    answer = (_request, response) => sendJson(response, 200, completion)
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await upstream?.[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  const send = (route: string, init: RequestInit = {}) =>
    fetch(server.origin + route, {
      method: 'POST',
      ...init,
      headers: {
        authorization: `Bearer ${server.apiKey}`,
        ...(init.headers as Record<string, string> | undefined),
      },
    })
  const json = (body: unknown) => ({
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })

  it("passes a request on under the server's name for the model, otherwise as it came", async () => {
    const body = { model: 'gpt-4o', messages: hello, metadata: { a: 'b' }, unheard_of: [1, null] }
    const reply = await api.request('POST', '/chat/completions', body)
    assert.deepEqual([reply.status, reply.body], [200, completion])
    const asked = upstream.requests.at(-1)
    assert.equal(asked?.path, '/v1/chat/completions')
    assert.equal(asked?.headers.authorization, `Bearer ${KEY}`)
    assert.deepEqual(upstream.lastJson(), { ...body, model: 'up-chat' })
    // numbers that JavaScript cannot hold, and 1.0
    await send('/v1/chat/completions', {
      body: '{"model":"chat","seed":12345678901234567890,"temperature":1.0}',
    })
    assert.equal(
      upstream.requests.at(-1)?.body.toString(),
      '{"model":"up-chat","seed":12345678901234567890,"temperature":1.0}',
    )
    const exact = '{ "messages": [],  "model":"up-chat" }'
    await send('/openai/deployments/chat/chat/completions', { body: exact })
    assert.equal(upstream.requests.at(-1)?.body.toString(), exact)
  })

  it('passes a stream byte for byte, with the rate limits of the server', async () => {
    answer = (_request, response) => {
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'x-ratelimit-remaining-requests': '42',
        'x-internal': 'not yours',
        'set-cookie': 'a=b',
      })
      response.end(STREAM)
    }
    const reply = await send('/v1/chat/completions', json({ model: 'chat', stream: true }))
    assert.equal(await reply.text(), STREAM)
    assert.equal(reply.headers.get('content-type'), 'text/event-stream')
    assert.equal(reply.headers.get('x-ratelimit-remaining-requests'), '42')
    assert.match(reply.headers.get('x-request-id') ?? '', /^req_/)
    for (const name of ['x-internal', 'set-cookie']) assert.equal(reply.headers.get(name), null)
    assert.match(reply.headers.get('access-control-expose-headers') ?? '', /x-ratelimit-remaining/)
  })

  it('stops the server when the client leaves, before or within the answer', async () => {
    for (const begins of [true, false]) {
      const arrived = Promise.withResolvers<ServerRequest>()
      answer = (request, response) => {
        if (begins) {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write('data: {}\n\n')
        }
        arrived.resolve(request)
      }
      const leave = new AbortController()
      const call = send('/v1/chat/completions', {
        ...json({ model: 'chat', stream: true }),
        signal: leave.signal,
      })
      const request = await arrived.promise
      const reading = begins ? (await call).text() : call
      leave.abort()
      await assert.rejects(reading)
      assert.equal(await request.cut, true)
    }
  })

  it('reads from the server no faster than the client does', async () => {
    const MEBIBYTE = Buffer.alloc(1024 * 1024, 'x')
    let written = 0
    answer = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' })
      for (; written < 64 && !response.destroyed; written += 1) {
        if (!response.write(MEBIBYTE)) await once(response, 'drain')
      }
      response.end()
    }
    const speech = { model: 'chat', input: 'hi', voice: 'alloy' }
    const reply = await send('/v1/audio/speech', json(speech))
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.ok(written < 40, `${written} MiB were read ahead`)
    assert.equal((await reply.arrayBuffer()).byteLength, 64 * MEBIBYTE.length)
    assert.equal(upstream.requests.at(-1)?.path, '/v1/audio/speech')
    assert.deepEqual(upstream.lastJson(), { ...speech, model: 'up-chat' })
  })

  it('passes a form, whatever its order, with another model', async () => {
    answer = (_request, response) => sendJson(response, 200, { text: 'spoken' })
    const sound = new Uint8Array(5000).map((_, i) => i % 256)
    const form = new FormData()
    form.append('file', new File([sound], 'a.wav', { type: 'audio/wav' }))
    form.append('language', 'zh')
    form.append('model', 'whisper')
    const reply = await send('/v1/audio/transcriptions', { body: form })
    assert.deepEqual(await reply.json(), { text: 'spoken' })
    const named = new FormData()
    named.append('file', new File([sound], 'a.wav', { type: 'audio/wav' }))
    await send('/openai/deployments/whisper/audio/transcriptions', { body: named })
    const [first, second] = await Promise.all(upstream.requests.slice(-2).map(readForm))
    assert.equal(first?.get('model'), 'whisper-1')
    assert.equal(first?.get('language'), 'zh')
    assert.equal(second?.get('model'), 'whisper-1')
    for (const got of [first, second]) {
      const file = got?.get('file') as File
      assert.deepEqual([file.name, await file.bytes()], ['a.wav', sound])
    }
  })

  const readForm = ({ headers, body }: ServerRequest) =>
    new Response(new Uint8Array(body), {
      headers: { 'content-type': headers['content-type'] ?? '' },
    }).formData()

  it('gives refusals of the server in the envelope, without its key', async () => {
    answer = (_request, response) =>
      sendJson(
        response,
        400,
        { error: { message: `bad seed (key ${KEY})`, type: 'x', param: 'seed', code: 'bad_seed' } },
        { 'x-ratelimit-limit-requests': '9' },
      )
    const body = { model: 'chat', messages: hello }
    await api.refused('POST', '/chat/completions', body, {
      status: 400,
      message: /bad seed \(key \[cut\]\)/,
      param: 'seed',
      code: 'bad_seed',
    })
    const error = { message: 'slow down', type: 'tokens', code: 'rate_limit_exceeded' }
    answer = (_request, response) => sendJson(response, 429, { error }, { 'retry-after': '7' })
    const limited = await send('/v1/chat/completions', json(body))
    assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '7'])
    assert.equal(((await limited.json()) as { error: { type: string } }).error.type, 'tokens')
    // its 401 is about our key, not the caller's
    answer = (_request, response) =>
      sendJson(response, 401, { error: { message: `Incorrect API key provided: ${KEY}` } })
    await api.refused('POST', '/chat/completions', body, { status: 502, message: /answered 401/ })
    answer = (_request, response) => {
      response.writeHead(503).end('<html><title>Down</title>')
    }
    await api.refused('POST', '/chat/completions', body, { status: 503, message: /Down/ })
    await api.refused(
      'POST',
      '/chat/completions',
      { ...body, model: 'gone' },
      { status: 502, message: /'gone' could not be reached/ },
    )
    assert.ok(!server.logs.includes(KEY))
  })

  it('asks for a key, a model that is there, and a body that names it', async () => {
    const before_ = upstream.requests.length
    const paths = ['/v1/chat/completions', '/v1/audio/speech', '/v1/audio/transcriptions']
    for (const route of paths) {
      const reply = await fetch(server.origin + route, {
        method: 'POST',
        ...json({ model: 'chat' }),
      })
      assert.equal(reply.status, 401)
      validateResponse('POST', route.slice(3), 401, await reply.json())
    }
    const refused = (body: unknown, refusal: object, route = '/chat/completions') =>
      api.refused('POST', route, body, { status: 400, ...refusal })
    await refused({ messages: hello }, { param: 'model', code: 'missing_required_parameter' })
    await refused({ model: 7 }, { param: 'model', code: 'invalid_type' })
    await refused({ model: 'asst_1' }, { param: 'model', message: /'asst_1' is an assistant/ })
    await refused({ model: 'nobody' }, { status: 404, code: 'model_not_found' })
    await refused({ model: 'asst_1' }, { param: 'model' }, '/audio/speech')
    await refused(
      { model: 'whisper' },
      { message: /multipart\/form-data/ },
      '/audio/transcriptions',
    )
    const broken = await send('/v1/chat/completions', { body: '{"model":' })
    assert.equal(broken.status, 400)
    assert.equal(upstream.requests.length, before_)
  })
})
