import { signInPart } from '@melzi/contract/reference/sign-in.ts'
import * as z from 'zod/mini'
import { createAuditLog } from '../../src/features/audit/service.ts'
import { createIdentity, type Admit } from '../../src/features/identity/service.ts'
import { signInRoutes } from '../../src/features/identity/routes.ts'
import { authenticate } from '../../src/http/auth.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { newId } from '../../src/platform/ids.ts'
import { createLog } from '../../src/platform/log.ts'
import { createMailer, type Mailer } from '../../src/platform/mail.ts'
import { createSealer } from '../../src/platform/sealing.ts'
import type { Store } from '../../src/platform/store/store.ts'
import type { TestEngine } from './store-engines.ts'

export const PASSWORD = 'five wrong horses'

export interface Reply {
  status: number
  headers: Headers
  body: unknown
  /** Of the error envelope; null where there is none. */
  code: string | null
  message: string
}

/** A browser with its own cookies, that says where its page is from. */
export interface Browser {
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string | null>,
  ): Promise<Reply>
  post(path: string, body?: unknown, headers?: Record<string, string | null>): Promise<Reply>
  get(path: string, headers?: Record<string, string | null>): Promise<Reply>
  cookies: Map<string, string>
}

export interface IdentityOptions {
  admit?: Admit
  oidc?: { issuer: string; clientId: string; clientSecret: string; name: string }
  /** On a store that is there already. */
  store?: Store
  mailer?: Mailer
  publicUrl?: string
}

const NOBODY: Admit = { mayJoin: async () => false, joined: async () => undefined }
const SECRET = 'a secret of this test, long enough'

/** Holds a reply against what the reference says of it. */
const checkReply = (method: string, path: string, { status, body }: Reply): void => {
  if (status !== 200) return
  const operation = signInPart.operations.find(
    (row) => row.method === method.toLowerCase() && row.path === path,
  )
  const schema = operation?.reply['application/json']
  if (schema !== undefined && schema !== null) z.parse(schema, body)
}

const readReply = async (response: Response): Promise<Reply> => {
  const text = await response.text()
  const body = text === '' ? null : (JSON.parse(text) as unknown)
  const error = (body as { error?: { code: string | null; message: string } } | null)?.error
  const { status, headers } = response
  return { status, headers, body, code: error?.code ?? null, message: error?.message ?? '' }
}

const openBrowser = (origin: string): Browser => {
  const cookies = new Map<string, string>()
  const send: Browser['send'] = async (method, path, body, given = {}) => {
    const headers = new Headers({ origin })
    if (cookies.size > 0) {
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    }
    for (const [name, value] of Object.entries(given)) {
      if (value === null) headers.delete(name)
      else headers.set(name, value)
    }
    const init: RequestInit = { method, headers, redirect: 'manual' }
    if (body !== undefined) init.body = JSON.stringify(body)
    const response = await fetch(new URL(path, origin), init)
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/;\s*max-age=0/i.test(line) || value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const reply = await readReply(response)
    checkReply(method, path, reply)
    return reply
  }
  return {
    send,
    cookies,
    post: (path, body = {}, headers = {}) => send('POST', path, body, headers),
    get: (path, headers = {}) => send('GET', path, undefined, headers),
  }
}

const stores = new WeakMap<TestEngine, Promise<Store>>()
const TABLES = [
  'sessions',
  'accounts',
  'verifications',
  'two_factors',
  'sign_in_attempts',
  'audit_entries',
]

const AUDIT_GUARDS = {
  sqlite: ['audit_entries_no_update', 'audit_entries_no_delete'],
  postgres: ['audit_entries_no_change on audit_entries'],
}

/** One store for a suite, emptied of people: making a database takes longer than most tests here. */
const emptyStore = async (engine: TestEngine): Promise<Store> => {
  const opening = stores.get(engine) ?? engine.freshStore()
  stores.set(engine, opening)
  const store = await opening
  await store.write('test.empty', async (tx) => {
    // a product never empties its audit log, and is not able to
    for (const trigger of AUDIT_GUARDS[store.engine])
      await tx.run(`drop trigger if exists ${trigger}`)
    for (const table of [...TABLES, 'memberships', 'people', 'workspaces']) {
      await tx.run(`delete from ${table}`)
    }
  })
  return store
}

/** Signing in behind a real server on a port of its own, with one route of the wire: GET and POST /v1/whoami. */
export const openIdentity = async (engine: TestEngine, options: IdentityOptions = {}) => {
  const store = options.store ?? (await emptyStore(engine))
  const log = createLog('silent')
  const mails: string[] = []
  const sealer = createSealer(SECRET)
  let origin = ''
  const identity = createIdentity({
    store,
    clock: systemClock,
    log,
    sealer,
    mailer:
      options.mailer ?? createMailer({ smtpUrl: null, from: 'x' }, log, (text) => mails.push(text)),
    oidc: options.oidc ?? null,
    admit: options.admit ?? NOBODY,
    audit: createAuditLog({ clock: systemClock }),
    origin: () => options.publicUrl ?? origin,
    mailRetryMs: [1, 1],
  })
  const app = createHttpServer({ log, bodyLimit: 1_000_000 })
  const { publicUrl = null } = options
  await app.register(async (scope) => signInRoutes(scope, identity, publicUrl), {
    prefix: '/api/auth',
  })
  await app.register(
    async (scope) => {
      scope.addHook(
        'onRequest',
        authenticate(async () => null, identity.sessions, publicUrl),
      )
      scope.get('/whoami', async (request) => request.principal)
      scope.post('/whoami', async (request) => request.principal)
    },
    { prefix: '/v1' },
  )
  origin = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    store,
    identity,
    origin,
    browser: () => openBrowser(origin),
    /** A member of a workspace of its own who can sign in with {@link PASSWORD}. */
    person: async (email: string, verified = true) => {
      const passwordHash = await identity.accounts.hashPassword(PASSWORD)
      const personId = newId('person_')
      const workspaceId = newId('ws_')
      await store.write('test.person', async (tx) => {
        await tx.run('insert into workspaces (id, name, created_at) values (?1, ?2, 1)', [
          workspaceId,
          'Test',
        ])
        await tx.run('insert into people (id, name, created_at) values (?1, ?2, 1)', [
          personId,
          'Tester',
        ])
        await tx.run(
          `insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, 'member', 1)`,
          [workspaceId, personId],
        )
        const account = { email, passwordHash, emailVerified: verified }
        await identity.accounts.giveAccount(tx, personId, account)
      })
      return { personId, workspaceId, email }
    },
    /** What the audit log says that people did, in order. */
    deeds: async (): Promise<string[]> =>
      (
        await store.all<{ action: string }>(
          // what earlier tests left behind is of workspaces that are gone
          'select action from audit_entries where workspace_id in (select id from workspaces) order by at, id',
        )
      ).map(({ action }) => action),
    /** The mails that were sent, all of them. */
    mails: async (): Promise<string[]> => {
      await identity.signIn.idle()
      return mails
    },
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await identity[Symbol.asyncDispose]()
    },
  }
}

export type IdentityHouse = Awaited<ReturnType<typeof openIdentity>>

/** The first address in a text. */
export const linkIn = (mail: string | undefined): URL => {
  const [link] = /https?:\/\/\S+/.exec(mail ?? '') ?? []
  if (link === undefined) throw new Error(`there is no link in: ${mail}`)
  return new URL(link)
}
