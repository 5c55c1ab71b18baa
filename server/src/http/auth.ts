import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError, errors, maskKey } from '../platform/errors.ts'
import type { Principal } from '../platform/principal.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls. Reading it on a route without {@link authenticate} throws: nobody gets in by omission. */
    readonly principal: Principal
  }
}

/** Finds whom a key belongs to; null for a key that is not, or no longer, valid. Asked on every request. */
export type FindPrincipal = (key: string, from: string | null) => Promise<Principal | null>

const fromBasic = (encoded: string): string => {
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

/**
 * The key in `Authorization: Bearer K`, `Authorization: K` (behaviour.md 0 row 2), `Authorization: Basic base64(":K")` or
 * `api-key: K` (15).
 * @throws AppError 401 when there is none
 */
export const readKey = (headers: IncomingHttpHeaders): string => {
  const authorization = headers.authorization?.trim() ?? ''
  const [, scheme = '', rest = ''] = /^(bearer|basic)(?:\s+(.*))?$/i.exec(authorization) ?? []
  let key = authorization
  if (scheme !== '') key = scheme.toLowerCase() === 'basic' ? fromBasic(rest) : rest.trim()
  if (key === '') key = String(headers['api-key'] ?? '').trim()
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

/** Who calls a route that is open to people who are not signed in; null for those. */
export const knownPrincipal = (request: FastifyRequest): Principal | null =>
  principals.get(request) ?? null

/**
 * An `onRequest` hook for routes that are open to people who are not signed in: whoever shows something is judged by it.
 * @param hook as {@link authenticate} gives it
 * @throws AppError 401 for a key that is not valid
 */
export const authenticateIfAny =
  (hook: (request: FastifyRequest) => Promise<void>) =>
  async (request: FastifyRequest): Promise<void> => {
    const { headers } = request
    if (headers.authorization !== undefined || headers['api-key'] !== undefined)
      return hook(request)
    if (headers.cookie === undefined) return
    try {
      await hook(request)
    } catch (error) {
      // a session that is over is none
      if (!(error instanceof AppError) || error.status !== 401) throw error
    }
  }

/** A hook after {@link authenticate} for routes that are not for everybody. @param check throws when they are not for this principal */
export const onlyFor =
  (check: (principal: Principal) => void) =>
  async (request: FastifyRequest): Promise<void> =>
    check(request.principal)

/**
 * An `onRequest` hook for every route that needs a key.
 * @throws AppError 401 without a key or with one that is not valid
 */
export const authenticate =
  (findPrincipal: FindPrincipal) =>
  async (request: FastifyRequest): Promise<void> => {
    const key = readKey(request.headers)
    const principal = await findPrincipal(key, request.ip)
    if (principal === null) throw errors.wrongKey(maskKey(key))
    principals.set(request, principal)
  }
