import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'

import { startScriptedModel } from '../../../tests/support/scripted-model.ts'
import type { LanguageModel, ModelError, ModelPart, ModelRequest } from '../language-model.ts'
import { createOpenAiCompatibleModel } from './openai-compatible-model.ts'
import type { OpenAiCompatibleSettings } from './settings.ts'

const KEY = 'sk-test-0123456789abcdef'

const modelAt = (
  baseUrl: string,
  changes: Partial<OpenAiCompatibleSettings> = {},
  onOutcome: (error: ModelError | null) => void = () => {},
) =>
  createOpenAiCompatibleModel(
    {
      name: 'm',
      upstreamModel: 'upstream',
      baseUrl,
      apiKey: KEY,
      apiKeyHeader: null,
      query: {},
      images: 'url',
      contextTokens: 1000,
      maxTokensField: 'max_tokens',
      sampling: true,
      timeouts: { connectMs: 1000, headersMs: 2000, idleMs: 2000 },
      retries: { count: 2, baseMs: 5, maxWaitMs: 1000 },
      ...changes,
    },
    { fetchImage: null, onOutcome, random: () => 0.5 },
  )

const ask = (changes: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'gpt-4o',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  functions: [],
  toolChoice: 'auto',
  parallelToolCalls: true,
  temperature: null,
  topP: null,
  reasoningEffort: null,
  responseFormat: 'auto',
  maxTokens: null,
  ...changes,
})

const collect = async (
  model: LanguageModel,
  request = ask(),
  signal = new AbortController().signal,
) => {
  const parts: ModelPart[] = []
  for await (const part of model.stream(request, signal)) parts.push(part)
  return parts
}
const textOf = (parts: ModelPart[]) =>
  parts.map((part) => (part.type === 'text' ? part.delta : '')).join('')
const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}.txt`, import.meta.url))

test('streams text and usage, sends the key, uses its connection again', async () => {
  await using server = await startScriptedModel()
  await using model = modelAt(server.url)
  server.push({ text: ['Hel', 'lo'] }, { text: 'again' })
  const parts = await collect(model)
  assert.deepEqual(parts, [
    { type: 'text', delta: 'Hel' },
    { type: 'text', delta: 'lo' },
    {
      type: 'finish',
      reason: 'stop',
      usage: { promptTokens: 10, completionTokens: 5, cachedTokens: 0, reasoningTokens: 0 },
    },
  ])
  await setImmediate()
  assert.equal(textOf(await collect(model)), 'again')
  assert.equal(server.requests[0]?.headers.authorization, `Bearer ${KEY}`)
  assert.equal(server.requests[0]?.body.model, 'upstream')
  assert.equal(server.connections, 1)
})

test('Azure: deployment path, api-version and api-key header', async () => {
  await using server = await startScriptedModel()
  const baseUrl = server.url.replace('/v1', '/openai/deployments/gpt')
  await using model = modelAt(`${baseUrl}/`, {
    apiKeyHeader: 'api-key',
    query: { 'api-version': '2024-10-21' },
  })
  server.push({ text: 'x' })
  await collect(model)
  const [request] = server.requests
  assert.equal(request?.path, '/openai/deployments/gpt/chat/completions')
  assert.deepEqual(request?.query, { 'api-version': '2024-10-21' })
  assert.equal(request?.headers['api-key'], KEY)
  assert.equal(request?.headers.authorization, undefined)
})

test('recorded streams, torn at every few bytes, come through whole', async () => {
  await using server = await startScriptedModel()
  await using model = modelAt(server.url)
  const bytes = fixture('openai-text')
  for (const size of [7, 64]) {
    const raw = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    server.push({ raw })
    assert.equal(textOf(await collect(model)), 'Hello, 達哥!')
  }
})

test('a missing [DONE] is fine once the model has finished, an answer without an end is not', async () => {
  await using server = await startScriptedModel()
  await using model = modelAt(server.url, { retries: { count: 0, baseMs: 1, maxWaitMs: 1 } })
  server.push({ raw: fixture('llama-cpp-text').toString() })
  assert.equal(textOf(await collect(model)), 'Hi there')
  server.push({ raw: 'data: {"choices":[{"delta":{"content":"half"}}]}\n\n' })
  await assert.rejects(collect(model), { code: 'server_error', message: /ended its answer early/ })
})

test('errors inside the stream, HTML and JSON instead of a stream', async () => {
  await using server = await startScriptedModel()
  await using model = modelAt(server.url)
  server.push({ raw: fixture('llama-cpp-error').toString() })
  await assert.rejects(collect(model), {
    code: 'server_error',
    message: /context shift is disabled/,
  })
  server.push(
    { raw: 'data: {"error":{"code":429,"message":"slow down"}}\n\n' },
    { text: 'tried again' },
  )
  assert.equal(textOf(await collect(model)), 'tried again')
  server.push({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: '<html><title>Sign in</title></html>',
  })
  await assert.rejects(collect(model), { code: 'server_error', message: /Sign in/ })
  const whole = { choices: [{ message: { content: 'whole' }, finish_reason: 'stop' }] }
  server.push({ status: 200, body: whole })
  assert.equal(textOf(await collect(model)), 'whole')
  server.push({ raw: 'data: {broken\n\n' })
  await assert.rejects(collect(model), { code: 'server_error', message: /not JSON/ })
})

test('tries again before the first token only: statuses, cut connections, retry-after', async () => {
  await using server = await startScriptedModel()
  await using model = modelAt(server.url)
  server.push(
    { status: 503 },
    { status: 429, headers: { 'retry-after-ms': '30' } },
    { text: 'third' },
  )
  const start = performance.now()
  assert.equal(textOf(await collect(model)), 'third')
  assert.ok(performance.now() - start >= 30)
  server.push({ text: ['x'], cutAfter: 0 }, { text: 'after a cut' })
  assert.equal(textOf(await collect(model)), 'after a cut')

  const before = server.requests.length
  server.push({ text: ['said', 'cut'], cutAfter: 1 })
  await assert.rejects(collect(model), { code: 'server_error' })
  assert.equal(server.requests.length, before + 1)
})

test('gives up after two more tries, at once on other errors, and when told to wait too long', async () => {
  await using server = await startScriptedModel()
  const outcomes: (string | null)[] = []
  await using model = modelAt(server.url, {}, (error) => outcomes.push(error?.code ?? null))
  server.push({ status: 500 }, { status: 502 }, { status: 503, body: 'busy' })
  await assert.rejects(collect(model), {
    code: 'server_error',
    message: "The server of model 'm' answered 503: busy",
  })
  server.push({
    status: 429,
    headers: { 'retry-after': '60' },
    body: { error: { message: 'quota' } },
  })
  await assert.rejects(collect(model), { code: 'rate_limit_exceeded', message: /quota/ })
  server.push({ status: 401, body: { error: { message: `Incorrect API key provided: ${KEY}` } } })
  await assert.rejects(
    collect(model),
    (error: Error) => /401/.test(error.message) && !error.message.includes(KEY),
  )
  assert.equal(server.requests.length, 5)
  server.push({ text: 'well' })
  await collect(model)
  assert.deepEqual(outcomes, ['server_error', 'rate_limit_exceeded', 'server_error', null])
})

test('leaves out what a server refuses by name, and remembers it', async () => {
  await using server = await startScriptedModel({
    handler: ({ body }) => {
      const refused = ['stream_options', 'max_tokens', 'parallel_tool_calls'].find(
        (name) => name in body,
      )
      return refused === undefined
        ? {
            toolCalls: [
              { name: 'f', arguments: {} },
              { name: 'f', arguments: {} },
            ],
          }
        : { status: 400, body: { error: { message: `Unknown parameter: '${refused}'.` } } }
    },
  })
  await using model = modelAt(server.url)
  const request = ask({
    maxTokens: 50,
    parallelToolCalls: false,
    functions: [{ name: 'f', description: null, parameters: {}, strict: false }],
  })
  const parts = await collect(model, request)
  assert.equal(parts.filter((part) => part.type === 'tool-call').length, 1)
  assert.equal(server.requests.length, 4)
  assert.equal(server.requests[3]?.body['max_completion_tokens'], 50)
  await collect(model, request)
  assert.equal(server.requests.length, 5)
})

test('an abort in mid-stream throws its reason and closes the connection', async () => {
  await using server = await startScriptedModel()
  await using model = modelAt(server.url)
  server.push({ text: ['a', 'b', 'c'], hangAfter: 2 })
  const abort = new AbortController()
  const reason = new Error('run cancelled')
  const seen: string[] = []
  await assert.rejects(async () => {
    for await (const part of model.stream(ask(), abort.signal)) {
      seen.push(part.type === 'text' ? part.delta : part.type)
      if (seen.length === 2) abort.abort(reason)
    }
  }, reason)
  assert.deepEqual(seen, ['a', 'b'])
  await server.requests[0]?.closed
  assert.equal(server.requests[0]?.aborted, true)
})

test('an abort before the head, during a back-off, and before the call', async () => {
  await using server = await startScriptedModel()
  await using model = modelAt(server.url, {
    retries: { count: 2, baseMs: 60_000, maxWaitMs: 600_000 },
  })
  const reason = new Error('stop')
  const abortAfter = async (requests: number) => {
    const abort = new AbortController()
    const call = collect(model, ask(), abort.signal)
    await server.waitForRequests(requests)
    setTimeout(() => abort.abort(reason), 20)
    await assert.rejects(call, reason)
  }
  server.push({ text: 'late', firstDelayMs: 300 })
  await abortAfter(1)
  await server.requests[0]?.closed
  assert.equal(server.requests[0]?.aborted, true)
  server.push({ status: 503 })
  await abortAfter(2)
  await assert.rejects(collect(model, ask(), AbortSignal.abort(reason)), reason)
  assert.equal(server.requests.length, 2)
})

test('a reader that leaves early closes the connection', async () => {
  await using server = await startScriptedModel()
  await using model = modelAt(server.url)
  server.push({ text: ['a', 'b'], hangAfter: 1 })
  for await (const part of model.stream(ask(), new AbortController().signal)) {
    assert.equal(part.type, 'text')
    break
  }
  await server.requests[0]?.closed
  assert.equal(server.requests[0]?.aborted, true)
})

test('time limits: to the head, between pieces; a slow reader breaks none', async () => {
  await using server = await startScriptedModel()
  await using model = modelAt(server.url, {
    timeouts: { connectMs: 1000, headersMs: 100, idleMs: 100 },
  })
  server.push({ text: 'late', firstDelayMs: 400 })
  await assert.rejects(collect(model), {
    code: 'server_error',
    message: /did not begin to answer .*100 ms/,
  })
  server.push({ text: ['a', 'b'], hangAfter: 1 })
  await assert.rejects(collect(model), { code: 'server_error', message: /stopped in the middle/ })
  assert.equal(server.requests.length, 2)
  server.push({ text: ['a', 'b', 'c'], delayMs: 5 })
  let text = ''
  for await (const part of model.stream(ask(), new AbortController().signal)) {
    text += part.type === 'text' ? part.delta : ''
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  assert.equal(text, 'abc')
})

/** A bare TCP server on 127.0.0.1 that is closed with all its connections. */
const startTcp = async (onSocket: (socket: Socket) => void) => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()))
    onSocket(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    if (!server.listening) return
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  const { port } = server.address() as AddressInfo
  return { port, sockets, close, [Symbol.asyncDispose]: close }
}

test('a server that is not there, and one whose TLS handshake never ends', async () => {
  await using silent = await startTcp(() => {})
  const timeouts = { connectMs: 80, headersMs: 1000, idleMs: 1000 }
  await using stuck = modelAt(`https://user:pa55word@127.0.0.1:${silent.port}/v1`, { timeouts })
  await assert.rejects(
    collect(stuck),
    (error: Error) =>
      /could not be reached \(no connection within 80 ms\)/.test(error.message) &&
      !error.message.includes('pa55word'),
  )
  assert.equal(silent.sockets.size, 3)
  await silent.close()
  await using gone = modelAt(`http://127.0.0.1:${silent.port}/v1`)
  await assert.rejects(collect(gone), {
    code: 'server_error',
    message: /could not be reached.*ECONNREFUSED/,
  })
})

test('a kept-alive connection that has gone stale is replaced at once', async () => {
  const body = JSON.stringify({ choices: [{ message: { content: 'x' }, finish_reason: 'stop' }] })
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  await using server = await startTcp((socket) => {
    let requests = 0
    socket.on('data', (piece) => {
      if (!piece.toString().startsWith('POST')) return
      requests += 1
      if (requests > 1) socket.resetAndDestroy()
      else socket.write(head + body)
    })
  })
  const retries = { count: 0, baseMs: 60_000, maxWaitMs: 1 }
  await using model = modelAt(`http://127.0.0.1:${server.port}/v1`, { retries })
  for (let i = 0; i < 3; i += 1) {
    assert.equal(textOf(await collect(model)), 'x')
    await setImmediate()
  }
  assert.ok(server.sockets.size >= 2)
})
