import { ModelError } from '../language-model.ts'

/** Longest message of a provider that is passed on, in characters. */
const MAX_MESSAGE = 500
/** Longest text that is searched for secrets: the patterns' cost grows with its square. */
const MAX_READ = 4000
const CUT = '[cut]'
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** A failure of one attempt with what the retry needs to know; leaves the model as a {@link ModelError}. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError'
  readonly error: ModelError
  readonly status: number | null
  readonly isRetryable: boolean
  /** What `retry-after` asks for, in ms; null without one. */
  readonly retryAfterMs: number | null
  constructor(
    error: ModelError,
    details: { status?: number; isRetryable?: boolean; retryAfterMs?: number | null } = {},
  ) {
    super(error.message, { cause: error })
    this.error = error
    this.status = details.status ?? null
    this.isRetryable = details.isRetryable ?? false
    this.retryAfterMs = details.retryAfterMs ?? null
  }
}

/** Cuts out our own secrets and whatever looks like a key, a bearer token or URL credentials. */
export const cutSecrets = (text: string, secrets: readonly (string | null)[]): string => {
  let clean = text
  for (const secret of secrets) {
    if (secret !== null && secret !== '') clean = clean.replaceAll(secret, CUT)
  }
  return clean
    .replaceAll(/\b(bearer|basic)\s+[^\s"',;]{4,}/gi, `$1 ${CUT}`)
    .replaceAll(/(:\/\/)[^\s/@"']*@/g, `$1${CUT}@`)
    .replaceAll(/\b(?:sk|pk|rk|gsk|xai|mlz|key|hf|nvapi|AIza)[-_]?[\w*-]{12,}(?:\.[\w*-]+)*/g, CUT)
    .replaceAll(
      /((?:api[-_ ]?key|access[-_]?token|[?&]key|token|secret|password)["']?\s*[:=]\s*["']?)[^\s"',;&]{4,}/gi,
      `$1${CUT}`,
    )
    .replaceAll(/\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{32,}\b/g, (word) =>
      UUID.test(word) ? word : CUT,
    )
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

/** The message in an error object of any of the usual forms: OpenAI's, FastAPI's `detail`, Ollama's bare text, a list of one. */
const messageIn = (value: unknown, depth = 0): string | null => {
  if (typeof value === 'string') return value
  if (depth > 3) return null
  if (Array.isArray(value)) return messageIn(value[0], depth + 1)
  for (const name of ['error', 'message', 'detail', 'msg']) {
    const found = messageIn(fieldOf(value, name), depth + 1)
    if (found !== null && found.trim() !== '') return found
  }
  return null
}

const plainText = (text: string): string => {
  const body = text.slice(0, MAX_READ)
  if (!/^\s*</.test(body)) return body
  const title =
    /<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1] ?? /<h1[^>]*>([^<]*)<\/h1>/i.exec(body)?.[1]
  return title === undefined ? 'an HTML page instead of an answer' : title
}

/** The provider's own message in the body of an error answer; '' when there is none. */
export const providerMessage = (body: string): string => {
  let text: string | null
  try {
    text = messageIn(JSON.parse(body) as unknown) ?? ''
  } catch {
    // Proxies answer with HTML or bare text: that text is the message then.
    text = plainText(body)
  }
  return text.replaceAll(/\s+/g, ' ').trim()
}

const codeOf = (status: number): ModelError['code'] => {
  if (status === 429) return 'rate_limit_exceeded'
  return status === 400 || status === 413 || status === 422 ? 'invalid_prompt' : 'server_error'
}

/** 408, 429 and every 5xx may go away by themselves. */
const isRetryableStatus = (status: number): boolean =>
  status === 408 || status === 429 || status >= 500

/** `retry-after-ms`, or `retry-after` in seconds or as a date, in ms; null when absent or unreadable. */
export const retryAfterMs = (
  headers: Record<string, string | string[] | undefined>,
  now: number,
): number | null => {
  const exact = Number(headers['retry-after-ms'] ?? Number.NaN)
  if (Number.isFinite(exact) && exact >= 0) return exact
  const value = String(headers['retry-after'] ?? '').trim()
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}

const shown = (message: string, secrets: readonly (string | null)[]): string => {
  const clean = cutSecrets(message.slice(0, MAX_READ), secrets)
  return clean.length <= MAX_MESSAGE ? clean : `${clean.slice(0, MAX_MESSAGE)}…`
}

/** The failure for an answer with an error status. */
export const statusError = (
  model: string,
  answer: { status: number; headers: Record<string, string | string[] | undefined>; body: string },
  secrets: readonly (string | null)[],
): AttemptError => {
  const own = shown(providerMessage(answer.body), secrets)
  const message = `The server of model '${model}' answered ${answer.status}${own === '' ? '.' : `: ${own}`}`
  const waitMs = retryAfterMs(answer.headers, Date.now())
  return new AttemptError(
    new ModelError(codeOf(answer.status), message, { retryAfterMs: waitMs }),
    {
      status: answer.status,
      isRetryable: isRetryableStatus(answer.status),
      retryAfterMs: waitMs,
    },
  )
}

const statusIn = (error: unknown): number => {
  const fields = ['code', 'status', 'type'].map((name) => fieldOf(error, name))
  const words = fields
    .filter((field) => typeof field === 'string' || typeof field === 'number')
    .join(' ')
  const digits = /\b([45]\d\d)\b/.exec(words)?.[1]
  if (digits !== undefined) return Number(digits)
  if (/rate.?limit|too.?many|quota/i.test(words)) return 429
  return /invalid.?request|bad.?request|context.?length|invalid.?prompt/i.test(words) ? 400 : 500
}

/** The failure for an `error` object inside a stream or in an answer with status 200. */
export const streamedError = (
  model: string,
  error: unknown,
  secrets: readonly (string | null)[],
): AttemptError => {
  const status = statusIn(error)
  const own = shown((messageIn(error) ?? '').replaceAll(/\s+/g, ' ').trim(), secrets)
  const message = `The server of model '${model}' reported an error${own === '' ? '.' : `: ${own}`}`
  return new AttemptError(new ModelError(codeOf(status), message), {
    status,
    isRetryable: isRetryableStatus(status),
  })
}
