import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib'
import { errors } from '../../platform/errors.ts'

const gunzipped = promisify(gunzip)
const inflated = promisify(inflate)
const inflatedRaw = promisify(inflateRaw)
const unbrotlied = promisify(brotliDecompress)
const unzstded = promisify(zstdDecompress)

const MOST_CODINGS = 3

/**
 * Takes the content encodings off a body.
 * @returns null when it unpacks to more than `limit` bytes
 * @throws AppError 400 when the encoding is unknown or the body is not what it says
 */
export const unpack = async (
  body: Buffer,
  headers: readonly (readonly [name: string, value: string])[],
  limit: number,
): Promise<Buffer | null> => {
  const codings = headers
    .filter(([name]) => name.toLowerCase() === 'content-encoding')
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > MOST_CODINGS)
    throw errors.invalid('The answer is packed more than three times over.')
  let bytes = body
  if (bytes.length === 0) return bytes
  for (const coding of codings.toReversed()) {
    try {
      bytes = await unpackOne(bytes, coding, limit)
    } catch (cause) {
      const isTooLarge =
        cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
      if (isTooLarge) return null
      throw errors.invalid(
        `The answer could not be unpacked (content-encoding '${coding.slice(0, 50)}').`,
      )
    }
  }
  return bytes
}

const unpackOne = async (bytes: Buffer, coding: string, limit: number): Promise<Buffer> => {
  const options = { maxOutputLength: limit }
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return gunzipped(bytes, options)
    case 'br':
      return unbrotlied(bytes, options)
    case 'zstd':
      return unzstded(bytes, options)
    case 'deflate':
      // Some servers leave the zlib header off.
      return ((bytes[0] ?? 0) & 0x0f) === 8 ? inflated(bytes, options) : inflatedRaw(bytes, options)
    default:
      throw errors.invalid(`'${coding}' is not known.`)
  }
}
