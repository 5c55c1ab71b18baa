import { AppError, errors } from '../../platform/errors.ts'
import { safeFetch, type SafeFetchPolicy } from '../../platform/safe-fetch.ts'
import { unpack } from './unpack.ts'

const MOST_BYTES = 5_000_000
const TIMEOUT_MS = 20_000

/** What of the policy is the operator's. */
export type Reach = Pick<SafeFetchPolicy, 'internalHosts' | 'resolve' | 'ca'>

/**
 * Fetches an OpenAPI document from a public host or one the operator has opened, redirects followed.
 * @returns the text, and the address it came from in the end
 * @throws AppError 400 with param `api.url`; the signal's reason when that aborts
 */
export const loadDocument = async (
  url: string,
  reach: Reach,
  signal: AbortSignal,
): Promise<{ text: string; url: string }> => {
  const policy: SafeFetchPolicy = {
    ...reach,
    hosts: 'public-and-internal',
    maxUpBytes: 0,
    maxDownBytes: MOST_BYTES,
    timeoutMs: TIMEOUT_MS,
  }
  const headers: [string, string][] = [
    ['accept', 'application/json, application/yaml, text/yaml, */*;q=0.5'],
    ['accept-encoding', 'gzip, br'],
    ['user-agent', 'Melzi'],
  ]
  try {
    const response = await safeFetch({ method: 'GET', url, headers, body: null }, policy, signal)
    if (response.status !== 200)
      throw wrong(`its server answered ${response.status} ${response.reason}`.trim())
    const body = await unpack(response.body, response.headers, MOST_BYTES)
    if (body === null) throw wrong(`it unpacks to more than ${MOST_BYTES} bytes`)
    return { text: new TextDecoder().decode(body), url: response.url }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof AppError && error.param === null) throw wrong(error.message)
    throw error
  }
}

const wrong = (reason: string) =>
  errors.invalid(
    `The OpenAPI document could not be loaded: ${reason.replace(/\.$/, '')}.`,
    'api.url',
    'invalid_value',
  )
