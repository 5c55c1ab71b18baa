import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startScriptedModel } from '../../tests/support/scripted-model.ts'
import type { LanguageModel, ModelRequest } from './language-model.ts'
import { createModelRegistry } from './model-registry.ts'
import type { RegisteredModel } from './model-registry.ts'

const clock = { now: () => 1_700_000_000_500 }
const deps = { clock, fetchImage: null }

type RegisteredServer = Extract<RegisteredModel, { provider: 'openai-compatible' }>

const entry = (
  name: string,
  baseUrl: string,
  changes: Partial<RegisteredServer> = {},
): RegisteredModel => ({
  provider: 'openai-compatible',
  name,
  aliases: [],
  upstreamModel: `${name}-upstream`,
  baseUrl,
  apiKey: null,
  apiKeyHeader: null,
  query: {},
  images: 'url',
  contextTokens: null,
  maxTokensField: 'max_tokens',
  sampling: true,
  timeouts: { connectMs: 500, headersMs: null, idleMs: null },
  retries: 0,
  ...changes,
})

const say = async (model: LanguageModel | null, name: string) => {
  assert.ok(model !== null)
  const request: ModelRequest = {
    model: name,
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    functions: [],
    toolChoice: 'auto',
    parallelToolCalls: true,
    temperature: null,
    topP: null,
    reasoningEffort: null,
    responseFormat: 'auto',
    maxTokens: null,
  }
  let text = ''
  for await (const part of model.stream(request, new AbortController().signal))
    text += part.type === 'text' ? part.delta : ''
  return text
}

test('the demo model alone answers to any name', async () => {
  await using registry = createModelRegistry({ kind: 'demo' }, { ...deps, demoDelayMs: 0 })
  assert.match(await say(registry.find('gpt-4o'), 'gpt-4o'), /demo model/)
  assert.deepEqual(registry.list(), [
    { id: 'melzi-demo', created: 1_700_000_000, ownedBy: 'melzi' },
  ])
  assert.equal(registry.state().ok, true)
  assert.match(registry.state().detail, /melzi-demo/)
})

test('a name is found exactly, by alias, by wildcard, then by default', async () => {
  await using server = await startScriptedModel({ auto: true })
  const models = [
    entry('small', server.url, { aliases: ['mini', 'gpt-*-mini'] }),
    entry('big', server.url, { aliases: ['gpt-*', 'a.c'] }),
    entry('any', server.url, { aliases: ['claude-*'], upstreamModel: null }),
  ]
  await using registry = createModelRegistry(
    { kind: 'servers', default: 'any', strict: false, models },
    deps,
  )
  const names = ['small', 'mini', 'gpt-4o-mini', 'gpt-4o', 'a.c', 'claude-x', 'abc', '']
  for (const name of names) await say(registry.find(name), name)
  assert.deepEqual(
    server.requests.map((request) => request.body.model),
    [
      'small-upstream',
      'small-upstream',
      'small-upstream',
      'big-upstream',
      'big-upstream',
      'claude-x',
      'any',
      'any',
    ],
  )
  assert.deepEqual(
    registry.list().map((model) => model.id),
    ['small', 'mini', 'big', 'a.c', 'any'],
  )
})

test('strict naming finds nothing for a name that fits nothing', async () => {
  const models = [entry('m', 'http://127.0.0.1:9/v1', { aliases: ['gpt-*'] })]
  await using registry = createModelRegistry(
    { kind: 'servers', default: 'm', strict: true, models },
    deps,
  )
  assert.equal(registry.find('other'), null)
  assert.ok(registry.find('m') !== null && registry.find('gpt-4o') !== null)
  assert.throws(
    () => createModelRegistry({ kind: 'servers', default: 'x', strict: true, models }, deps),
    RangeError,
  )
})

test('the state is that of the last call of the default model', async () => {
  await using server = await startScriptedModel()
  const models = [entry('m', server.url), entry('other', server.url)]
  await using registry = createModelRegistry(
    { kind: 'servers', default: 'm', strict: false, models },
    deps,
  )
  assert.deepEqual(registry.state(), { ok: true, detail: 'm: not called yet' })
  server.push(
    { text: 'x' },
    { status: 500, body: 'secret internals' },
    { status: 500 },
    { status: 429 },
    { text: 'x' },
  )
  await say(registry.find('m'), 'm')
  assert.deepEqual(registry.state(), { ok: true, detail: 'm: last call went well' })
  await assert.rejects(say(registry.find('other'), 'other'))
  assert.equal(registry.state().ok, true)
  await assert.rejects(say(registry.find('m'), 'm'))
  assert.deepEqual(registry.state(), { ok: false, detail: 'm: last call failed (server_error)' })
  await assert.rejects(say(registry.find('m'), 'm'))
  assert.deepEqual(registry.state(), {
    ok: true,
    detail: 'm: last call failed (rate_limit_exceeded)',
  })
  await say(registry.find('m'), 'm')
  assert.equal(registry.state().detail, 'm: last call went well')
})

test('requests that go through find the server their name finds, under its name for the model', async () => {
  const vendor: RegisteredModel = {
    provider: 'mistral',
    name: 'vendor',
    aliases: ['v-*'],
    upstreamModel: null,
    baseUrl: null,
    apiKey: 'k',
    apiVersion: null,
    aws: null,
    images: 'url',
    contextTokens: null,
    timeouts: { connectMs: null, headersMs: null, idleMs: null },
    retries: null,
  }
  const models = [
    entry('first', 'http://127.0.0.1:9/v1', { upstreamModel: null, aliases: ['f-*'] }),
    entry('second', 'http://127.0.0.1:9/v1'),
    vendor,
  ]
  const settings = { kind: 'servers', default: 'first', strict: false, models } as const
  await using registry = createModelRegistry(settings, deps)
  assert.equal(registry.findUpstream('second')?.model, 'second-upstream')
  // takes the name as it was asked for; the default's name where nothing fits
  assert.equal(registry.findUpstream('f-1')?.model, null)
  assert.equal(registry.findUpstream('gpt-4o')?.model, 'first')
  assert.equal(registry.findUpstream('v-1'), null)
  await using strict = createModelRegistry({ ...settings, strict: true }, deps)
  assert.equal(strict.findUpstream('gpt-4o'), null)
  await using demo = createModelRegistry({ kind: 'demo' }, deps)
  assert.equal(demo.findUpstream('gpt-4o'), null)
})
