import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errors, maskKey } from '../platform/errors.ts'
import { allowanceHeaders, type Allowance } from '../platform/allowance.ts'
import type { Principal } from '../platform/principal.ts'

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

/** A hook after {@link authenticate} for routes that are not for everybody. @param check throws when they are not for this principal */
export const onlyFor =
  (check: (principal: Principal) => void) =>
  async (request: FastifyRequest): Promise<void> =>
    check(request.principal)

/**
 * An `onRequest` hook for every route that needs a key.
 * @throws AppError 401 without a key or with one that is not valid, 403 for one that is not for the calling page
 */
export const authenticate =
  (findPrincipal: FindPrincipal) =>
  async (request: FastifyRequest): Promise<void> => {
    const key = readKey(request.headers)
    const principal = await findPrincipal(key, request.ip, request.headers.origin ?? null)
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
