import { createHash } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { SafeFetchPolicy, SafeResponse } from '../../platform/safe-fetch.ts'
import { isObject } from '../manifest-fields.ts'
import type { PluginAuth } from '../plugin-auth.ts'
import { basic, valueOf, type Secrets } from './credentials.ts'
import { sendOnce, type HttpUsage } from './send-request.ts'
import { unpack } from './unpack.ts'

type OAuth = Extract<PluginAuth, { type: 'oauth2' }>

export interface TokenRequest {
  auth: OAuth
  secrets: Secrets
  /** Whose tokens they are: `workspace/plugin`. */
  scope: string
  /** Its hosts are those of the API; the token's server comes to it. */
  policy: SafeFetchPolicy
  usage: HttpUsage
}

const MOST_TOKENS = 1_000
/** A token is not used in the last moments of its life, in ms. */
const MARGIN_MS = 30_000
/** Life of a token whose server does not say how long it lives, in seconds. */
const USUAL_LIFE = 300
const LONGEST_LIFE = 86_400
const MOST_BYTES = 100_000

/**
 * Access tokens of OAuth 2 by client credentials (RFC 6749 4.4), kept in memory until they expire. A token belongs to one plugin and the
 * secrets it was got with: other secrets, other tokens.
 */
export class AccessTokens {
  readonly #clock: Clock
  readonly #tokens = new Map<string, { token: string; untilMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * @param isFresh a new one, since the API did not take the last
   * @throws AppError 400 with a sentence when the token's server gives none; MissingSecret
   */
  async get(request: TokenRequest, isFresh: boolean, signal: AbortSignal): Promise<string> {
    const key = keyOf(request)
    const known = this.#tokens.get(key)
    if (known !== undefined && known.untilMs > this.#clock.now() && !isFresh) return known.token
    this.#tokens.delete(key)
    const { token, seconds } = await fetchToken(request, signal)
    const life = Math.min(Math.max(seconds, 0), LONGEST_LIFE) * 1000
    this.#tokens.set(key, { token, untilMs: this.#clock.now() + life - MARGIN_MS })
    if (this.#tokens.size > MOST_TOKENS)
      for (const oldest of this.#tokens.keys()) {
        this.#tokens.delete(oldest)
        break
      }
    return token
  }
}

const keyOf = ({ auth, secrets, scope }: TokenRequest): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        scope,
        auth.tokenUrl,
        auth.scopes,
        valueOf(secrets, auth.clientIdSecret),
        valueOf(secrets, auth.clientSecretSecret),
      ]),
    )
    .digest('base64')

const fetchToken = async (
  request: TokenRequest,
  signal: AbortSignal,
): Promise<{ token: string; seconds: number }> => {
  const first = await ask(request, 'header', signal)
  // Servers must take the header, and some take only the body.
  const isRefused = first.status === 400 || first.status === 401
  const response = isRefused ? await ask(request, 'body', signal) : first
  const body = await unpack(response.body, response.headers, MOST_BYTES)
  const answer = parse(body?.toString('utf8') ?? '')
  const token = answer.access_token
  if (response.status === 200 && typeof token === 'string' && token !== '') {
    const seconds = Number(answer.expires_in ?? USUAL_LIFE)
    return { token, seconds: Number.isFinite(seconds) ? seconds : USUAL_LIFE }
  }
  const reason = typeof answer.error === 'string' ? `, ${answer.error.slice(0, 100)}` : ''
  throw new AppError({
    status: 400,
    code: 'fetch_failed',
    message: `The plugin got no access token: its token server answered ${response.status}${reason}.`,
  })
}

const ask = (
  { auth, secrets, policy, usage }: TokenRequest,
  place: 'header' | 'body',
  signal: AbortSignal,
): Promise<SafeResponse> => {
  const id = valueOf(secrets, auth.clientIdSecret)
  const secret = valueOf(secrets, auth.clientSecretSecret)
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (auth.scopes.length > 0) form.set('scope', auth.scopes.join(' '))
  if (place === 'body') {
    form.set('client_id', id)
    form.set('client_secret', secret)
  }
  const headers: [string, string][] = [
    ['accept', 'application/json'],
    ['content-type', 'application/x-www-form-urlencoded'],
    ['user-agent', 'Melzi'],
  ]
  // RFC 6749 2.3.1: both are form-encoded first.
  if (place === 'header')
    headers.push(['authorization', basic(formEncoded(id), formEncoded(secret))])
  const body = Buffer.from(form.toString())
  const hosts = [new URL(auth.tokenUrl).hostname.replace(/^\[|\]$/g, '')]
  const tokenPolicy = { ...policy, hosts, maxDownBytes: MOST_BYTES }
  return sendOnce({ method: 'POST', url: auth.tokenUrl, headers, body }, tokenPolicy, usage, signal)
}

const formEncoded = (text: string) => new URLSearchParams({ a: text }).toString().slice(2)

const parse = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
