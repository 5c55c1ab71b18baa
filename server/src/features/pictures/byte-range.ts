import type { ByteRange } from '../../platform/blobs/blob-store.ts'

/**
 * What a Range header asks for (RFC 9110, 14.2).
 * @param length of the whole, in bytes
 * @returns one range; null for all of it, where the header is absent, malformed or names several; 'unsatisfiable' when it begins after the end
 */
export const byteRangeOf = (
  header: string | undefined,
  length: number,
): ByteRange | null | 'unsatisfiable' => {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || first + last === '') return null
  if (first === '') {
    const count = Math.min(Number(last), length)
    return count === 0 ? 'unsatisfiable' : { start: length - count, end: length }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return null
  if (start >= length) return 'unsatisfiable'
  return { start, end: last === '' ? length : Math.min(Number(last) + 1, length) }
}
