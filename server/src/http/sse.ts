import type { FastifyReply } from 'fastify'
import { setProcessingTime } from './request-id.ts'

/** Milliseconds in which further frames are gathered into one write. */
const FLUSH_MS = 20
/**
 * Writes of a quiet stream that go out at once before gathering begins. A run opens with up to seven events before its first
 * token, which must not wait for the end of a gathering; a model's usual pace never uses them up.
 */
const FREE_WRITES = 10
const HEARTBEAT_MS = 15_000
/** Bytes a reader may lag behind before it is dropped. */
const MAX_BUFFERED = 4 * 1024 * 1024
const KEEP_ALIVE = ': keep-alive\n\n'

export interface SseWriter {
  /** Sends one frame: at once, or in a burst with what else comes within 20 ms. After the end it does nothing. */
  write(frame: string): void
  /** Sends what is held back and ends the answer. */
  close(): void
  /** Aborts when the reader is gone before `close`: it left, or it was dropped for being slow. */
  readonly closed: AbortSignal
}

/**
 * Turns a reply into an event stream: from here on Fastify leaves it alone. Headers set on the reply before (CORS, request id) are
 * sent along.
 * @param options.heartbeatMs a comment is sent after so many milliseconds of silence, so that proxies keep the connection
 * @param options.maxBufferedBytes a reader that lags further behind is dropped and named in the log
 */
export const openSse = (
  reply: FastifyReply,
  options: { heartbeatMs?: number; maxBufferedBytes?: number } = {},
): SseWriter => {
  const { heartbeatMs = HEARTBEAT_MS, maxBufferedBytes = MAX_BUFFERED } = options
  const { raw } = reply
  const log = reply.log
  const gone = new AbortController()
  let held = ''
  let freeWrites = FREE_WRITES
  let writtenAt = -FLUSH_MS
  let flushTimer: NodeJS.Timeout | undefined
  let ended = false

  const stop = (): void => {
    ended = true
    held = ''
    clearTimeout(flushTimer)
    clearTimeout(heartbeat)
  }

  const leave = (reason: Error): void => {
    if (ended) return
    stop()
    gone.abort(reason)
  }

  const send = (text: string): void => {
    raw.write(text)
    if (ended) return
    heartbeat.refresh()
    if (raw.writableLength <= maxBufferedBytes) return
    log.warn({ bufferedBytes: raw.writableLength }, 'slow reader of an event stream dropped')
    leave(new Error('slow reader'))
    raw.destroy()
  }

  const flush = (): void => {
    flushTimer = undefined
    const text = held
    held = ''
    send(text)
  }

  const heartbeat = setTimeout(() => send(KEEP_ALIVE), heartbeatMs)

  setProcessingTime(reply)
  reply.hijack()
  raw.on('close', () => leave(new Error('reader left')))
  // a write can fail in the moment the socket goes away; 'close' follows and is what counts
  raw.on('error', (error) => log.debug({ err: error }, 'event stream broke'))
  raw.socket?.setNoDelay(true)
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value)
  }
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  })
  raw.flushHeaders()
  if (raw.destroyed) leave(new Error('reader left'))

  return {
    closed: gone.signal,
    write(text) {
      if (ended) return
      const now = performance.now()
      if (now - writtenAt >= FLUSH_MS) freeWrites = FREE_WRITES
      writtenAt = now
      if (freeWrites > 0 && held === '') {
        freeWrites -= 1
        send(text)
        return
      }
      flushTimer ??= setTimeout(flush, FLUSH_MS)
      held += text
      if (held.length <= maxBufferedBytes) return
      clearTimeout(flushTimer)
      flush()
    },
    close() {
      if (ended) return
      const rest = held
      stop()
      raw.end(rest)
    },
  }
}
