import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errors, maskKey } from '../platform/errors.ts'
import { allowanceHeaders, type Allowance } from '../platform/allowance.ts'
import type { Principal } from '../platform/principal.ts'
import { checkSameOrigin } from './same-origin.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls. Reading it on a route without {@link authenticate} throws: nobody gets in by omission. */
    readonly principal: Principal
  }
}

/**
 * Finds whom a key belongs to; null for a key that is not, or no longer, valid. Asked on every request.
 * @param origin of the page that calls; null without one
 */
export type FindPrincipal = (
  key: string,
  from: string | null,
  origin: string | null,
) => Promise<Principal | null>

/** Counts a request of a principal, and says what is left; null where it has no limit. @throws AppError 429 */
export type TakeRequest = (
  principal: Principal,
) => Promise<{ requests: Allowance | null; tokens: Allowance | null }>

/** Who a session's cookie speaks for. */
export interface FindSession {
  hasCookie(cookies: string | undefined): boolean
  /** @param workspaceId the workspace that is meant; null: the person's first */
  findPrincipal(
    cookies: string | undefined,
    workspaceId: string | null,
    from: string | null,
  ): Promise<Principal | null>
}

/** The header by which a page says in which workspace it acts. */
const WORKSPACE = 'melzi-workspace'

const fromBasic = (encoded: string): string => {
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

/**
 * The key in `Authorization: Bearer K`, `Authorization: K` (behaviour.md 0 row 2), `Authorization: Basic base64(":K")` or
 * `api-key: K` (15); '' when there is none. One request is judged by one key, for its rights and its limits alike.
 * @throws AppError 401 when there are two
 */
const keyIn = (headers: IncomingHttpHeaders): string => {
  const authorization = headers.authorization?.trim() ?? ''
  const [, scheme = '', rest = ''] = /^(bearer|basic)(?:\s+(.*))?$/i.exec(authorization) ?? []
  let key = authorization
  if (scheme !== '') key = scheme.toLowerCase() === 'basic' ? fromBasic(rest) : rest.trim()
  const other = String(headers['api-key'] ?? '').trim()
  if (key !== '' && other !== '' && other !== key) throw errors.twoKeys()
  return key === '' ? other : key
}

/**
 * {@link keyIn}
 * @throws AppError 401 when there is none, or two
 */
export const readKey = (headers: IncomingHttpHeaders): string => {
  const key = keyIn(headers)
  if (key === '') throw errors.missingKey()
  return key
}

const principals = new WeakMap<FastifyRequest, Principal>()

/** Gives every request its `principal` property; once per server. */
export const addPrincipal = (app: FastifyInstance): void => {
  app.decorateRequest('principal', {
    getter() {
      const principal = principals.get(this)
      if (principal === undefined) throw new Error('route without authentication')
      return principal
    },
  })
}

/** Who calls a route that is open to people who are not signed in. */
export interface Visitor {
  personId: string
  /** By a key that is limited. */
  isLimited: boolean
  /** As far as is known no more than a guest: a key of a member says more. */
  isGuest: boolean
}

const visitors = new WeakMap<FastifyRequest, Visitor>()

/** Who calls a route with {@link authenticateIfAny}; null: nobody who is signed in. */
export const visitorOf = (request: FastifyRequest): Visitor | null => visitors.get(request) ?? null

/**
 * An `onRequest` hook for routes that are open to people who are not signed in: whoever shows a key is judged by it; a person with a session
 * is known in whatever workspace or none.
 * @param publicUrl where people find this server, for pages that call it
 * @throws AppError 401 for a key that is not valid, 403 for a browser's request that another site made without one
 */
export const authenticateIfAny =
  (
    findPrincipal: FindPrincipal,
    sessions: { personOf: (cookies: string | undefined) => Promise<string | null> },
    publicUrl: string | null,
  ) =>
  async (request: FastifyRequest): Promise<void> => {
    const { headers, ip } = request
    const key = keyIn(headers)
    if (key === '') {
      const personId = await sessions.personOf(headers.cookie)
      checkSameOrigin(request, publicUrl, personId !== null)
      if (personId !== null) visitors.set(request, { personId, isLimited: false, isGuest: true })
      return
    }
    const principal = await findPrincipal(key, ip, headers.origin ?? null)
    if (principal === null) throw errors.wrongKey(maskKey(key))
    const { personId, scope, role } = principal
    visitors.set(request, { personId, isLimited: scope !== null, isGuest: role === 'guest' })
  }

/** A hook after {@link authenticate} for routes that are not for everybody. @param check throws when they are not for this principal */
export const onlyFor =
  (check: (principal: Principal) => void) =>
  async (request: FastifyRequest): Promise<void> =>
    check(request.principal)

/**
 * An `onRequest` hook for every route that needs a key or a session. A request that carries a key is judged by the key alone.
 * @param publicUrl where people find this server, for pages that call it with a session
 * @throws AppError 401 without either or with one that is not valid, 403 for a key that is not for the calling page and for a session's request
 *   that another site made
 */
export const authenticate =
  (
    findPrincipal: FindPrincipal,
    sessions: FindSession | null = null,
    publicUrl: string | null = null,
  ) =>
  async (request: FastifyRequest): Promise<void> => {
    const { headers, ip } = request
    const key = keyIn(headers)
    if (key === '' && sessions?.hasCookie(headers.cookie) === true) {
      checkSameOrigin(request, publicUrl, true)
      const named = headers[WORKSPACE]
      const workspaceId = typeof named === 'string' && named !== '' ? named : null
      const found = await sessions.findPrincipal(headers.cookie, workspaceId, ip)
      if (found === null) throw errors.notSignedIn()
      principals.set(request, found)
      return
    }
    if (key === '') throw errors.missingKey()
    const principal = await findPrincipal(key, ip, headers.origin ?? null)
    if (principal === null) throw errors.wrongKey(maskKey(key))
    principals.set(request, principal)
  }

/** A hook after {@link authenticate}: counts the request of whoever it found, and tells what is left in the answer's headers. @throws AppError 429 */
export const limitRequests =
  (take: TakeRequest) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const principal = principals.get(request)
    // a route that is open to people who are not signed in
    if (principal === undefined) return
    const { requests, tokens } = await take(principal)
    if (requests !== null) reply.headers(allowanceHeaders('requests', requests))
    if (tokens !== null) reply.headers(allowanceHeaders('tokens', tokens))
  }
