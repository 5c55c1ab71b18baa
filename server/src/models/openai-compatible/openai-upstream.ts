import { AppError } from '../../platform/errors.ts'
import type { ErrorType } from '../../platform/errors.ts'
import type { Upstream, UpstreamAnswer, UpstreamPath } from '../upstream.ts'
import { endpointOf } from './endpoint.ts'
import { ConnectionError, connectionMessage, httpPost, readError } from './http-post.ts'
import type { HttpAnswer } from './http-post.ts'
import { cutSecrets, statusError } from './provider-error.ts'
import type { OpenAiCompatibleSettings } from './settings.ts'

const PATHS: readonly UpstreamPath[] = [
  '/chat/completions',
  '/audio/speech',
  '/audio/transcriptions',
]
/** What of the server's head a client may see, and of that what describes its body. */
const PASSED =
  /^(?:content-(?:type|length|encoding|disposition)|retry-after|retry-after-ms|x-ratelimit-.+)$/
const OF_BODY = /^content-/
const TYPES: readonly string[] = [
  'requests',
  'tokens',
  'insufficient_quota',
] satisfies readonly ErrorType[]
/** A code or a parameter's path; anything longer or freer might hold what is nobody's business. */
const WORD = /^[\w.[\]-]{1,64}$/

const passedHeaders = (answer: HttpAnswer): Record<string, string> =>
  Object.fromEntries(
    Object.entries(answer.headers).flatMap(([name, value]) =>
      PASSED.test(name) && typeof value === 'string' ? [[name, value] as const] : [],
    ),
  )

/** `error` of the usual envelope; `{}` when the body has another form. */
const errorFields = (body: string): Record<string, unknown> => {
  try {
    const value = JSON.parse(body) as { error?: unknown } | null
    const error = value?.error
    return typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {}
  } catch {
    // HTML of a proxy, or bare text: its message is found by statusError.
    return {}
  }
}

const word = (value: unknown, secrets: readonly (string | null)[]): string | null =>
  typeof value === 'string' && WORD.test(value) && cutSecrets(value, secrets) === value
    ? value
    : null

/** A 401 would tell clients that their key is wrong, but it is this server's that was refused. */
const statusFor = (status: number): number =>
  status >= 400 && status !== 401 && status !== 403 && status < 600 ? status : 502

const refusal = (
  model: string,
  answer: HttpAnswer,
  body: string,
  secrets: readonly (string | null)[],
): AppError => {
  const status = statusFor(answer.status)
  const { error: failure } = statusError(model, { ...answer, body }, secrets)
  const fields = errorFields(body)
  const headers = Object.fromEntries(
    Object.entries(passedHeaders(answer)).filter(([name]) => !OF_BODY.test(name)),
  )
  const named = TYPES.includes(String(fields['type'])) ? (fields['type'] as ErrorType) : null
  const plain =
    status >= 500 ? 'server_error' : status === 429 ? 'requests' : 'invalid_request_error'
  return new AppError({
    status,
    message: failure.message,
    type: named ?? plain,
    param: word(fields['param'], secrets),
    code: word(fields['code'], secrets),
    headers,
    cause: failure,
  })
}

async function* closing(answer: HttpAnswer): AsyncGenerator<Buffer, void> {
  try {
    yield* answer.body
  } finally {
    answer.destroy()
  }
}

/** An OpenAI-compatible server for requests that go through as they came; without retries, which are the client's. */
export const createOpenAiUpstream = (settings: OpenAiCompatibleSettings): Upstream => {
  const endpoints = new Map(PATHS.map((path) => [path, endpointOf(settings, path)] as const))

  return {
    model: settings.upstreamModel,
    async post(path, { type, body, accept }, signal): Promise<UpstreamAnswer> {
      const { url, headers, agent, secrets } = endpoints.get(path) ?? endpointOf(settings, path)
      for (;;) {
        signal.throwIfAborted()
        try {
          const answer = await httpPost({
            url,
            headers: { ...headers, 'content-type': type, accept },
            body,
            agent,
            timeouts: settings.timeouts,
            signal,
          })
          if (answer.status === 200)
            return { headers: passedHeaders(answer), body: closing(answer) }
          throw refusal(settings.name, answer, await readError(answer), secrets)
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof ConnectionError)) throw error
          // Each takes one stale connection out of the pool, until a new one is made.
          if (error.isStale) continue
          throw new AppError({
            status: error.kind === 'headers' || error.kind === 'idle' ? 504 : 502,
            message: connectionMessage(settings.name, error),
            type: 'server_error',
            cause: error,
          })
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const { agent } of endpoints.values()) agent.destroy()
    },
  }
}
