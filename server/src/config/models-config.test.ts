import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ConfigError } from './settings.ts'
import { detectOllama } from './detected-models.ts'
import { readModelsConfig } from './models-config.ts'
import type { ModelsConfig } from './models-settings.ts'

const noFile = (): string => {
  throw new Error('no file should be read')
}
const read = (env: Record<string, string>, file: (path: string) => string = noFile) =>
  readModelsConfig(env, file)
const readFile = (content: unknown, env: Record<string, string> = {}) =>
  read({ MELZI_MODELS_FILE: 'models.json', ...env }, (path) => {
    assert.equal(path, 'models.json')
    return typeof content === 'string' ? content : JSON.stringify(content)
  })
const servers = (config: ModelsConfig) => {
  assert.ok(config.kind === 'servers')
  return config
}
/** The n-th model, which is behind an OpenAI-compatible server. */
const serverAt = (config: ModelsConfig, n: number) => {
  const model = servers(config).models[n]
  assert.ok(model?.provider === 'openai-compatible')
  return model
}
const refuses = (call: () => unknown, message: RegExp) =>
  assert.throws(call, (error: Error) => error instanceof ConfigError && message.test(error.message))

test('nothing configured is the demo model; it can also be asked for', () => {
  assert.deepEqual(read({}), { kind: 'demo', isChosen: false })
  assert.deepEqual(read({ MELZI_MODEL: ' ', MELZI_MODEL_BASE_URL: '' }), {
    kind: 'demo',
    isChosen: false,
  })
  assert.deepEqual(read({ MELZI_MODEL: 'melzi-demo', OPENAI_API_KEY: 'sk-1' }), {
    kind: 'demo',
    isChosen: true,
  })
})

test('one server by three variables', () => {
  const config = servers(
    read({
      MELZI_MODEL_BASE_URL: 'http://127.0.0.1:8000/v1/',
      MELZI_MODEL: 'qwen',
      MELZI_MODEL_API_KEY: 'k',
      MELZI_MODEL_CONTEXT_TOKENS: '8192',
    }),
  )
  assert.equal(config.default, 'qwen')
  assert.equal(config.strict, false)
  assert.deepEqual(config.models, [
    {
      provider: 'openai-compatible',
      name: 'qwen',
      aliases: [],
      upstreamModel: 'qwen',
      baseUrl: 'http://127.0.0.1:8000/v1',
      apiKey: 'k',
      apiKeyHeader: null,
      query: {},
      images: 'url',
      contextTokens: 8192,
      maxTokensField: 'max_tokens',
      sampling: true,
      timeouts: { connectMs: null, headersMs: null, idleMs: null },
      retries: null,
    },
  ])
})

test('the address tells Azure and Ollama', () => {
  const azure = 'https://home.openai.azure.com/openai/deployments/gpt?api-version=2024-10-21'
  const model = serverAt(
    read({ MELZI_MODEL_BASE_URL: azure, MELZI_MODEL: 'gpt', MELZI_MODEL_API_KEY: 'k' }),
    0,
  )
  assert.equal(model.baseUrl, 'https://home.openai.azure.com/openai/deployments/gpt')
  assert.deepEqual(model.query, { 'api-version': '2024-10-21' })
  assert.equal(model.apiKeyHeader, 'api-key')
  const ollama = { MELZI_MODEL_BASE_URL: 'http://127.0.0.1:11434/v1', MELZI_MODEL: 'llama3.2' }
  assert.equal(servers(read(ollama)).models[0]?.images, 'inline')
  assert.equal(
    servers(read({ ...ollama, MELZI_MODEL_IMAGES: 'refuse' })).models[0]?.images,
    'refuse',
  )
  assert.equal(servers(read({ ...ollama, MELZI_MODEL_STRICT: 'on' })).strict, true)
})

test('what is wrong is named with its variable and its meaning', () => {
  refuses(
    () => read({ MELZI_MODEL_BASE_URL: 'localhost:11434', MELZI_MODEL: 'x' }),
    /^MELZI_MODEL_BASE_URL: must be an http.*address of the model server/,
  )
  refuses(() => read({ MELZI_MODEL_BASE_URL: 'http://h/v1' }), /^MELZI_MODEL: is needed/)
  refuses(() => read({ MELZI_MODEL: 'gpt-4o' }), /^MELZI_MODEL: .*nothing can answer as 'gpt-4o'/)
  refuses(() => read({ MELZI_MODEL_API_KEY: 'k' }), /^MELZI_MODEL_API_KEY: is set without/)
  const base = { MELZI_MODEL_BASE_URL: 'http://h/v1', MELZI_MODEL: 'x' }
  refuses(() => read({ ...base, MELZI_MODEL_STRICT: 'perhaps' }), /^MELZI_MODEL_STRICT: /)
  refuses(() => read({ ...base, MELZI_MODEL_IMAGES: 'all' }), /^MELZI_MODEL_IMAGES: /)
  refuses(
    () => read({ ...base, MELZI_MODEL_CONTEXT_TOKENS: '0' }),
    /^MELZI_MODEL_CONTEXT_TOKENS: must be a whole number/,
  )
  refuses(
    () => read({ ...base, MELZI_MODELS_FILE: 'f' }),
    /^MELZI_MODELS_FILE: cannot be set together/,
  )
})

test('several models from a file, keys out of the environment', () => {
  const file = {
    default: 'local',
    strict: true,
    models: [
      {
        name: 'cloud',
        base_url: 'https://api.openai.com/v1',
        api_key_env: 'CLOUD_KEY',
        model: 'gpt-x',
        aliases: ['gpt-*'],
        sampling: false,
      },
      {
        name: 'local',
        base_url: 'http://127.0.0.1:8080/v1',
        api_key: 'k',
        api_key_header: 'x-key',
        query: { a: 'b' },
        images: 'inline',
        context_tokens: 4096,
        max_tokens_field: 'max_completion_tokens',
        timeouts: { idle_ms: 5000 },
        retries: 1,
      },
    ],
  }
  const config = servers(readFile(file, { CLOUD_KEY: 'ck' }))
  assert.equal(config.default, 'local')
  assert.equal(config.strict, true)
  const cloud = serverAt(config, 0)
  assert.equal(cloud.apiKey, 'ck')
  assert.equal(cloud.upstreamModel, 'gpt-x')
  assert.equal(cloud.maxTokensField, 'max_completion_tokens')
  assert.equal(cloud.sampling, false)
  assert.deepEqual(config.models[1], {
    provider: 'openai-compatible',
    name: 'local',
    aliases: [],
    upstreamModel: 'local',
    baseUrl: 'http://127.0.0.1:8080/v1',
    apiKey: 'k',
    apiKeyHeader: 'x-key',
    query: { a: 'b' },
    images: 'inline',
    contextTokens: 4096,
    maxTokensField: 'max_completion_tokens',
    sampling: true,
    timeouts: { connectMs: null, headersMs: null, idleMs: 5000 },
    retries: 1,
  })
  assert.equal(
    servers(readFile(file, { CLOUD_KEY: 'ck', MELZI_MODEL: 'cloud', MELZI_MODEL_STRICT: 'off' }))
      .default,
    'cloud',
  )
})

test('a file that cannot be used says where, and never the key', () => {
  const one = { name: 'a', base_url: 'http://h/v1' }
  refuses(() => readFile('{'), /^MELZI_MODELS_FILE: models\.json cannot be read as JSON/)
  refuses(() => readFile({ models: [] }), /models\.json, models: /)
  refuses(
    () => readFile({ models: [{ ...one, base_url: 'h' }] }),
    /models\[0\]\.base_url: must be an http/,
  )
  refuses(() => readFile({ models: [{ ...one, api_kay: 'k' }] }), /models\[0\]: .*api_kay/)
  refuses(
    () => readFile({ models: [{ ...one, api_key_env: 'NOT_SET' }] }),
    /models\[0\]\.api_key_env: the variable NOT_SET is not set/,
  )
  refuses(() => readFile({ models: [one, one] }), /two models are named 'a'/)
  refuses(
    () => readFile({ default: 'b', models: [one] }),
    /^MELZI_MODELS_FILE: no model in models\.json is named 'b'/,
  )
  refuses(
    () => readFile({ models: [one] }, { MELZI_MODEL: 'c' }),
    /^MELZI_MODEL: no model in models\.json is named 'c'/,
  )
  assert.throws(
    () => readFile('{"models":[{"api_key":"sk-very-secret" oops}]}'),
    (error: Error) => !error.message.includes('secret'),
  )
  const secret = { models: [{ ...one, api_key: 'sk-very-secret', images: 'maybe' }] }
  assert.throws(
    () => readFile(secret),
    (error: Error) => !error.message.includes('sk-very-secret'),
  )
})

test("vendors' keys: the first is the default, each answers to its own names, MELZI_MODEL picks", () => {
  const both = { OPENAI_API_KEY: 'sk-o', GEMINI_API_KEY: 'g' }
  const config = servers(read(both))
  assert.equal(config.default, config.models[0]?.name)
  assert.deepEqual(
    config.models.map((model) => [
      model.provider,
      model.baseUrl,
      model.apiKey,
      model.upstreamModel,
      model.images,
    ]),
    [
      ['openai-compatible', 'https://api.openai.com/v1', 'sk-o', null, 'url'],
      ['google', null, 'g', null, 'inline'],
    ],
  )
  assert.ok(config.models[0]?.aliases.includes('gpt-*'))
  assert.equal(config.source, 'OPENAI_API_KEY, GEMINI_API_KEY')
  const picked = servers(read({ ...both, MELZI_MODEL: 'gemini-pro-latest' }))
  assert.equal(picked.default, 'gemini-pro-latest')
  assert.equal(picked.models[1]?.name, 'gemini-pro-latest')
  const [claude] = servers(read({ ANTHROPIC_API_KEY: 'a' })).models
  assert.deepEqual([claude?.provider, claude?.aliases[0]], ['anthropic', 'claude-*'])
  const [gemini] = servers(read({ GOOGLE_GENERATIVE_AI_API_KEY: 'g' })).models
  assert.deepEqual([gemini?.provider, gemini?.apiKey], ['google', 'g'])
  assert.equal(servers(read({ MISTRAL_API_KEY: 'm' })).models[0]?.provider, 'mistral')
})

test("Bedrock is used when MELZI_MODEL has a name in Bedrock's form and AWS keys are there", () => {
  const keys = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 's' }
  const name = 'eu.anthropic.claude-sonnet-4-20250514-v1:0'
  const config = servers(read({ ...keys, MELZI_MODEL: name, OPENAI_API_KEY: 'sk-o' }))
  assert.equal(config.default, name)
  const [bedrock, openai] = config.models
  assert.ok(bedrock?.provider === 'bedrock')
  assert.deepEqual(bedrock.aws, {
    region: 'eu-central-1',
    accessKeyId: 'AK',
    secretAccessKey: 's',
    sessionToken: null,
  })
  assert.equal(openai?.name, 'gpt-4.1-mini')
  assert.deepEqual(read(keys), { kind: 'demo', isChosen: false })
  assert.equal(
    servers(read({ ...keys, OPENAI_API_KEY: 'k', MELZI_MODEL: 'gpt-5' })).models.length,
    1,
  )
  refuses(() => read({ AWS_REGION: 'eu-central-1', MELZI_MODEL: name }), /^MELZI_MODEL: /)
  const token = { AWS_REGION: 'us-east-1', AWS_BEARER_TOKEN_BEDROCK: 't' }
  const [one] = servers(read({ ...token, MELZI_MODEL: 'amazon.nova-lite-v1:0' })).models
  assert.equal(one?.apiKey, 't')
})

test('vendors in the file: their keys from the entry or the usual variable, each with its own settings', () => {
  const models = [
    { name: 'claude', provider: 'anthropic', model: 'claude-sonnet-4-5', api_key: 'a' },
    { name: 'gemini', provider: 'google', context_tokens: 1_000_000 },
    {
      name: 'gpt',
      provider: 'azure',
      base_url: 'https://home.openai.azure.com/openai/',
      api_key: 'z',
      api_version: '2024-10-21',
    },
    { name: 'amazon.nova-lite-v1:0', provider: 'bedrock', api_key: 'b', region: 'us-west-2' },
  ]
  const config = servers(readFile({ models }, { GEMINI_API_KEY: 'g' }))
  const [claude, gemini, gpt, nova] = config.models
  assert.deepEqual(
    [claude?.provider, claude?.apiKey, claude?.upstreamModel, claude?.baseUrl],
    ['anthropic', 'a', 'claude-sonnet-4-5', null],
  )
  assert.deepEqual([gemini?.apiKey, gemini?.images], ['g', 'inline'])
  assert.ok(gpt?.provider === 'azure' && nova?.provider === 'bedrock')
  assert.deepEqual(
    [gpt.baseUrl, gpt.apiVersion],
    ['https://home.openai.azure.com/openai', '2024-10-21'],
  )
  assert.deepEqual([nova.apiKey, nova.aws?.region], ['b', 'us-west-2'])

  const at = (entry: object) => () => readFile({ models: [{ name: 'x', ...entry }] })
  refuses(at({ provider: 'anthropic' }), /models\[0\]: needs api_key, .*ANTHROPIC_API_KEY/)
  refuses(at({ provider: 'bedrock', api_key: 'b' }), /models\[0\]: needs a region/)
  refuses(at({ provider: 'azure', api_key: 'z' }), /models\[0\]\.base_url/)
  refuses(at({ provider: 'nobody' }), /models\[0\]\.provider/)
  refuses(at({ provider: 'google', api_key: 'g', query: {} }), /models\[0\]: .*query/)
})

test('an Ollama on this machine is used only where nothing is configured', async () => {
  const asked: string[] = []
  const list = async (baseUrl: string, signal: AbortSignal) => {
    assert.ok(signal instanceof AbortSignal)
    asked.push(baseUrl)
    return ['nomic-embed-text', 'llama3.2', 'qwen3']
  }
  const found = servers(await detectOllama(read({}), list))
  assert.equal(found.default, 'llama3.2')
  assert.deepEqual(
    found.models.map((model) => [model.name, model.images]),
    [
      ['llama3.2', 'inline'],
      ['qwen3', 'inline'],
    ],
  )
  assert.deepEqual(asked, ['http://127.0.0.1:11434/v1'])
  const absent = async () => Promise.reject(new Error('ECONNREFUSED'))
  assert.deepEqual(await detectOllama(read({}), absent), { kind: 'demo', isChosen: false })
  assert.deepEqual(await detectOllama(read({}), async () => []), { kind: 'demo', isChosen: false })
  const chosen = read({ MELZI_MODEL: 'demo' })
  assert.equal(await detectOllama(chosen, absent), chosen)
  assert.equal(asked.length, 1)
})
