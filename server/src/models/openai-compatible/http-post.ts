import { request as httpRequest } from 'node:http'
import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { ModelTimeouts } from './settings.ts'

/** A failure of the connection itself, before or within an answer. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  /** `connect`, `headers` and `idle` are our own time limits; `connection` is everything else, with its code in the message. */
  readonly kind: 'connect' | 'headers' | 'idle' | 'connection'
  /** True when a kept-alive connection had gone stale: the server has not seen the request, a new connection may well do. */
  readonly isStale: boolean
  constructor(
    kind: ConnectionError['kind'],
    message: string,
    options: { cause?: unknown; isStale?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.kind = kind
    this.isStale = options.isStale ?? false
  }
}

export interface HttpAnswer {
  status: number
  headers: IncomingHttpHeaders
  /** The body, piece by piece; throws {@link ConnectionError} when it breaks off or nothing comes for `idleMs`. */
  body: AsyncIterable<Buffer>
  /** Lets what is left run out so that the connection can be used again, for at most a second. */
  drain(): void
  /** Closes the connection: the server stops its work. */
  destroy(): void
}

const DRAIN_MS = 1000
/** Pieces that may wait for their reader before the connection is held up. */
const MAX_PIECES = 16

const connectionError = (error: unknown, isStale = false): ConnectionError => {
  if (error instanceof ConnectionError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'connection failed'
  return new ConnectionError('connection', code, { cause: error, isStale })
}

/** The pieces of a body as they come, heard by `data`, which costs less than the stream's own iterator. */
async function* readBody(response: IncomingMessage, idleMs: number): AsyncGenerator<Buffer> {
  const pieces: Buffer[] = []
  const end: { isHere: boolean; error: ConnectionError | null } = { isHere: false, error: null }
  let wake = () => {}
  const over = (error: ConnectionError | null) => {
    if (!end.isHere) Object.assign(end, { isHere: true, error })
    wake()
  }
  const hear = (piece: Buffer) => {
    timer.refresh()
    pieces.push(piece)
    if (pieces.length >= MAX_PIECES) response.pause()
    wake()
  }
  // One timer for the whole body, moved on by each piece; a reader that is busy elsewhere is no fault of the server.
  const timer = setTimeout(() => {
    if (response.isPaused()) timer.refresh()
    else response.destroy(new ConnectionError('idle', `nothing came for ${idleMs} ms`))
  }, idleMs)
  response.once('end', () => over(null))
  response.once('error', (error) => over(connectionError(error)))
  response.once('close', () => over(connectionError(null)))
  response.on('data', hear)
  try {
    for (;;) {
      for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece
      if (end.error !== null) throw end.error
      if (end.isHere) return
      if (response.isPaused()) response.resume()
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  } finally {
    clearTimeout(timer)
    response.off('data', hear)
  }
}

const watchConnect = (
  request: ClientRequest,
  timeouts: ModelTimeouts,
  isTls: boolean,
): (() => void) => {
  let timer: NodeJS.Timeout | undefined
  const arm = (kind: 'connect' | 'headers', ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(
      () =>
        request.destroy(
          new ConnectionError(
            kind,
            `no ${kind === 'connect' ? 'connection' : 'answer'} within ${ms} ms`,
          ),
        ),
      ms,
    )
  }
  request.once('socket', (socket) => {
    if (!socket.connecting) {
      arm('headers', timeouts.headersMs)
      return
    }
    arm('connect', timeouts.connectMs)
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      if (!request.destroyed) arm('headers', timeouts.headersMs)
    })
  })
  request.once('close', () => clearTimeout(timer))
  return () => clearTimeout(timer)
}

/**
 * Posts JSON and gives the answer as soon as its head is there, whatever its status. Redirects are not followed.
 * An abort of the signal closes the connection; the call, or the body's reader, then throws.
 * @throws {ConnectionError}
 */
export const httpPost = (options: {
  url: URL
  headers: Record<string, string>
  body: string
  agent: Agent
  timeouts: ModelTimeouts
  signal: AbortSignal
}): Promise<HttpAnswer> => {
  const { url, timeouts, signal } = options
  const isTls = url.protocol === 'https:'
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const request = (isTls ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    agent: options.agent,
    headers: { ...options.headers, 'content-length': String(Buffer.byteLength(options.body)) },
  })
  const disarm = watchConnect(request, timeouts, isTls)
  const abort = () => {
    request.destroy()
  }
  signal.addEventListener('abort', abort, { once: true })
  request.once('close', () => signal.removeEventListener('abort', abort))
  // Stays for the whole life of the request: errors after the answer's head reach the body's reader as well.
  request.on('error', (error) => reject(connectionError(error, request.reusedSocket)))
  request.once('response', (response) => {
    disarm()
    let isDraining = false
    resolve({
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: readBody(response, timeouts.idleMs),
      drain: () => {
        isDraining = true
        if (response.readableEnded || response.destroyed) return
        const timer = setTimeout(() => response.destroy(), DRAIN_MS).unref()
        response.once('close', () => clearTimeout(timer))
        // What was wanted has been read: a connection that breaks now is of no interest, and closes by itself.
        response.on('error', () => response.destroy())
        response.resume()
      },
      destroy: () => {
        if (!isDraining && !response.readableEnded) request.destroy()
      },
    })
  })
  request.end(options.body)
  return promise
}
