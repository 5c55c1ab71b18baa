/** `MELZI_MODELS_FILE`: several named models in a JSON file. */
import { z } from 'zod'

import {
  fail,
  fromAddress,
  httpUrl,
  read,
  readAws,
  readStrict,
  vendorImages,
} from './models-settings.ts'
import type {
  Env,
  ModelConfig,
  ModelServerConfig,
  ModelsConfig,
  VendorModelConfig,
} from './models-settings.ts'

const milliseconds = z.int().min(1).max(3_600_000)

/** What every entry may say. */
const NAMED = {
  name: z.string().min(1),
  api_key: z.string().min(1).optional(),
  api_key_env: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  aliases: z.array(z.string().min(1)).default([]),
  images: z.enum(['url', 'inline', 'refuse']).optional(),
  context_tokens: z.int().min(1).optional(),
  timeouts: z
    .strictObject({
      connect_ms: milliseconds.optional(),
      headers_ms: milliseconds.optional(),
      idle_ms: milliseconds.optional(),
    })
    .default({}),
  retries: z.int().min(0).max(10).optional(),
}
const FileServer = z.strictObject({
  ...NAMED,
  provider: z.literal('openai-compatible').default('openai-compatible'),
  base_url: httpUrl,
  api_key_header: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'must be a header name')
    .optional(),
  query: z.record(z.string(), z.string()).default({}),
  max_tokens_field: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  sampling: z.boolean().default(true),
})
const vendor = <const Name extends VendorModelConfig['provider']>(name: Name) =>
  z.strictObject({ ...NAMED, provider: z.literal(name), base_url: httpUrl.optional() })
const FileModel = z.discriminatedUnion('provider', [
  FileServer,
  vendor('anthropic'),
  vendor('google'),
  vendor('mistral'),
  vendor('bedrock').extend({ region: z.string().min(1).optional() }),
  vendor('azure').extend({ base_url: httpUrl, api_version: z.string().min(1).optional() }),
])
type FileModel = z.infer<typeof FileModel>
type FileVendor = Exclude<FileModel, { provider: 'openai-compatible' }>
const ModelsFile = z.strictObject({
  default: z.string().min(1).optional(),
  strict: z.boolean().default(false),
  models: z.array(FileModel).min(1),
})

const fileKey = (model: FileModel, at: string, env: Env): string | null => {
  if (model.api_key !== undefined) return model.api_key
  if (model.api_key_env === undefined) return null
  return (
    read(env, model.api_key_env) ??
    fail('MELZI_MODELS_FILE', `${at}.api_key_env: the variable ${model.api_key_env} is not set`)
  )
}

const named = (model: FileModel) => ({
  name: model.name,
  aliases: model.aliases,
  upstreamModel: model.model ?? model.name,
  contextTokens: model.context_tokens ?? null,
  timeouts: {
    connectMs: model.timeouts.connect_ms ?? null,
    headersMs: model.timeouts.headers_ms ?? null,
    idleMs: model.timeouts.idle_ms ?? null,
  },
  retries: model.retries ?? null,
})

const fileServer = (
  model: Extract<FileModel, { provider: 'openai-compatible' }>,
  at: string,
  env: Env,
): ModelServerConfig => {
  const address = fromAddress(model.base_url)
  return {
    ...named(model),
    provider: 'openai-compatible',
    baseUrl: address.baseUrl,
    apiKey: fileKey(model, at, env),
    apiKeyHeader: model.api_key_header ?? address.apiKeyHeader,
    query: { ...address.query, ...model.query },
    images: model.images ?? address.images,
    maxTokensField: model.max_tokens_field ?? address.maxTokensField,
    sampling: model.sampling,
  }
}

/** Where a vendor's key is looked for when its entry names none. */
const KEY_VARIABLES = {
  anthropic: ['ANTHROPIC_API_KEY'],
  google: ['GEMINI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
  mistral: ['MISTRAL_API_KEY'],
  bedrock: ['AWS_BEARER_TOKEN_BEDROCK'],
  azure: ['AZURE_API_KEY'],
} as const

const fileVendor = (model: FileVendor, at: string, env: Env): VendorModelConfig => {
  const { provider } = model
  const names = KEY_VARIABLES[provider]
  const usual = names.map((name) => read(env, name)).find((key) => key !== null) ?? null
  const apiKey = fileKey(model, at, env) ?? usual
  const aws =
    provider === 'bedrock'
      ? readAws(
          { ...env, ...(apiKey === null ? {} : { AWS_BEARER_TOKEN_BEDROCK: apiKey }) },
          model.region ?? null,
        )
      : null
  if (provider === 'bedrock' && aws === null) {
    fail(
      'MELZI_MODELS_FILE',
      `${at}: needs a region (or AWS_REGION) and AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY`,
    )
  }
  if (provider !== 'bedrock' && apiKey === null)
    fail('MELZI_MODELS_FILE', `${at}: needs api_key, api_key_env or ${names.join(' or ')}`)
  return {
    ...named(model),
    provider,
    baseUrl: model.base_url?.replace(/\/+$/, '') ?? null,
    apiKey,
    apiVersion: provider === 'azure' ? (model.api_version ?? null) : null,
    aws: aws?.aws ?? null,
    images: model.images ?? vendorImages(provider),
  }
}

const fileModel = (model: FileModel, at: string, env: Env): ModelConfig =>
  model.provider === 'openai-compatible' ? fileServer(model, at, env) : fileVendor(model, at, env)

const syntaxPlace = (error: SyntaxError): string =>
  /at position \d+(?: \(line \d+ column \d+\))?/.exec(error.message)?.[0] ?? 'syntax error'

const parseFile = (
  path: string,
  readFile: (path: string) => string,
): z.infer<typeof ModelsFile> => {
  let json: unknown
  try {
    json = JSON.parse(readFile(path))
  } catch (error) {
    // A parser's message quotes the text around the fault, and that may be a key.
    const why = error instanceof SyntaxError ? syntaxPlace(error) : String(error)
    return fail('MELZI_MODELS_FILE', `${path} cannot be read as JSON (${why})`)
  }
  const parsed = ModelsFile.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = (issue?.path ?? [])
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
  return fail(
    'MELZI_MODELS_FILE',
    `${path}${where === '' ? '' : `, ${where.replace(/^\./, '')}`}: ${issue?.message ?? 'is not valid'}`,
  )
}

/** @throws {ConfigError} naming the place in the file */
export const fromFile = (
  env: Env,
  path: string,
  readFile: (path: string) => string,
): ModelsConfig => {
  const file = parseFile(path, readFile)
  const models = file.models.map((model, i) => fileModel(model, `models[${i}]`, env))
  const names = models.map((model) => model.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) fail('MELZI_MODELS_FILE', `${path}: two models are named '${twice}'`)
  const chosen = read(env, 'MELZI_MODEL')
  const preset = chosen ?? file.default ?? names[0] ?? ''
  if (!names.includes(preset)) {
    fail(
      chosen === null ? 'MELZI_MODELS_FILE' : 'MELZI_MODEL',
      `no model in ${path} is named '${preset}'`,
    )
  }
  return {
    kind: 'servers',
    default: preset,
    strict: readStrict(env) ?? file.strict,
    models,
    source: 'MELZI_MODELS_FILE',
  }
}
