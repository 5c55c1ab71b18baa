/**
 * The body of a /pluginapi answer, made for clients that paste it into JSON as text (plugins.md 3). They cut it at 8,000 characters, or
 * bytes in the C locale, and escape nothing but `"`: so inside `text` a quote and a backslash stand only as `\u0022` and `\u005c`,
 * control characters as `\u00XX`, and the body never passes the limit.
 */
export interface PluginAnswer {
  /** Full output of the call. */
  text: string
  /** The end of `text` that shows pictures, which outlives a cut; '' for none. */
  pictures?: string
  ok: boolean
  /** `pcall_...`, whose record keeps what is cut here. */
  callId: string
}

/** Characters and bytes: a longer body is written in ASCII. */
export const LONGEST_ANSWER = 8_000
const HEAD = '{"text": "'
const CUT = '\\u000a[The output was longer and has been cut here.]'

/** One line of JSON with `text` first, at most {@link LONGEST_ANSWER} characters and bytes. */
export const encodePluginAnswer = (answer: PluginAnswer): string => {
  const tail = `", "ok": ${answer.ok}, "call_id": ${JSON.stringify(answer.callId)}}`
  if (answer.text.length <= LONGEST_ANSWER) {
    const whole = HEAD + answer.text.toWellFormed().replace(NOT_PLAIN, escapeUnit) + tail
    if (Buffer.byteLength(whole) <= LONGEST_ANSWER) return whole
  }
  const room = LONGEST_ANSWER - HEAD.length - tail.length
  const pictures = cutAscii(answer.pictures ?? '', room / 2)
  if (pictures === '') return HEAD + cutAscii(answer.text, room) + tail
  const text = answer.text.slice(0, -(answer.pictures ?? '').length).trimEnd()
  const gap = '\\u000a'
  return HEAD + cutAscii(text, room - pictures.length - gap.length) + gap + pictures + tail
}

/** What may not stand as it is: quote, backslash, controls, and the two line separators some readers split lines at. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_PLAIN = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

const escapeUnit = (unit: string): string =>
  `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** The start of a text in ASCII, cut with a note when it is longer than `limit`, never inside an escape or a surrogate pair. */
const cutAscii = (text: string, limit: number): string => {
  const pieces: string[] = []
  let length = 0
  /** Pieces that still leave room for the note. */
  let keep = 0
  for (const char of text) {
    const piece = /^[ !#-[\]-~]$/.test(char)
      ? char
      : char.toWellFormed().split('').map(escapeUnit).join('')
    length += piece.length
    if (length > limit) return pieces.slice(0, keep).join('') + CUT
    pieces.push(piece)
    if (length <= limit - CUT.length) keep = pieces.length
  }
  return pieces.join('')
}
