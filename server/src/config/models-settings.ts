/** What every way of naming models shares: their shape here, and how a variable is read. */
import { z } from 'zod'

import { ConfigError } from './settings.ts'

/** What every configured model has. */
interface NamedModelConfig {
  readonly name: string
  /** Other names it answers to; `*` stands for any characters. */
  readonly aliases: readonly string[]
  /** Its name at its server; null passes on the name the client asked for. */
  readonly upstreamModel: string | null
  readonly apiKey: string | null
  readonly images: 'url' | 'inline' | 'refuse'
  readonly contextTokens: number | null
  /** In ms; null takes the built-in limit. */
  readonly timeouts: {
    readonly connectMs: number | null
    readonly headersMs: number | null
    readonly idleMs: number | null
  }
  /** Attempts after the first; null takes the built-in number. */
  readonly retries: number | null
}

/** One model behind a server that speaks OpenAI's chat completions. */
export interface ModelServerConfig extends NamedModelConfig {
  readonly provider: 'openai-compatible'
  readonly baseUrl: string
  /** Header for the bare key; null for `authorization: Bearer`. */
  readonly apiKeyHeader: string | null
  readonly query: Readonly<Record<string, string>>
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens'
  /** Whether it takes temperature and top_p other than 1. */
  readonly sampling: boolean
}

/** One model of a vendor with a wire of its own. */
export interface VendorModelConfig extends NamedModelConfig {
  readonly provider: 'anthropic' | 'google' | 'mistral' | 'bedrock' | 'azure'
  /** Null for the vendor's own address. */
  readonly baseUrl: string | null
  /** Azure's `api-version`; null for its form without one. */
  readonly apiVersion: string | null
  /** Bedrock's region, and keys where `apiKey` is null. */
  readonly aws: {
    readonly region: string
    readonly accessKeyId: string | null
    readonly secretAccessKey: string | null
    readonly sessionToken: string | null
  } | null
}

export type ModelConfig = ModelServerConfig | VendorModelConfig

export type ModelsConfig =
  /** Nothing is configured (`isChosen` false), or the demo model was asked for. */
  | { readonly kind: 'demo'; readonly isChosen: boolean }
  | {
      readonly kind: 'servers'
      readonly default: string
      /** Names that fit no model are refused instead of going to the default. */
      readonly strict: boolean
      readonly models: readonly ModelConfig[]
      /** Which variable, or what found on this machine, they come from; for the log. */
      readonly source: string
    }

export type Env = Readonly<Record<string, string | undefined>>

export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' })

const MEANINGS = {
  MELZI_MODEL_BASE_URL: 'the address of the model server, such as http://127.0.0.1:11434/v1',
  MELZI_MODEL_API_KEY: 'the key for the server that MELZI_MODEL_BASE_URL names',
  MELZI_MODEL:
    "the model's name at its server, such as gpt-4.1-mini or llama3.2; melzi-demo for the built-in demo model",
  MELZI_MODEL_IMAGES:
    'how images reach the model: url (as they came), inline (fetched by this server first) or refuse',
  MELZI_MODEL_CONTEXT_TOKENS: "the model's context in tokens, prompt and answer together",
  MELZI_MODEL_STRICT: 'whether model names that are not configured are refused (on or off)',
  MELZI_MODELS_FILE: 'the JSON file that lists the models of this server',
} as const
type Variable = keyof typeof MEANINGS

export const fail = (name: Variable, why: string): never => {
  throw new ConfigError(`${name}: ${why}. It is ${MEANINGS[name]}.`)
}

export const read = (env: Env, name: string): string | null => {
  const text = env[name]?.trim()
  return text === undefined || text === '' ? null : text
}

export const readWith = <T>(env: Env, name: Variable, schema: z.ZodType<T>): T | null => {
  const text = read(env, name)
  if (text === null) return null
  const parsed = schema.safeParse(text)
  return parsed.success
    ? parsed.data
    : fail(name, parsed.error.issues[0]?.message ?? 'is not valid')
}

export const readStrict = (env: Env): boolean | null => {
  const text = readWith(
    env,
    'MELZI_MODEL_STRICT',
    z.enum(['on', 'off', 'true', 'false', '1', '0', 'yes', 'no']),
  )
  return text === null ? null : ['on', 'true', '1', 'yes'].includes(text)
}

/** What an address tells about its server: Azure wants its own header, Ollama takes no http(s) images, a query goes with each call. */
export const fromAddress = (text: string) => {
  const url = new URL(text)
  const query = Object.fromEntries(url.searchParams)
  url.search = ''
  const isAzure = url.hostname.endsWith('.azure.com')
  return {
    baseUrl: url.href.replace(/\/+$/, ''),
    query,
    apiKeyHeader: isAzure ? 'api-key' : null,
    images: url.port === '11434' ? ('inline' as const) : ('url' as const),
    maxTokensField:
      isAzure || url.hostname === 'api.openai.com'
        ? ('max_completion_tokens' as const)
        : ('max_tokens' as const),
  }
}

/** Bedrock takes data only, and Gemini fetches no addresses itself. */
export const vendorImages = (provider: VendorModelConfig['provider']): 'url' | 'inline' =>
  provider === 'google' || provider === 'bedrock' ? 'inline' : 'url'

/**
 * What AWS's usual variables say; null without a region or any key.
 * @param region wins over AWS_REGION and AWS_DEFAULT_REGION
 */
export const readAws = (
  env: Env,
  region: string | null,
): { apiKey: string | null; aws: NonNullable<VendorModelConfig['aws']> } | null => {
  const where = region ?? read(env, 'AWS_REGION') ?? read(env, 'AWS_DEFAULT_REGION')
  const apiKey = read(env, 'AWS_BEARER_TOKEN_BEDROCK')
  const accessKeyId = read(env, 'AWS_ACCESS_KEY_ID')
  const secretAccessKey = read(env, 'AWS_SECRET_ACCESS_KEY')
  const hasKeys = accessKeyId !== null && secretAccessKey !== null
  if (where === null || (apiKey === null && !hasKeys)) return null
  const sessionToken = read(env, 'AWS_SESSION_TOKEN')
  return { apiKey, aws: { region: where, accessKeyId, secretAccessKey, sessionToken } }
}

/** For any vendor; see PLAIN for what the others have in common. */
export const PLAIN_VENDOR = {
  aliases: [],
  apiKey: null,
  contextTokens: null,
  timeouts: { connectMs: null, headersMs: null, idleMs: null },
  retries: null,
  baseUrl: null,
  apiVersion: null,
  aws: null,
} as const

export const PLAIN = {
  provider: 'openai-compatible',
  aliases: [],
  apiKey: null,
  contextTokens: null,
  sampling: true,
  timeouts: { connectMs: null, headersMs: null, idleMs: null },
  retries: null,
} as const
