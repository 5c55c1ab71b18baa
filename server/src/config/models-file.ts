/** `MELZI_MODELS_FILE`: several named models in a JSON file. */
import { z } from 'zod'

import { fail, fromAddress, httpUrl, read, readStrict } from './models-settings.ts'
import type { Env, ModelServerConfig, ModelsConfig } from './models-settings.ts'

const milliseconds = z.int().min(1).max(3_600_000)

const FileModel = z.strictObject({
  name: z.string().min(1),
  base_url: httpUrl,
  api_key: z.string().min(1).optional(),
  api_key_env: z.string().min(1).optional(),
  api_key_header: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'must be a header name')
    .optional(),
  model: z.string().min(1).optional(),
  aliases: z.array(z.string().min(1)).default([]),
  query: z.record(z.string(), z.string()).default({}),
  images: z.enum(['url', 'inline', 'refuse']).optional(),
  context_tokens: z.int().min(1).optional(),
  max_tokens_field: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  sampling: z.boolean().default(true),
  timeouts: z
    .strictObject({
      connect_ms: milliseconds.optional(),
      headers_ms: milliseconds.optional(),
      idle_ms: milliseconds.optional(),
    })
    .default({}),
  retries: z.int().min(0).max(10).optional(),
})
const ModelsFile = z.strictObject({
  default: z.string().min(1).optional(),
  strict: z.boolean().default(false),
  models: z.array(FileModel).min(1),
})

const fileKey = (model: z.infer<typeof FileModel>, at: string, env: Env): string | null => {
  if (model.api_key !== undefined) return model.api_key
  if (model.api_key_env === undefined) return null
  return (
    read(env, model.api_key_env) ??
    fail('MELZI_MODELS_FILE', `${at}.api_key_env: the variable ${model.api_key_env} is not set`)
  )
}

const fileModel = (model: z.infer<typeof FileModel>, at: string, env: Env): ModelServerConfig => {
  const address = fromAddress(model.base_url)
  return {
    name: model.name,
    aliases: model.aliases,
    upstreamModel: model.model ?? model.name,
    baseUrl: address.baseUrl,
    apiKey: fileKey(model, at, env),
    apiKeyHeader: model.api_key_header ?? address.apiKeyHeader,
    query: { ...address.query, ...model.query },
    images: model.images ?? address.images,
    contextTokens: model.context_tokens ?? null,
    maxTokensField: model.max_tokens_field ?? address.maxTokensField,
    sampling: model.sampling,
    timeouts: {
      connectMs: model.timeouts.connect_ms ?? null,
      headersMs: model.timeouts.headers_ms ?? null,
      idleMs: model.timeouts.idle_ms ?? null,
    },
    retries: model.retries ?? null,
  }
}

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
