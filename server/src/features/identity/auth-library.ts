import { AsyncLocalStorage } from 'node:async_hooks'
import { APIError } from 'better-auth/api'
import { betterAuth } from 'better-auth/minimal'
import { genericOAuth } from 'better-auth/plugins/generic-oauth'
import { twoFactor } from 'better-auth/plugins/two-factor'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import type { Mail } from '../../platform/mail.ts'
import { createAuthStore } from './auth-store.ts'
import { prefixOf } from './auth-tables.ts'
import type { Admission } from './admission.ts'
import { leaveAddressMail, proveAddressMail, resetMail } from './mails.ts'
import { LONGEST, SHORTEST, type Passwords } from './passwords.ts'
import { cookiePrefix, SESSION_EXTENDED_EVERY_SECONDS, SESSION_SECONDS } from './session-cookie.ts'

/** Name of the one provider of single sign-on. */
export const PROVIDER = 'oidc'
/** Below the origin. */
export const BASE_PATH = '/api/auth'
/** The header by which the library is told the client's address; what a client sends under this name never reaches it. */
export const ADDRESS_HEADER = 'x-melzi-address'
const LINK_SECONDS = 3_600

/** Where single sign-on is. */
export interface OidcSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** What the button says. */
  readonly name: string
}

export interface LibraryDeps {
  store: Parameters<typeof createAuthStore>[0]['store']
  sealer: Parameters<typeof createAuthStore>[0]['sealer']
  log: Logger
  passwords: Passwords
  admission: Admission
  secret: string
  /** `https://melzi.example.org`: where links and callbacks lead. */
  origin: string
  oidc: OidcSettings | null
}

/** What the library gave back. */
export interface LibraryReply {
  response: Response
  /** To be sent before the reply is. */
  mails: Mail[]
  /** Whose password a link's token set anew. */
  resetOf: string | null
}

/** better-auth behind one function; loaded when somebody first signs in. */
export interface AuthLibrary {
  /** @param request with an address below {@link BASE_PATH} and no header but those that were meant */
  handle(request: Request): Promise<LibraryReply>
}

/** The library with everything off that is not asked for here: no telemetry, no other store, no limits of its own, no open sign-up. */
export const createAuthLibrary = (deps: LibraryDeps): AuthLibrary => {
  const { log, passwords, admission, origin, oidc } = deps
  const secure = origin.startsWith('https:')
  const beside = new AsyncLocalStorage<Pick<LibraryReply, 'mails' | 'resetOf'>>()
  const post = async (mail: Mail): Promise<void> => {
    beside.getStore()?.mails.push(mail)
  }

  const build = (provider: OidcSettings | null) =>
    betterAuth({
      appName: 'Melzi',
      baseURL: origin,
      basePath: BASE_PATH,
      // given as a list, so that no variable of the environment takes its place
      secrets: [{ version: 1, value: deps.secret }],
      database: createAuthStore(deps),
      telemetry: { enabled: false },
      rateLimit: { enabled: false },
      trustedOrigins: [],
      logger: {
        level: 'warn',
        log: (level, message, ...rest: unknown[]) => {
          const err = rest.find((one) => one instanceof Error)
          log[level === 'error' ? 'warn' : 'debug'](err === undefined ? {} : { err }, message)
        },
      },
      onAPIError: { throw: true, errorURL: '/' },
      advanced: {
        database: {
          generateId: ({ model }) => newId(prefixOf(model)),
        },
        // the prefix below says it already, and better
        useSecureCookies: false,
        cookiePrefix: cookiePrefix(secure),
        defaultCookieAttributes: { secure, httpOnly: true, sameSite: 'lax', path: '/' },
        disableOriginCheck: false,
        disableCSRFCheck: false,
        ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      },
      session: {
        expiresIn: SESSION_SECONDS,
        updateAge: SESSION_EXTENDED_EVERY_SECONDS,
        // a revoked session is gone on the very next request
        cookieCache: { enabled: false },
      },
      verification: { storeIdentifier: 'hashed' },
      account: {
        updateAccountOnSignIn: false,
        accountLinking: { enabled: true, trustedProviders: [], requireLocalEmailVerified: true },
      },
      user: {
        changeEmail: {
          enabled: true,
          sendChangeEmailConfirmation: ({ user, newEmail, url }) =>
            post(leaveAddressMail(user.email, newEmail, url)),
        },
      },
      emailVerification: {
        expiresIn: LINK_SECONDS,
        sendVerificationEmail: ({ user, url }) => post(proveAddressMail(user.email, url)),
      },
      emailAndPassword: {
        enabled: true,
        disableSignUp: true,
        minPasswordLength: SHORTEST,
        maxPasswordLength: LONGEST,
        password: passwords,
        revokeSessionsOnPasswordReset: true,
        resetPasswordTokenExpiresIn: LINK_SECONDS,
        onPasswordReset: async ({ user }) => {
          const found = beside.getStore()
          if (found !== undefined) found.resetOf = user.id
        },
        sendResetPassword: ({ user, token }) =>
          // behind the #, so that it stands in no log and goes to no other site
          post(resetMail(user.email, `${origin}/reset-password#${token}`)),
      },
      databaseHooks: {
        user: {
          create: {
            before: async (user) => {
              if (!user.emailVerified) throw refusal('email_not_verified')
              if (!(await admission.mayJoin(user.email))) throw refusal('not_invited')
              return { data: { ...user, name: user.name || user.email.replace(/@.*/, '') } }
            },
          },
        },
        session: {
          create: {
            before: async ({ userId }) => {
              if (!(await admission.admit(userId))) throw refusal('account_closed')
            },
          },
        },
      },
      plugins: [
        twoFactor({ issuer: 'Melzi' }),
        ...(provider === null ? [] : [genericOAuth({ config: [providerConfig(provider)] })]),
      ],
    })

  const plain = build(null)
  // Of its own, since it asks the provider for its document when it is first used: who has a password must not wait for that.
  let withProvider: ReturnType<typeof build> | undefined
  const isProviders = (path: string) =>
    path === `${BASE_PATH}/sign-in/social` || path === `${BASE_PATH}/callback/${PROVIDER}`

  return {
    handle: async (request) => {
      const found: Pick<LibraryReply, 'mails' | 'resetOf'> = { mails: [], resetOf: null }
      const response = await beside.run(found, async () => {
        if (oidc === null || !isProviders(new URL(request.url).pathname)) {
          return plain.handler(request)
        }
        withProvider ??= build(oidc)
        return withProvider.handler(request)
      })
      return { response, ...found }
    },
  }
}

const providerConfig = (oidc: OidcSettings) => ({
  providerId: PROVIDER,
  name: oidc.name,
  discoveryUrl: `${oidc.issuer}/.well-known/openid-configuration`,
  clientId: oidc.clientId,
  clientSecret: oidc.clientSecret,
  scopes: ['openid', 'email', 'profile'],
  pkce: true,
  requireIdTokenVerification: true,
  disableProviderLogout: true,
})

const REFUSALS = {
  email_not_verified: 'The provider has not verified this e-mail address.',
  not_invited: 'Nobody invited this e-mail address.',
  account_closed: 'This account was closed.',
} as const

const refusal = (code: keyof typeof REFUSALS) =>
  new APIError('FORBIDDEN', { code, message: REFUSALS[code] })
