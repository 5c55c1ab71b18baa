import { safeFetch } from './safe-fetch.ts'

const MAX_BYTES = 20 * 1024 * 1024
const TIMEOUT_MS = 15_000

/** Kinds of picture that models take (behaviour.md 6), by their first bytes: what a server calls its answer is not believed. */
const SIGNATURES: readonly [type: string, matches: (bytes: Buffer) => boolean][] = [
  ['image/png', (bytes) => bytes.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))],
  ['image/jpeg', (bytes) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))],
  ['image/gif', (bytes) => /^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6))],
  [
    'image/webp',
    (bytes) =>
      bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
  ],
]

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
  const type = SIGNATURES.find(([, matches]) => matches(response.body))?.[0]
  if (type === undefined) throw new Error('The address does not give a PNG, JPEG, GIF or WebP.')
  return `data:${type};base64,${response.body.toString('base64')}`
}
