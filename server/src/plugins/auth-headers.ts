/** What a plugin's requests show its own server of who it is: the values behind the names of {@link PluginAuth}. */
import { createHash } from 'node:crypto'
import type { Clock } from '../platform/clock.ts'
import { AppError, errors } from '../platform/errors.ts'
import { safeRequest, type SafeFetchPolicy, type SafeResponse } from '../platform/safe-fetch.ts'
import { isObject } from './manifest-fields.ts'
import type { PluginAuth } from './plugin-auth.ts'

type Pair = readonly [name: string, value: string]

/** To be added to each request; nothing of it may reach a log, a record or a client. */
export interface AuthParts {
  headers: readonly Pair[]
  query: readonly Pair[]
}

/** Where the token server of OAuth2 may be. */
export type AuthEgress = Pick<SafeFetchPolicy, 'internalHosts' | 'resolve' | 'ca'>

export interface PluginCredentials {
  /**
   * Gives what the plugin's requests carry. A token of OAuth2 client credentials is fetched when none is held that lives.
   * @throws AppError 400 when a secret has no value, or the token server gives no token; the reason of `signal`
   */
  partsOf(
    auth: PluginAuth,
    secrets: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<AuthParts>
  /** What the plugin's requests carry besides the values of its secrets, as far as it is known now: to be taken out of texts. */
  textsOf(auth: PluginAuth, secrets: Readonly<Record<string, string>>): readonly string[]
  /** The server refused these: a token that was held is asked for anew. Says whether that can help. */
  forget(auth: PluginAuth, secrets: Readonly<Record<string, string>>): boolean
}

const NOTHING: AuthParts = { headers: [], query: [] }
/** What OAuth2 says of a token that names no life is nothing; five minutes is what servers at least give. */
const DEFAULT_LIFE_S = 300
/** A token is asked for anew so long before it ends. */
const EARLY_MS = 30_000
const BASIC = 'Basic '
const MOST_TOKENS = 1_000
const NEVER = new AbortController().signal
const TOKEN_LIMITS = { maxUpBytes: 65_536, maxDownBytes: 65_536, timeoutMs: 10_000 }

interface HeldToken {
  value: Promise<string>
  /** '' until it is there. */
  token: string
  untilMs: number
}

type OAuth2 = Extract<PluginAuth, { type: 'oauth2' }>

/** Tokens are held in memory only, one for each token server, client and scope. */
export const createPluginCredentials = (deps: {
  clock: Clock
  egress: AuthEgress
}): PluginCredentials => {
  const { clock, egress } = deps
  const tokens = new Map<string, HeldToken>()

  const tokenOf = async (
    auth: OAuth2,
    secrets: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<string> => {
    const key = keyOf(auth, secrets)
    const held = tokens.get(key)
    if (held !== undefined && held.untilMs > clock.now()) return orAbort(held.value, signal)
    // Others may come to wait for it, so that it does not end with the one who asked first.
    const fetched = fetchToken(auth, secrets, egress)
    const entry: HeldToken = {
      value: fetched.then(({ token }) => (entry.token = token)),
      token: '',
      untilMs: clock.now() + 2 * TOKEN_LIMITS.timeoutMs,
    }
    const oldest = tokens.keys().next()
    if (tokens.size >= MOST_TOKENS && oldest.done !== true) tokens.delete(oldest.value)
    tokens.set(key, entry)
    fetched.then(
      ({ lifeMs }) => (entry.untilMs = clock.now() + Math.max(lifeMs - EARLY_MS, lifeMs / 2)),
      () => tokens.get(key) === entry && tokens.delete(key),
    )
    return orAbort(entry.value, signal)
  }

  return {
    partsOf: async (auth, secrets, signal) => {
      switch (auth.type) {
        case 'none':
          return NOTHING
        case 'bearer':
          return authorization(`Bearer ${valueOf(secrets, auth.secret)}`)
        case 'basic':
          return authorization(
            basic(valueOf(secrets, auth.usernameSecret), valueOf(secrets, auth.passwordSecret)),
          )
        case 'api_key': {
          const pair = [auth.name, valueOf(secrets, auth.secret)] as const
          return auth.in === 'header'
            ? { headers: [pair], query: [] }
            : { headers: [], query: [pair] }
        }
        case 'oauth2':
          return authorization(`Bearer ${await tokenOf(auth, secrets, signal)}`)
      }
    },
    textsOf: (auth, secrets) => {
      const value = (name: string) => secrets[name] ?? ''
      switch (auth.type) {
        case 'basic':
          return [basic(value(auth.usernameSecret), value(auth.passwordSecret)).slice(BASIC.length)]
        case 'api_key':
          return [encodeURIComponent(value(auth.secret))]
        case 'oauth2':
          return [tokens.get(keyOf(auth, secrets))?.token ?? '']
        default:
          return []
      }
    },
    forget: (auth, secrets) => auth.type === 'oauth2' && tokens.delete(keyOf(auth, secrets)),
  }
}

const authorization = (value: string): AuthParts => ({
  headers: [['Authorization', value]],
  query: [],
})

const basic = (user: string, password: string): string =>
  `${BASIC}${Buffer.from(`${user}:${password}`).toString('base64')}`

const valueOf = (secrets: Readonly<Record<string, string>>, name: string): string => {
  const value = secrets[name]
  if (value !== undefined) return value
  throw errors.invalid(
    `The secret '${name}' of the plugin has no value yet; its owner sets it.`,
    'melzi.auth',
    'invalid_value',
  )
}

const keyOf = (auth: OAuth2, secrets: Readonly<Record<string, string>>): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        auth.tokenUrl,
        auth.scopes,
        secrets[auth.clientIdSecret] ?? null,
        secrets[auth.clientSecretSecret] ?? null,
      ]),
    )
    .digest('base64')

/**
 * RFC 6749 4.4: the client shows itself by Basic authentication, which every token server must take (2.3.1); one that does not is asked
 * again with both in the form.
 */
const fetchToken = async (
  auth: OAuth2,
  secrets: Readonly<Record<string, string>>,
  egress: AuthEgress,
): Promise<{ token: string; lifeMs: number }> => {
  const id = valueOf(secrets, auth.clientIdSecret)
  const secret = valueOf(secrets, auth.clientSecretSecret)
  const form: [string, string][] = [['grant_type', 'client_credentials']]
  if (auth.scopes.length > 0) form.push(['scope', auth.scopes.join(' ')])
  const ask = (headers: readonly Pair[], fields: readonly [string, string][]) => {
    const body = Buffer.from(new URLSearchParams([...fields]).toString())
    const type = ['Content-Type', 'application/x-www-form-urlencoded'] as const
    const accept = ['Accept', 'application/json'] as const
    const request = {
      method: 'POST',
      url: auth.tokenUrl,
      headers: [type, accept, ...headers],
      body,
    }
    const hosts = [new URL(auth.tokenUrl).hostname.toLowerCase()]
    return safeRequest(request, { ...egress, ...TOKEN_LIMITS, hosts: hosts.map(plain) }, NEVER)
  }
  const shown = basic(encodeURIComponent(id), encodeURIComponent(secret))
  const first = await ask([['Authorization', shown]], form)
  const isRefused = first.status === 400 || first.status === 401
  const answer = isRefused
    ? await ask([], [...form, ['client_id', id], ['client_secret', secret]])
    : first
  return readToken(answer, new URL(auth.tokenUrl).host)
}

const orAbort = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })

/** A host as policies name it. */
const plain = (hostname: string) => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

/** The body is left out of every error: it may hold what was sent. */
const readToken = (answer: SafeResponse, host: string): { token: string; lifeMs: number } => {
  const refuse = (why: string): never => {
    throw new AppError({
      status: 400,
      message: `The token server ${host} gave no token: ${why}.`,
      param: 'melzi.auth.token_url',
      code: 'invalid_value',
    })
  }
  if (answer.status !== 200) return refuse(`it answered ${answer.status}`)
  let body: unknown
  try {
    body = JSON.parse(answer.body.toString('utf8'))
  } catch {
    return refuse('its answer is not JSON')
  }
  const token = isObject(body) ? body.access_token : null
  if (typeof token !== 'string' || token === '') return refuse('its answer has no access_token')
  const type = isObject(body) ? (body.token_type ?? 'bearer') : 'bearer'
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    return refuse('its token is not a bearer token')
  const life = isObject(body) ? Number(body.expires_in ?? DEFAULT_LIFE_S) : DEFAULT_LIFE_S
  return { token, lifeMs: (Number.isFinite(life) && life > 0 ? life : DEFAULT_LIFE_S) * 1000 }
}
