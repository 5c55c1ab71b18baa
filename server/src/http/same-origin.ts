import type { FastifyRequest } from 'fastify'
import { errors } from '../platform/errors.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

const originOf = (url: string | null): string | null => (url === null ? null : new URL(url).origin)

/**
 * Refuses what another site makes a browser send: an unsafe request with a session's cookie must say that it comes from a page of this
 * server. Without a cookie it may say nothing, for then it is no browser's; but what it says must be right, or another site could sign a
 * visitor in as somebody else.
 * @param publicUrl where people find this server; null: at the address that was asked
 * @param carriesCookie whether it carries a session's cookie
 * @throws AppError 403
 */
export const checkSameOrigin = (
  request: FastifyRequest,
  publicUrl: string | null,
  carriesCookie: boolean,
): void => {
  if (SAFE.has(request.method)) return
  const { origin } = request.headers
  const site = request.headers['sec-fetch-site']
  // set by browsers, and by no script
  if (site === 'same-origin') return
  const own = [originOf(publicUrl), `${request.protocol}://${request.host}`]
  const says = origin !== undefined || site !== undefined
  const isOurs = origin !== undefined && own.includes(origin)
  if (isOurs || (!says && !carriesCookie)) return
  throw errors.forbidden('This request comes from a page of another site.')
}
