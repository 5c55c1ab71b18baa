import type { IncomingMessage } from 'node:http'

/** How much more of a refused body is read, in bytes and ms: a client that is still sending sees the answer only after it. */
const MAX_BYTES = 256 * 1024 * 1024
const MAX_MS = 10_000

/**
 * Reads on and forgets, until the client has sent all or enough. Closing the connection at once would reset it, and the client would see
 * a broken connection, which SDKs try twice more, in place of the refusal.
 */
export const drain = (request: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    if (request.readableEnded || request.destroyed) return resolve()
    let bytes = 0
    const timer = setTimeout(done, MAX_MS)
    function done() {
      clearTimeout(timer)
      request.off('data', count)
      for (const event of ['end', 'close', 'error']) request.off(event, done)
      resolve()
    }
    function count(chunk: Buffer) {
      bytes += chunk.length
      if (bytes > MAX_BYTES) done()
    }
    request.on('data', count)
    for (const event of ['end', 'close', 'error']) request.on(event, done)
    request.resume()
  })
