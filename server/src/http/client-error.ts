import type { Socket } from 'node:net'
import { AppError } from '../platform/errors.ts'
import { errorBody } from './error-handler.ts'
import { newRequestId } from './request-id.ts'

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

const toError = (code: string | undefined): AppError => {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new AppError({ status: 431, message: 'The headers of the request are too large.' })
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new AppError({ status: 408, message: 'The request was not sent whole in time.' })
  }
  return new AppError({ status: 400, message: 'The request is not valid HTTP.' })
}

/**
 * Answers what is not even HTTP in the wire's envelope (behaviour.md 2), readable for pages of any origin, and closes the connection:
 * where the next request would begin is unknown.
 */
export const answerClientError = (error: Error & { code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const known = toError(error.code)
  const body = JSON.stringify(errorBody(known))
  const lines = [
    `HTTP/1.1 ${known.status} ${REASONS[known.status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'access-control-allow-origin: *',
    `x-request-id: ${newRequestId()}`,
    'openai-version: 2020-10-01',
    'connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
