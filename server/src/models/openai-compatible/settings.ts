/** What one OpenAI-compatible model server is like, and how long we wait for it. */
export interface OpenAiCompatibleSettings {
  /** The model's name here, for messages to people. */
  name: string
  /** The server's name for the model; null passes on the name the client asked for. */
  upstreamModel: string | null
  /** Up to and without `/chat/completions`; may carry `user:password@` for a proxy in front. */
  baseUrl: string
  apiKey: string | null
  /** Header that takes the bare key, such as Azure's `api-key`; null for `authorization: Bearer`. */
  apiKeyHeader: string | null
  /** Added to every request's query, such as Azure's `api-version`. */
  query: Readonly<Record<string, string>>
  /** Passed as they came, http(s) ones fetched and inlined, or refused. */
  images: 'url' | 'inline' | 'refuse'
  /** Prompt and answer together, in tokens; null when unknown. */
  contextTokens: number | null
  maxTokensField: 'max_tokens' | 'max_completion_tokens'
  /** False for models that take no temperature and top_p but 1, as reasoning models do. */
  sampling: boolean
  timeouts: ModelTimeouts
  retries: ModelRetries
}

/** All in ms. */
export interface ModelTimeouts {
  connectMs: number
  /** From the request's last byte to the head of the answer: a big prompt or a model being loaded takes its time. */
  headersMs: number
  /** Between two pieces of the answer. */
  idleMs: number
}

export interface ModelRetries {
  /** Attempts after the first; only before the first token. */
  count: number
  /** First back-off; doubles each time, with jitter. */
  baseMs: number
  /** A server that asks for a longer wait than this is not tried again. */
  maxWaitMs: number
}

export const DEFAULT_TIMEOUTS: ModelTimeouts = {
  connectMs: 10_000,
  headersMs: 120_000,
  idleMs: 120_000,
}
export const DEFAULT_RETRIES: ModelRetries = { count: 2, baseMs: 250, maxWaitMs: 10_000 }
