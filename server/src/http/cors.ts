import type { FastifyReply, FastifyRequest } from 'fastify'

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
const EXPOSED = [
  'x-request-id, openai-poll-after-ms, openai-processing-ms, retry-after, retry-after-ms, openai-version',
  // of a model's server, where an answer goes through
  'x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens',
].join(', ')
/** Seconds; browsers cap it, Chromium at two hours. */
const MAX_AGE = '7200'

/**
 * Every origin may read every answer that a key gives it: keys travel in headers a page must know. Credentials are never allowed, so that
 * no other site's page reads anything by a visitor's session (behaviour.md 0 row 9).
 */
export const setCors = (request: FastifyRequest, reply: FastifyReply): void => {
  reply.header('access-control-allow-origin', request.headers.origin ?? '*')
  reply.header('access-control-expose-headers', EXPOSED)
  reply.header('vary', 'origin')
}

/** True when it was a preflight and has been answered; any path has one, also an unknown one. */
export const answerPreflight = (request: FastifyRequest, reply: FastifyReply): boolean => {
  if (request.method !== 'OPTIONS') return false
  // `*` would not cover `authorization`, so what was asked for is echoed
  const asked = request.headers['access-control-request-headers']
  if (asked !== undefined) reply.header('access-control-allow-headers', asked)
  if (request.headers['access-control-request-private-network'] === 'true') {
    reply.header('access-control-allow-private-network', 'true')
  }
  reply.header('access-control-allow-methods', METHODS)
  reply.header('access-control-max-age', MAX_AGE)
  reply.header(
    'vary',
    'origin, access-control-request-headers, access-control-request-private-network',
  )
  void reply.code(204).send()
  return true
}
