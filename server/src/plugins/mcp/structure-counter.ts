const NEWLINE = 10
const RETURN = 13
const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_ARRAY = 91
const BACKSLASH = 92
const OPEN_OBJECT = 123

/**
 * Counts what JSON in a stream of bytes is made of (objects, arrays, members, elements), without parsing it: parsing costs by these and
 * not by bytes. JSON has no raw line break inside a string, so that each line is begun outside of one, in server-sent events too.
 */
export class StructureCounter {
  #count = 0
  #isInString = false
  #isEscaped = false

  get count(): number {
    return this.#count
  }

  reset(): void {
    this.#count = 0
  }

  push(chunk: Uint8Array): void {
    let count = this.#count
    let isInString = this.#isInString
    let isEscaped = this.#isEscaped
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === NEWLINE || byte === RETURN) {
        isInString = false
        isEscaped = false
      } else if (isEscaped) isEscaped = false
      else if (isInString) {
        if (byte === BACKSLASH) isEscaped = true
        else if (byte === QUOTE) isInString = false
      } else if (byte === QUOTE) isInString = true
      else if (byte === COMMA || byte === COLON || byte === OPEN_ARRAY || byte === OPEN_OBJECT)
        count += 1
    }
    this.#count = count
    this.#isInString = isInString
    this.#isEscaped = isEscaped
  }
}
