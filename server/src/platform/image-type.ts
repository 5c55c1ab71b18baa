/** Kinds of picture that models take (behaviour.md 6), by their first bytes: what a server or a client calls it is not believed. */
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

/** Bytes that are enough to tell. */
export const IMAGE_HEAD_BYTES = 16

/** The media type of a picture that models take; null for anything else. */
export const imageType = (bytes: Buffer): string | null =>
  SIGNATURES.find(([, matches]) => matches(bytes))?.[0] ?? null
