import { imageType } from './image-type.ts'
import { safeFetch } from './safe-fetch.ts'

const MAX_BYTES = 20 * 1024 * 1024
const TIMEOUT_MS = 15_000

/**
 * Fetches a picture a client named, as a `data:` URL.
 * @param internalHosts hosts the operator has opened although they are not public, `name` or `name:port`
 * @throws AppError of safeFetch for refused addresses, size and time; Error for an answer that is no picture
 */
export const fetchImage = async (
  url: string,
  internalHosts: readonly string[],
  signal: AbortSignal,
): Promise<string> => {
  const response = await safeFetch(
    {
      method: 'GET',
      url,
      headers: [
        ['accept', 'image/*'],
        ['accept-encoding', 'identity'],
      ],
      body: null,
    },
    {
      hosts: 'public-and-internal',
      internalHosts,
      maxUpBytes: 0,
      maxDownBytes: MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    },
    signal,
  )
  if (response.status !== 200) throw new Error(`The image's server answered ${response.status}.`)
  const type = imageType(response.body)
  if (type === null) throw new Error('The address does not give a PNG, JPEG, GIF or WebP.')
  return `data:${type};base64,${response.body.toString('base64')}`
}
