/** What every way of naming models shares: their shape here, and how a variable is read. */
import { z } from 'zod'

import { ConfigError } from './config.ts'

/** One model behind a server that speaks OpenAI's chat completions. */
export interface ModelServerConfig {
  readonly name: string
  /** Other names it answers to; `*` stands for any characters. */
  readonly aliases: readonly string[]
  /** Its name at its server; null passes on the name the client asked for. */
  readonly upstreamModel: string | null
  readonly baseUrl: string
  readonly apiKey: string | null
  /** Header for the bare key; null for `authorization: Bearer`. */
  readonly apiKeyHeader: string | null
  readonly query: Readonly<Record<string, string>>
  readonly images: 'url' | 'inline' | 'refuse'
  readonly contextTokens: number | null
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens'
  /** Whether it takes temperature and top_p other than 1. */
  readonly sampling: boolean
  /** In ms; null takes the built-in limit. */
  readonly timeouts: {
    readonly connectMs: number | null
    readonly headersMs: number | null
    readonly idleMs: number | null
  }
  /** Attempts after the first; null takes the built-in number. */
  readonly retries: number | null
}

export type ModelsConfig =
  /** Nothing is configured (`isChosen` false), or the demo model was asked for. */
  | { readonly kind: 'demo'; readonly isChosen: boolean }
  | {
      readonly kind: 'servers'
      readonly default: string
      /** Names that fit no model are refused instead of going to the default. */
      readonly strict: boolean
      readonly models: readonly ModelServerConfig[]
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

export const PLAIN = {
  aliases: [],
  apiKey: null,
  contextTokens: null,
  sampling: true,
  timeouts: { connectMs: null, headersMs: null, idleMs: null },
  retries: null,
} as const
