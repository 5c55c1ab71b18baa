import { setTimeout as delay } from 'node:timers/promises'
import { isOwnPath } from '@melzi/contract/sign-in.ts'
import { AppError, errors } from '../../platform/errors.ts'
import type { Logger } from '../../platform/log.ts'
import type { Mail, Mailer } from '../../platform/mail.ts'
import type { AuthLibrary, LibraryDeps, LibraryReply } from './auth-library.ts'
import type { Endpoint } from './endpoints.ts'
import { checkNewPassword } from './passwords.ts'
import type { Counted, Throttle } from './throttle.ts'

/** One request to an endpoint of the library, read and checked. */
export interface Asked {
  endpoint: Endpoint
  body: Readonly<Record<string, unknown>>
  query: Readonly<Record<string, unknown>>
  cookies: string | undefined
  /** Of the client. */
  address: string
  userAgent: string | undefined
}

export interface Answer {
  status: number
  body: unknown
  cookies: string[]
  /** Of a redirect. */
  location: string | null
}

export interface SignIn extends AsyncDisposable {
  /** @throws AppError as the library refuses, 429 for one attempt too many, 503 when a mail or a provider does not get through */
  ask(asked: Asked): Promise<Answer>
  /** Resolves when nothing is worked on in the background any more. */
  idle(): Promise<void>
}

interface Deps {
  log: Logger
  mailer: Mailer
  throttle: Throttle
  origin: () => string
  library: Omit<LibraryDeps, 'origin'>
  /** Writes into the audit log what a person did for itself. */
  note: (personId: string, action: string, address: string) => Promise<void>
  retryMs?: readonly number[] | undefined
  /** Whose session a request carries. */
  personOf: (cookies: string | undefined) => Promise<string | null>
  /** Whether this is the password of a person. */
  knowsPassword: (personId: string, password: string) => Promise<boolean>
  /** Whose session `set-cookie` values begin. */
  personBegun: (setCookies: readonly string[]) => Promise<string | null>
  /** Ends the session that `set-cookie` values begin. */
  endBegun: (setCookies: readonly string[]) => Promise<void>
}

interface Done {
  answer: Answer
  resetOf: string | null
}

/** A provider that takes longer is given up. */
const PROVIDER_MS = 20_000
/** Between tries of a mail whose sender waits for no answer. */
const MAIL_RETRY_MS: readonly number[] = [2_000, 10_000, 60_000]
const MAIL_SENT = 'Please check your mailbox for what comes next.'

/** The way to the library: counts attempts, passes on what was meant, and gives back its answer as this server words it. */
export const createSignIn = (deps: Deps): SignIn => {
  const { log, mailer, throttle, origin } = deps
  let library: Promise<AuthLibrary> | undefined
  const background = new Set<Promise<void>>()
  const stopping = new AbortController()
  const { retryMs = MAIL_RETRY_MS } = deps

  /** Loaded on first use: it is half a second of work that a server of keys alone never needs. */
  const load = (): Promise<AuthLibrary> => {
    library ??= import('./auth-library.ts').then(({ createAuthLibrary }) =>
      createAuthLibrary({ ...deps.library, origin: origin() }),
    )
    return library
  }

  const pass = async (asked: Asked): Promise<LibraryReply> => {
    const { endpoint, body, query } = asked
    const url = new URL(`/api/auth${RENAMED[endpoint.path] ?? endpoint.path}`, origin())
    for (const [key, value] of Object.entries(query)) {
      if (typeof value === 'string') url.searchParams.set(key, value)
    }
    // by our own hand: nothing else that a client sends is believed by anything behind this
    const headers = new Headers({ 'x-melzi-address': asked.address, origin: origin() })
    if (asked.cookies !== undefined) headers.set('cookie', asked.cookies)
    if (asked.userAgent !== undefined) headers.set('user-agent', asked.userAgent.slice(0, 512))
    const init: RequestInit = { method: endpoint.method, headers }
    if (endpoint.method === 'POST') {
      headers.set('content-type', 'application/json')
      init.body = JSON.stringify({ ...body, ...FIXED[endpoint.path] })
    }
    const reply = (await load()).handle(new Request(url, init))
    return isProviders(endpoint) ? inTime(reply) : reply
  }

  /** Whom an attempt counts against. Those that are nobody's are left out. */
  const counted = async ({ endpoint, body, address, cookies }: Asked) => {
    const all: [Counted, string][] = []
    for (const count of endpoint.counts ?? []) {
      if (count === 'address' || count === 'link') all.push([count, network(address)])
      if (count === 'mailbox') all.push(['mailbox', text(body['newEmail'] ?? body['email'])])
      if (count === 'typed account') all.push(['account', text(body['email'])])
      if (count === 'own account') {
        const person = await deps.personOf(cookies)
        if (person !== null) all.push(['account', person])
      }
    }
    return all
  }

  /** Not waited for: tries again for a while, and says in the log what became of it. */
  const inBackground = (work: () => Promise<void>): void => {
    const running = work()
      .catch((error: unknown) => log.error({ err: error }, 'work after an answer failed'))
      .finally(() => background.delete(running))
    background.add(running)
  }

  const sendLater = async (mail: Mail): Promise<void> => {
    for (const wait of [...retryMs, null]) {
      try {
        await mailer.send(mail)
        return
      } catch (error) {
        // the mailer has logged why
        if (wait === null) throw error
        log.warn({ retryInMs: wait }, 'a mail is tried again')
        await delay(wait, undefined, { signal: stopping.signal })
      }
    }
  }

  /** A code that somebody looked over a shoulder for is good for a minute still: it signs in once. */
  const refuseUsedCode = async ({ body, cookies }: Asked, answer: Answer): Promise<void> => {
    const { user } = answer.body as { user: { id: string } }
    if (await throttle.useOnce(`${user.id} ${String(body['code'])}`)) return
    // whoever is signed in already only proves that the app works
    if ((await deps.personOf(cookies)) !== null) return
    await deps.endBegun(answer.cookies)
    throw new AppError({ status: 401, message: 'Invalid code.', code: 'invalid_code' })
  }

  /** The library asks for none here; but whoever finds a browser open must not walk off with the account. */
  const requirePassword = async ({ body, cookies }: Asked): Promise<void> => {
    const person = await deps.personOf(cookies)
    if (person === null) throw errors.notSignedIn()
    if (await deps.knowsPassword(person, String(body['password']))) return
    throw new AppError({ status: 400, message: 'Invalid password.', code: 'invalid_password' })
  }

  /** After the library's own writes: it awaits other things between them, so that no unit of ours could hold both. */
  const noteDone = async (asked: Asked, before: string | null, { answer, resetOf }: Done) => {
    const { done } = asked.endpoint
    const failed = /[?&]error=/.test(answer.location ?? '')
    if (done === undefined || failed || isHalfWay(answer.body)) return
    const [action, whenSignedIn = action] = done
    // a sign-in counts for whom it signs in, whoever the browser was before
    const person = resetOf ?? (await deps.personBegun(answer.cookies)) ?? before
    if (person === null) return
    await deps.note(person, before === null ? action : whenSignedIn, asked.address)
  }

  return {
    ask: async (asked) => {
      const { endpoint, body } = asked
      if (deps.library.oidc === null && isProviders(endpoint)) {
        throw new AppError({ status: 404, message: 'This server has no single sign-on.' })
      }
      const attempts = await counted(asked)
      for (const [what, who] of attempts) await throttle.count(what, who)
      if (typeof body['newPassword'] === 'string') {
        checkNewPassword(body['newPassword'], 'newPassword')
      }
      if (endpoint.path === '/change-email') await requirePassword(asked)
      if (endpoint.blind === true) {
        inBackground(async () => {
          const { response, mails } = await pass(asked)
          if (response.status >= 500) throw await refusalOf(response)
          for (const mail of mails) await sendLater(mail)
        })
        return {
          status: 200,
          body: { status: true, message: MAIL_SENT },
          cookies: [],
          location: null,
        }
      }
      const before = endpoint.done === undefined ? null : await deps.personOf(asked.cookies)
      const { response, mails, resetOf } = await pass(asked)
      if (response.status >= 400) throw await refusalOf(response)
      for (const mail of mails) {
        // whoever is signed in must not learn from the time whether an address is somebody's
        if (endpoint.path === '/change-email') inBackground(() => sendLater(mail))
        else await mailer.send(mail)
      }
      const answer = await answerOf(response)
      if (endpoint.path === '/two-factor/verify-totp') await refuseUsedCode(asked, answer)
      await noteDone(asked, before, { answer, resetOf })
      if (response.ok && !isHalfWay(answer.body)) {
        for (const [what, who] of attempts) if (what === 'account') await throttle.forget(what, who)
      }
      return answer
    },
    idle: async () => {
      await Promise.all(background)
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort(new Error('the server stops; a mail was not sent'))
      await Promise.all(background)
    },
  }
}

/** What the library calls by another name since providers are all alike to it. */
const RENAMED: Readonly<Record<string, string>> = { '/sign-in/oauth2': '/sign-in/social' }

/** What is sent along whatever the client says. */
const FIXED: Readonly<Record<string, Record<string, unknown>>> = {
  '/change-password': { revokeOtherSessions: true },
  '/sign-in/oauth2': { provider: 'oidc', disableRedirect: true },
}

/** Whether the provider of single sign-on has a part in it. */
const isProviders = ({ path }: Endpoint): boolean =>
  path === '/sign-in/oauth2' || path === '/callback/oidc'

const text = (value: unknown): string =>
  typeof value === 'string' ? value.trim().toLowerCase() : ''

/** Who counts as one: an IPv4 address, or the 64 bits of an IPv6 address that one household or host is given. */
const network = (address: string): string => {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.split('%')[0]?.split('::') ?? []
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0')
  return [...first, ...zeros, ...last].slice(0, 4).join(':').toLowerCase()
}

const inTime = async (reply: Promise<LibraryReply>): Promise<LibraryReply> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(providerSilent()), PROVIDER_MS)
  })
  try {
    return await Promise.race([reply, late])
  } finally {
    clearTimeout(timer)
  }
}

const providerSilent = () =>
  errors.unavailable('The provider of single sign-on does not answer. Please try again later.', 30)

const bodyOf = async (response: Response): Promise<unknown> => {
  const body = await response.text()
  return body === '' ? null : (JSON.parse(body) as unknown)
}

/** The library's refusal in the envelope of this server. */
const refusalOf = async (response: Response): Promise<AppError> => {
  const { status } = response
  const body = (await bodyOf(response)) as { message?: unknown; code?: unknown } | null
  const code = typeof body?.code === 'string' ? body.code.toLowerCase() : null
  if (code === 'provider_not_found') return providerSilent()
  const said = typeof body?.message === 'string' ? body.message : 'The request was refused.'
  return new AppError({
    status,
    message: /[.!?]$/.test(said) ? said : `${said}.`,
    type: status >= 500 ? 'server_error' : status === 429 ? 'requests' : 'invalid_request_error',
    code,
    headers: status === 429 ? { 'retry-after': '900' } : {},
  })
}

/** Signed in but for the second factor. */
const isHalfWay = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'twoFactorRedirect' in body

const answerOf = async (response: Response): Promise<Answer> => ({
  status: response.status,
  cookies: response.headers.getSetCookie(),
  location: response.status === 302 ? ownLocation(response.headers.get('location')) : null,
  body: withoutTokens(await bodyOf(response)),
})

/** Redirects lead to pages of this server, whatever is behind. */
const ownLocation = (location: string | null): string => {
  if (location === null) return '/'
  return isOwnPath(location) ? location : '/'
}

/** The token is for the cookie alone, which no script can read. */
const withoutTokens = (body: unknown): unknown => {
  if (typeof body !== 'object' || body === null) return body
  const { token: _token, ...rest } = body as Record<string, unknown>
  const session = rest['session']
  if (typeof session !== 'object' || session === null) return rest
  const { token: _inner, ...kept } = session as Record<string, unknown>
  return { ...rest, session: kept }
}
