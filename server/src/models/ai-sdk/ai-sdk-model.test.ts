import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

import {
  callsOf,
  converseStream,
  fixture,
  startVendorServer,
  textOf,
} from '../../../tests/support/vendor-server.ts'
import { ModelError } from '../language-model.ts'
import type { ModelRequest } from '../language-model.ts'
import type { VendorSettings } from './settings.ts'

const claude = (changes: Partial<VendorSettings> = {}) =>
  startVendorServer(
    { provider: 'anthropic', upstreamModel: 'claude-sonnet-4-5', ...changes },
    '/v1',
  )
const functions = [{ name: 'unit_price', description: null, parameters: {}, strict: false }]
const question = { role: 'user', parts: [{ type: 'text', text: 'price?' }] } as const
const failsWith = (code: ModelError['code'], message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ModelError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, message)
  assert.ok(!error.message.includes('vendor-key'))
  return true
}
const image = (url: string): Partial<ModelRequest> => ({
  messages: [{ role: 'user', parts: [{ type: 'image', url, detail: 'auto' }] }],
})

/** Messages after the given calls were answered, of a model that thinks. */
const afterCalls = (calls: { id: string; name: string; arguments: string }[]) => ({
  functions,
  reasoningEffort: 'medium',
  messages: [
    { ...question, parts: [...question.parts] },
    { role: 'assistant' as const, text: 'Let me see.', toolCalls: calls },
    ...calls.map(({ id }) => ({ role: 'tool' as const, callId: id, output: 'done' })),
  ],
})

test('Claude gets its thinking back beside the calls it led to; where it is lost, it does not think', async () => {
  await using server = await claude()
  server.answers.push(fixture('anthropic-tools'), fixture('anthropic-text'))
  const calls = callsOf(await server.ask({ functions, reasoningEffort: 'medium' }))
  await server.ask(afterCalls(calls))
  const { thinking, messages } = server.lastJson() as {
    thinking: { type: string }
    messages: { content: object[] }[]
  }
  assert.equal(thinking.type, 'enabled')
  assert.deepEqual(messages[1]?.content[0], {
    type: 'thinking',
    thinking: 'Two prices.',
    signature: 'c2lnbmVk',
  })
  await server.ask(
    afterCalls([{ id: 'call_of_another_node', name: 'unit_price', arguments: '{}' }]),
  )
  assert.equal(server.lastJson()['thinking'], undefined)
})

test('Gemini gets back the signature of its call', async () => {
  await using server = await startVendorServer(
    { provider: 'google', upstreamModel: 'gemini-3-pro-preview' },
    '/v1beta',
  )
  server.answers.push(fixture('google-tools'), fixture('google-text'))
  const calls = callsOf(await server.ask({ functions }))
  await server.ask(afterCalls(calls))
  assert.ok(JSON.stringify(server.lastJson()).includes('"thoughtSignature":"c2lnbmVk"'))
})

test("an error within the answer is the vendor's, after its text or before", async () => {
  await using server = await claude({ retries: { count: 0, baseMs: 1, maxWaitMs: 1 } })
  const text = String(fixture('anthropic-text').body)
  const spoken = text.slice(0, text.indexOf('event: content_block_stop'))
  const overloaded =
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
  server.answers.push({ body: spoken + overloaded })
  await assert.rejects(server.ask(), failsWith('server_error', /Overloaded/))

  await using nova = await startVendorServer(
    {
      provider: 'bedrock',
      upstreamModel: 'amazon.nova-lite-v1:0',
      aws: { region: 'us-east-1', accessKeyId: null, secretAccessKey: null, sessionToken: null },
      retries: { count: 0, baseMs: 1, maxWaitMs: 1 },
    },
    '',
  )
  nova.answers.push(
    converseStream([
      ['messageStart', { role: 'assistant' }],
      ['throttlingException', { message: 'Too many requests' }],
    ]),
  )
  await assert.rejects(nova.ask(), failsWith('rate_limit_exceeded', /Too many requests/))
})

test('an answer that ends by an error is none, and a redirect is not followed', async () => {
  const retries = { count: 0, baseMs: 1, maxWaitMs: 1 }
  await using google = await startVendorServer(
    { provider: 'google', upstreamModel: 'gemini-2.5-flash', retries },
    '/v1beta',
  )
  const malformed = {
    candidates: [{ content: {}, finishReason: 'MALFORMED_FUNCTION_CALL', index: 0 }],
    usageMetadata: { promptTokenCount: 20, totalTokenCount: 20 },
  }
  google.answers.push({ body: `data: ${JSON.stringify(malformed)}\n\n` })
  await assert.rejects(google.ask(), failsWith('server_error', /MALFORMED_FUNCTION_CALL/))

  await using elsewhere = await claude()
  elsewhere.answers.push(fixture('anthropic-text'))
  await using server = await claude({ retries })
  server.answers.push({
    status: 307,
    headers: { location: `${elsewhere.origin}/v1/messages` },
    body: '',
  })
  await assert.rejects(server.ask(), failsWith('server_error', /could not be reached/))
  assert.equal(elsewhere.requests.length, 0)
})

test('an answer that ends early, breaks off, stays silent or never comes', async () => {
  const timeouts = { connectMs: 200, headersMs: 150, idleMs: 150 }
  await using server = await claude({ timeouts, retries: { count: 0, baseMs: 1, maxWaitMs: 1 } })
  const half = String(fixture('anthropic-text').body).slice(0, 900)
  server.answers.push({ body: half }, { body: half, hangs: true }, { body: '', hangs: true })
  await assert.rejects(server.ask(), failsWith('server_error', /'ours'/))
  await assert.rejects(server.ask(), failsWith('server_error', /stopped in the middle/))
  assert.equal(await server.requests[1]?.cut, true)
  await assert.rejects(server.ask(), failsWith('server_error', /did not begin/))
  const { model } = server
  await server[Symbol.asyncDispose]()
  const request = { ...image(''), messages: [{ ...question, parts: [...question.parts] }] }
  const asked = { ...plain, ...request }
  await assert.rejects(
    model.stream(asked, new AbortController().signal)[Symbol.asyncIterator]().next(),
    failsWith('server_error', /could not be reached/),
  )
})

const plain: ModelRequest = {
  model: 'any',
  messages: [],
  functions: [],
  toolChoice: 'auto',
  parallelToolCalls: true,
  temperature: null,
  topP: null,
  reasoningEffort: null,
  responseFormat: 'auto',
  maxTokens: null,
}

test('half of a surrogate pair is no text', async () => {
  await using server = await claude()
  server.answers.push(fixture('anthropic-text'))
  const half = '\ud83d!'
  await server.ask({
    messages: [
      { role: 'system', text: half },
      { role: 'user', parts: [{ type: 'text', text: half }] },
      {
        role: 'assistant',
        text: half,
        toolCalls: [{ id: 'call_1', name: 'f', arguments: JSON.stringify({ a: half }) }],
      },
      { role: 'tool', callId: 'call_1', output: half },
    ],
  })
  const sent = server.requests[0]?.body.toString() ?? ''
  assert.ok(!/\\ud83d/i.test(sent), sent)
  assert.equal(sent.split('\ufffd!').length, 6)
})

test('pictures: addresses, bytes, or none, as the model is set', async () => {
  const url = 'https://example.com/a.png'
  await using byUrl = await claude()
  byUrl.answers.push(fixture('anthropic-text'))
  await byUrl.ask(image(url))
  assert.ok(JSON.stringify(byUrl.lastJson()).includes(`"source":{"type":"url","url":"${url}"}`))
  await using inline = await claude({ images: 'inline' })
  inline.answers.push(fixture('anthropic-text'))
  await inline.ask(image(url))
  assert.ok(JSON.stringify(inline.lastJson()).includes('"data":"aW1n"'))
  await using none = await claude({ images: 'refuse' })
  await assert.rejects(none.ask(image(url)), failsWith('invalid_prompt', /takes no images/))
  await assert.rejects(byUrl.ask(image('ftp://a/b.png')), failsWith('invalid_prompt', /no usable/))
})

test('AWS keys sign the request; the secret stays here', async () => {
  const aws = {
    region: 'eu-west-1',
    accessKeyId: 'AKID',
    secretAccessKey: 's3',
    sessionToken: 'st',
  }
  await using server = await startVendorServer(
    { provider: 'bedrock', upstreamModel: 'amazon.nova-lite-v1:0', apiKey: null, aws },
    '',
  )
  server.answers.push(converseStream([['messageStop', { stopReason: 'end_turn' }]]))
  await server.ask()
  const [request] = server.requests
  assert.match(
    request?.headers.authorization ?? '',
    /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/bedrock\/aws4_request/,
  )
  assert.equal(request?.headers['x-amz-security-token'], 'st')
  assert.ok(!JSON.stringify([request?.headers, server.lastJson()]).includes('"s3"'))
})

test("Azure's form without a version, and the name the client asked for", async () => {
  await using server = await startVendorServer(
    { provider: 'azure', upstreamModel: null },
    '/openai/v1',
  )
  server.answers.push(fixture('azure-text'))
  assert.equal(textOf(await server.ask({ model: 'asked-for' })), 'Hello 世界')
  assert.match(server.requests[0]?.path ?? '', /^\/openai\/v1\/chat\/completions/)
  assert.equal(server.lastJson()['model'], 'asked-for')
})

test('no package of a vendor is loaded before a model of the vendor is asked', async () => {
  const registry = new URL('../model-registry.ts', import.meta.url).href
  const program = `
    import { registerHooks } from 'node:module'
    const seen = new Set()
    registerHooks({ resolve: (name, context, next) => (seen.add(name), next(name, context)) })
    const { createModelRegistry } = await import(${JSON.stringify(registry)})
    const model = {
      provider: 'mistral', name: 'm', aliases: [], upstreamModel: 'm', baseUrl: 'http://127.0.0.1:9',
      apiKey: 'k', apiVersion: null, aws: null, images: 'url', contextTokens: null, retries: 0,
      timeouts: { connectMs: null, headersMs: null, idleMs: null },
    }
    const settings = { kind: 'servers', default: 'm', strict: false, models: [model] }
    await using models = createModelRegistry(settings, { clock: { now: () => 0 }, fetchImage: null })
    const ofVendors = () => [...seen].filter((name) => name.startsWith('@ai-sdk/')).join(' ')
    const before = ofVendors()
    const request = ${JSON.stringify(plain)}
    const asked = models.find('m').stream(request, new AbortController().signal).next()
    await asked.catch(() => undefined)
    console.log(JSON.stringify([before, ofVendors().split(' ').sort()]))`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    program,
  ])
  const [before, after] = JSON.parse(stdout) as [string, string[]]
  assert.equal(before, '')
  assert.ok(after.includes('@ai-sdk/mistral') && !after.includes('@ai-sdk/anthropic'), after.join())
})
