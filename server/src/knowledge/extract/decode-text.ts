/**
 * Bytes of unknown encoding to text. UTF-8 and UTF-16 are told by their marks or their form; of the older ones Big5, GB 18030 and Shift_JIS by
 * whether the bytes are lawful and mostly name common characters; what is left is read as windows-1252.
 */

const SAMPLE = 64 * 1024

const decodeAs = (label: string, bytes: Uint8Array, fatal: boolean): string | null => {
  try {
    return new TextDecoder(label, { fatal }).decode(bytes)
  } catch (error) {
    // Bytes that are not lawful in this encoding, or an encoding that nobody knows.
    if (error instanceof TypeError || error instanceof RangeError) return null
    throw error
  }
}

/** UTF-16 without a mark: Latin text has a zero in every second byte. */
const utf16Label = (bytes: Uint8Array): string | null => {
  const length = Math.min(bytes.length, SAMPLE)
  let even = 0
  let odd = 0
  for (let i = 0; i < length; i += 1) {
    if (bytes[i] !== 0) continue
    if (i % 2 === 0) even += 1
    else odd += 1
  }
  const half = length / 2
  if (odd > half * 0.3 && even < half * 0.05) return 'utf-16le'
  if (even > half * 0.3 && odd < half * 0.05) return 'utf-16be'
  return null
}

/** The part of the double-byte characters that are common ones of an encoding, which wrong guesses miss. */
const commonShare = (bytes: Uint8Array, isCommon: (lead: number, trail: number) => boolean) => {
  let pairs = 0
  let common = 0
  const length = Math.min(bytes.length, SAMPLE) - 1
  for (let i = 0; i < length; i += 1) {
    const lead = bytes[i] ?? 0
    if (lead < 0x81) continue
    pairs += 1
    if (isCommon(lead, bytes[i + 1] ?? 0)) common += 1
    i += 1
  }
  return pairs === 0 ? 0 : common / pairs
}

interface Guess {
  label: string
  isCommon: (lead: number, trail: number) => boolean
}

const GUESSES: readonly Guess[] = [
  // Punctuation and the 5,401 common characters.
  { label: 'big5', isCommon: (lead) => lead >= 0xa1 && lead <= 0xc6 },
  { label: 'gb18030', isCommon: (lead, trail) => lead >= 0xa1 && lead <= 0xd7 && trail >= 0xa1 },
  { label: 'shift_jis', isCommon: (lead) => lead >= 0x81 && lead <= 0x98 },
]
const MOSTLY = 0.85

/** Control characters that texts do not hold; a program or picture is full of them. */
const CONTROL = /[^\P{Cc}\s]/gu
const FEW = 0.01

const readable = (text: string | null): string | null => {
  if (text === null) return null
  const sample = text.slice(0, SAMPLE)
  return (sample.match(CONTROL)?.length ?? 0) > sample.length * FEW ? null : text
}

/**
 * Gives the text of a file, or null when it is none (a picture, a program).
 * @param declared the encoding the file itself names, as HTML pages do
 */
export const decodeText = (bytes: Uint8Array, declared: string | null = null): string | null =>
  readable(decode(bytes, declared))

const decode = (bytes: Uint8Array, declared: string | null): string | null => {
  const [a, b, c] = bytes
  if (a === 0xff && b === 0xfe) return decodeAs('utf-16le', bytes, false)
  if (a === 0xfe && b === 0xff) return decodeAs('utf-16be', bytes, false)
  const hasMark = a === 0xef && b === 0xbb && c === 0xbf
  const utf16 = hasMark ? null : utf16Label(bytes)
  if (utf16 !== null) return decodeAs(utf16, bytes, true)
  if (bytes.subarray(0, SAMPLE).includes(0)) return null
  const utf8 = decodeAs('utf-8', bytes, !hasMark)
  if (utf8 !== null) return utf8
  const named = declared === null ? null : decodeAs(declared, bytes, false)
  if (named !== null) return named
  for (const { label, isCommon } of GUESSES) {
    if (commonShare(bytes, isCommon) < MOSTLY) continue
    const text = decodeAs(label, bytes, true)
    if (text !== null) return text
  }
  return decodeAs('windows-1252', bytes, false)
}
