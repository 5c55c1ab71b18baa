import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import type { Mailer } from '../../platform/mail.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Sealer } from '../../platform/sealing.ts'
import { newSecretToken, secretHash } from '../../platform/secret-token.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import { createAdmission, type Admit } from './admission.ts'
import type { OidcSettings } from './auth-library.ts'
import { checkNewPassword, createPasswords } from './passwords.ts'
import {
  createSessionCookie,
  SESSION_EXTENDED_EVERY_SECONDS,
  SESSION_LONGEST_MS,
  SESSION_SECONDS,
} from './session-cookie.ts'
import { createSignIn, type SignIn } from './sign-in.ts'
import {
  deleteExpired,
  deleteSession,
  deleteSessions,
  extendSession,
  findMembership,
  findPasswordHash,
  findPersonByEmail,
  findSession,
  forgetPerson,
  findWorkspaces,
  hasAccount,
  insertSession,
  listSessions,
  liveSessions,
  putPassword,
  setEmail,
  type SessionRecord,
} from './store.ts'
import { createThrottle } from './throttle.ts'

export type { Admit } from './admission.ts'
export type { SessionRecord } from './store.ts'

/** Where a request came from, for the list of sessions. */
export interface Caller {
  address: string | null
  userAgent: string | null
}

/** What invitations and the set-up link need of signing in. */
export interface Accounts {
  /** @throws AppError 400 (param `password`) for a password that is too short, too long or well known */
  hashPassword: (password: string) => Promise<string>
  /**
   * Lets a person that is there sign in, by an address and perhaps a password.
   * @throws AppError 400 (param `email`) when the address is another person's
   */
  giveAccount: (
    tx: Tx,
    personId: string,
    account: { email: string; passwordHash: string | null; emailVerified: boolean },
  ) => Promise<void>
  findPersonByEmail: (db: Reader, email: string) => Promise<{ id: string; name: string } | null>
  /** Signs a person in. @returns values of `set-cookie` */
  startSession: (personId: string, from: Caller) => Promise<string[]>
  /** Signs a person out everywhere. @param except id of a session that stays */
  endSessions: (tx: Tx, personId: string, except?: string | null) => Promise<void>
  hasAccount: (db: Reader, personId: string) => Promise<boolean>
  /** Whether a person is signed in anywhere. */
  hasSession: (db: Reader, personId: string) => Promise<boolean>
  /** Takes away all by which a person signs in; it can never again. */
  forget: (tx: Tx, personId: string) => Promise<void>
}

/** Who a request without a key speaks for. */
export interface Sessions {
  /** Whether the request carries a session cookie, good or not. */
  hasCookie: (cookies: string | undefined) => boolean
  /**
   * The person of a session cookie, in the workspace it names or its first; null without a live session.
   * @throws AppError 404 when the person is not in the workspace it names, 403 when it is in none
   */
  findPrincipal: (
    cookies: string | undefined,
    workspaceId: string | null,
    from: string | null,
  ) => Promise<Principal | null>
  /** The person of a session cookie, in whatever workspace or none; null without a live session. */
  personOf: (cookies: string | undefined) => Promise<string | null>
  /** The live session of a cookie and all others of its person; null without one. */
  list: (
    cookies: string | undefined,
  ) => Promise<{ current: SessionRecord; all: SessionRecord[] } | null>
  /** Ends one session of the person of another; false when it has no such. @param from address of the client */
  end: (current: SessionRecord, id: string, from: string | null) => Promise<boolean>
  endOthers: (current: SessionRecord, from: string | null) => Promise<void>
  /** Those of these sessions that are live. */
  live: (ids: readonly string[]) => Promise<ReadonlySet<string>>
}

export interface Identity extends AsyncDisposable {
  accounts: Accounts
  sessions: Sessions
  signIn: SignIn
  /** What the page of signing in offers. */
  provider: { id: 'oidc'; name: string } | null
  /** Removes what is over. */
  sweep(): Promise<void>
}

export interface IdentityDeps {
  store: Store
  clock: Clock
  log: Logger
  sealer: Sealer
  mailer: Mailer
  oidc: OidcSettings | null
  admit: Admit
  audit: AuditLog
  /** Where people find this server, without a slash at the end. */
  origin: () => string
  /** Between tries of a mail that nobody waits for, ms. */
  mailRetryMs?: readonly number[] | undefined
}

const LONGEST_AGENT = 512
const EMAIL = /^[^@\s]+@[^@\s]+$/

/** People who sign in: passwords, sessions of browsers, single sign-on, two-factor. */
export const createIdentity = (deps: IdentityDeps): Identity => {
  const { store, clock, log, sealer, mailer, oidc, origin } = deps
  const secret = sealer.derive('signing in').toString('base64url')
  const passwords = createPasswords()
  const cookie = createSessionCookie({ secret, secure: () => origin().startsWith('https:') })
  const throttle = createThrottle({ store, clock })
  const admission = createAdmission({ store, admit: deps.admit })
  const beingExtended = new Set<string>()

  const accounts: Accounts = {
    hashPassword: async (password) => {
      checkNewPassword(password)
      return passwords.hash(password)
    },
    giveAccount: async (tx, personId, account) => {
      const email = account.email.trim().toLowerCase()
      if (!EMAIL.test(email)) throw errors.invalid('This is no e-mail address.', 'email')
      const at = clock.now()
      const person = { id: personId, email, verified: account.emailVerified, now: seconds(at) }
      if (!(await setEmail(tx, person))) {
        throw errors.invalid('This e-mail address is in use already.', 'email')
      }
      if (account.passwordHash === null) return
      await putPassword(tx, { id: newId('account_'), personId, hash: account.passwordHash, at })
    },
    findPersonByEmail: (db, email) => findPersonByEmail(db, email.trim().toLowerCase()),
    startSession: async (personId, from) => {
      const token = newSecretToken()
      const now = clock.now()
      const session = {
        id: newId('session_'),
        personId,
        tokenSha256: secretHash(token),
        createdMs: now,
        updatedMs: now,
        expiresMs: now + SESSION_SECONDS * 1000,
        address: from.address,
        userAgent: from.userAgent?.slice(0, LONGEST_AGENT) ?? null,
      }
      await store.write('identity.session', (tx) => insertSession(tx, session))
      return [cookie.set(token)]
    },
    endSessions: (tx, personId, except = null) => deleteSessions(tx, personId, except),
    hasAccount,
    hasSession: async (db, personId) => (await listSessions(db, personId, clock.now())).length > 0,
    forget: (tx, personId) => forgetPerson(tx, personId, seconds(clock.now())),
  }

  /** Not awaited by the request: when it fails, the next one does it. */
  const extend = (session: SessionRecord): void => {
    const now = clock.now()
    const wanted = Math.min(now + SESSION_SECONDS * 1000, session.createdMs + SESSION_LONGEST_MS)
    if (wanted - session.expiresMs < SESSION_EXTENDED_EVERY_SECONDS * 1000) return
    if (beingExtended.has(session.id)) return
    beingExtended.add(session.id)
    store
      .write('identity.extend', (tx) => extendSession(tx, session.id, now, wanted))
      .catch((error: unknown) => log.warn({ err: error }, 'could not extend a session'))
      .finally(() => beingExtended.delete(session.id))
  }

  const current = async (cookies: string | undefined): Promise<SessionRecord | null> => {
    const token = cookie.tokenIn(cookies)
    return token === null ? null : findSession(store, secretHash(token), clock.now())
  }

  const begun = async (setCookies: readonly string[]): Promise<SessionRecord | null> => {
    for (const line of setCookies) {
      const session = await current(line.split(';')[0])
      if (session !== null) return session
    }
    return null
  }

  /** A person is of no workspace: each that it is in learns of it. */
  const note = async (
    tx: Tx,
    who: { personId: string; from: string | null; sessionId?: string },
    action: string,
    object = { kind: 'person', id: who.personId },
  ): Promise<void> => {
    for (const workspaceId of await findWorkspaces(tx, who.personId)) {
      await deps.audit.note(tx, { workspaceId, ...who }, { action, ...object })
    }
  }

  const sessions: Sessions = {
    hasCookie: cookie.isIn,
    findPrincipal: async (cookies, workspaceId, from) => {
      const session = await current(cookies)
      if (session === null) return null
      const member = await findMembership(store, session.personId, workspaceId)
      if (member === null) {
        if (workspaceId !== null) throw errors.notFound('workspace', workspaceId)
        throw errors.forbidden('You are in no workspace of this server.')
      }
      extend(session)
      return {
        workspaceId: member.workspaceId,
        personId: session.personId,
        role: member.role,
        keyId: null,
        sessionId: session.id,
        from,
        scope: null,
      }
    },
    personOf: async (cookies) => (await current(cookies))?.personId ?? null,
    list: async (cookies) => {
      const session = await current(cookies)
      if (session === null) return null
      return {
        current: session,
        all: await listSessions(store, session.personId, clock.now()),
      }
    },
    end: (current, id, from) =>
      store.write('identity.end session', async (tx) => {
        const { personId } = current
        const ended = await deleteSession(tx, personId, id)
        const who = { personId, from, sessionId: current.id }
        if (ended) await note(tx, who, 'session.end', { kind: 'session', id })
        return ended
      }),
    live: (ids) => liveSessions(store, ids, clock.now()),
    endOthers: ({ personId, id }, from) =>
      store.write('identity.end others', async (tx) => {
        await deleteSessions(tx, personId, id)
        await note(tx, { personId, from, sessionId: id }, 'session.end_others')
      }),
  }

  const signIn = createSignIn({
    log,
    mailer,
    throttle,
    origin,
    retryMs: deps.mailRetryMs,
    library: { store, sealer, log, passwords, admission, secret, oidc },
    personOf: (cookies) => sessions.personOf(cookies),
    knowsPassword: async (personId, password) => {
      const hash = await findPasswordHash(store, personId)
      return hash !== null && (await passwords.verify({ hash, password }))
    },
    personBegun: async (setCookies) => (await begun(setCookies))?.personId ?? null,
    endBegun: async (setCookies) => {
      const session = await begun(setCookies)
      if (session === null) return
      await store.write('identity.end begun', (tx) =>
        deleteSession(tx, session.personId, session.id),
      )
    },
    note: (personId, action, address) =>
      store.write('identity.note', (tx) => note(tx, { personId, from: address }, action)),
  })
  return {
    accounts,
    sessions,
    signIn,
    provider: oidc === null ? null : { id: 'oidc', name: oidc.name },
    [Symbol.asyncDispose]: () => signIn[Symbol.asyncDispose](),
    sweep: () => store.write('identity.sweep', (tx) => deleteExpired(tx, clock.now())),
  }
}
