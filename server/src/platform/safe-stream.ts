/** {@link safeRequest} for answers that are read while they come, such as server-sent events: the same checks and the same limits. */
import type { IncomingMessage } from 'node:http'
import {
  fetchError,
  safeExchange,
  type SafeFetchPolicy,
  type SafeHead,
  type SafeRequest,
} from './safe-fetch.ts'

export interface SafeStream extends SafeHead {
  /** As it comes over the wire, still content-encoded. Throws the errors of {@link safeStream}; leaving it closes the connection. */
  body: AsyncIterable<Uint8Array>
  /** Closes the connection of a body that nobody wants. */
  close: () => void
}

/**
 * One hop, no redirects. Resolves when the head of the answer is there. `timeoutMs` of the policy counts from the first look-up to the
 * last byte, so that a slow drip ends too, and `maxDownBytes` over the whole body; both, and the signal, close the connection even when
 * nobody reads.
 * @throws AppError 400 with code `address_refused`, `fetch_failed`, `fetch_timeout`, `body_too_large`; the reason of `signal`
 */
export const safeStream = (
  request: SafeRequest,
  policy: SafeFetchPolicy,
  signal: AbortSignal,
): Promise<SafeStream> =>
  safeExchange(request, policy, signal, async (message, head, explain) => {
    // The generator hears of errors only while it is read.
    message.on('error', () => {})
    const body = bounded(message, policy.maxDownBytes, explain)
    return { ...head, body, close: () => void message.destroy() }
  })

async function* bounded(
  message: IncomingMessage,
  limit: number,
  explain: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > limit)
        throw fetchError('body_too_large', `The answer is larger than ${limit} bytes.`)
      yield chunk
    }
  } catch (error) {
    throw explain(error)
  } finally {
    message.destroy()
  }
}
