/**
 * The start of a JSON text without white space between its values, and with letters that were written as `\uXXXX` as letters: what a model
 * reads costs by length. Works on the text and not on values, so that long numbers stay what they are, and stops at the limit, so that a
 * long answer costs no more than a short one. A text that is no JSON comes out with less white space.
 * @param limit characters that are needed; a few more may come
 */
export const compactJson = (text: string, limit: number): { text: string; isWhole: boolean } => {
  const pieces: string[] = []
  let length = 0
  let end = 0
  // A string (perhaps without its end), white space, or a run of anything else.
  const token = /"(?:[^"\\]|\\[^])*(?:"|$)|\s+|[^"\s]+/g
  for (const [piece] of text.matchAll(token)) {
    end += piece.length
    const first = piece[0] ?? ''
    const kept = first === '"' ? withLetters(piece) : first.trim() === '' ? '' : piece
    pieces.push(kept)
    length += kept.length
    if (length > limit) break
  }
  return { text: pieces.join(''), isWhole: end === text.length }
}

/** Escapes of anything but control characters, quotes and backslashes become what they mean; halves of pairs only together. */
const withLetters = (string: string): string =>
  string.replaceAll(
    /\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|[^u])/g,
    (whole: string, high?: string, low?: string, single?: string) => {
      if (high !== undefined && low !== undefined)
        return String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16))
      const code = single === undefined ? 0 : Number.parseInt(single, 16)
      return code >= 0xa0 && (code < 0xd800 || code > 0xdfff) ? String.fromCharCode(code) : whole
    },
  )
