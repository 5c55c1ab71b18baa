import type { FastifyReply } from 'fastify'
import { errors } from '../platform/errors.ts'

/** Aborts when the client closes its connection before it has the whole answer. */
export const clientGone = (reply: FastifyReply): AbortSignal => {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(errors.unavailable('The client has left.', 1))
  })
  return gone.signal
}
