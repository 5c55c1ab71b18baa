import type { ErrorReply } from '@melzi/contract/error.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, errors } from '../platform/errors.ts'
import { drain } from './drain.ts'
import type { AllowedMethods } from './route-table.ts'

/** The envelope of behaviour.md 2: always all four keys. */
export const errorBody = (error: AppError): ErrorReply => ({
  error: { message: error.message, type: error.type, param: error.param, code: error.code },
  ...(error.detail ? { detail: { message: error.message, code: error.code } } : {}),
})

interface FrameworkError extends Error {
  code?: string
  statusCode?: number
}

/** What Fastify itself found wrong with a request, as our error; null when it is no fault of the client. */
const fromFramework = (error: FrameworkError, bodyLimit: number): AppError | null => {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return errors.bodyTooLarge(bodyLimit)
  const status = error.statusCode ?? 500
  if (!error.code?.startsWith('FST_') || status >= 500) return null
  return new AppError({ status, message: error.message, cause: error })
}

const send = (reply: FastifyReply, error: AppError): void => {
  void reply.code(error.status).headers(error.headers).send(errorBody(error))
}

export type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

/**
 * Answers a thrown AppError as it is. What nobody foresaw is logged with its request id and becomes a bare 500.
 * @param bodyLimit bytes, for the text of a 413
 */
export const createErrorHandler =
  (bodyLimit: number): ErrorHandler =>
  (error, request, reply) => {
    if (request.raw.destroyed && !request.raw.complete) {
      request.log.info('client left while sending its request')
      return
    }
    const known =
      error instanceof AppError ? error : fromFramework(error as FrameworkError, bodyLimit)
    if (known === null) {
      request.log.error({ err: error }, 'request failed')
      send(reply, errors.internal(request.id))
      return
    }
    if (known.code === 'request_too_large') {
      void drain(request.raw).then(() => send(reply, known))
      return
    }
    if (known.status >= 500) {
      request.log.warn({ status: known.status, message: known.message }, 'request refused')
    }
    send(reply, known)
  }

/** An unknown path is 404; a known path asked with the wrong method is 405 with `allow`. */
export const createNotFoundHandler =
  (allowedMethods: AllowedMethods) =>
  (request: FastifyRequest, reply: FastifyReply): void => {
    const path = request.url.split('?', 1)[0] ?? request.url
    const allowed = allowedMethods(path)
    send(
      reply,
      allowed.length > 0
        ? errors.wrongMethod(request.method, path, allowed)
        : errors.unknownRoute(request.method, path),
    )
  }
