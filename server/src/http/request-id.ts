import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** `req_` + 32 hex (behaviour.md 1). */
export const newRequestId = (): string => `req_${randomBytes(16).toString('hex')}`

/** The headers that name request and protocol version; SDKs show the first as the request id. */
export const setRequestId = (request: FastifyRequest, reply: FastifyReply): void => {
  reply.header('x-request-id', request.id)
  reply.header('openai-version', '2020-10-01')
}

/** Milliseconds from the request's arrival until now, as `openai-processing-ms`. */
export const setProcessingTime = (reply: FastifyReply): void => {
  reply.header('openai-processing-ms', String(Math.round(reply.elapsedTime)))
}
