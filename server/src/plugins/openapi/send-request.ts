import { AppError, errors } from '../../platform/errors.ts'
import {
  safeRequest,
  type SafeFetchPolicy,
  type SafeRequest,
  type SafeResponse,
} from '../../platform/safe-fetch.ts'
import type { SandboxResult } from '../python/sandbox-driver.ts'

export type HttpUsage = SandboxResult['usage']['http']

const MOST_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const NOTE_CHARS = 300
/** What another origin may see: neither credentials nor the caller's token nor what a parameter put into a header. */
const HARMLESS = new Set(['accept', 'accept-encoding', 'content-type', 'user-agent'])

/**
 * Sends a request and follows redirects, each checked anew; headers that could hold a secret stay with the first origin.
 * @param usage host and status of each hop are added; never a path, a header or a body
 * @throws AppError as safeRequest does; the signal's reason when that aborts
 */
export const sendRequest = async (
  request: SafeRequest,
  policy: SafeFetchPolicy,
  usage: HttpUsage,
  signal: AbortSignal,
): Promise<SafeResponse> => {
  let current = request
  for (let hop = 0; ; hop += 1) {
    const response = await sendOnce(current, policy, usage, signal)
    const location = response.headers.find(([name]) => name.toLowerCase() === 'location')?.[1]
    if (!REDIRECTS.has(response.status) || location === undefined) return response
    if (hop === MOST_REDIRECTS)
      throw new AppError({
        status: 400,
        code: 'fetch_failed',
        message: `The API redirects more than ${MOST_REDIRECTS} times.`,
      })
    const next = URL.parse(location, response.url)
    if (next === null) throw errors.invalid('The API redirects to an address that is not valid.')
    current = redirected(current, response.status, next)
  }
}

/** One hop, noted. */
const sendOnce = async (
  request: SafeRequest,
  policy: SafeFetchPolicy,
  usage: HttpUsage,
  signal: AbortSignal,
): Promise<SafeResponse> => {
  const note: HttpUsage[number] = {
    host: URL.parse(request.url)?.hostname.slice(0, NOTE_CHARS) ?? '',
    status: null,
    refused: null,
  }
  usage.push(note)
  try {
    const response = await safeRequest(request, policy, signal)
    note.status = response.status
    return response
  } catch (error) {
    if (error instanceof AppError) note.refused = error.message.slice(0, NOTE_CHARS).toWellFormed()
    throw error
  }
}

const redirected = (request: SafeRequest, status: number, next: URL): SafeRequest => {
  const isSameOrigin = next.origin === new URL(request.url).origin
  const becomesGet =
    status === 303 ? request.method !== 'HEAD' : status < 303 && request.method === 'POST'
  return {
    method: becomesGet ? 'GET' : request.method,
    url: next.href,
    headers: request.headers.filter(([name]) => {
      const plain = name.toLowerCase()
      return (isSameOrigin || HARMLESS.has(plain)) && !(becomesGet && plain === 'content-type')
    }),
    body: becomesGet ? null : request.body,
  }
}
