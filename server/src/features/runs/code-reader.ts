/**
 * Reads Python out of a call's arguments while they come: `{"code":"…"}` as asked for, or bare source, which some models write instead.
 */
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
const HEAD = /^\s*\{\s*"(?:code|input)"\s*:\s*"/
/** What may still become {@link HEAD}. */
const HEAD_BEGUN = /^\s*(?:\{\s*(?:"(?:c|co|cod|code|i|in|inp|inpu|input)?(?:"\s*(?::\s*)?)?)?)?$/

export class CodeReader {
  #text = ''
  /** Where the next piece of the code begins in the text; null while it is not known in which form it comes. */
  #at: number | null = null
  #form: 'json' | 'bare' | 'other' | null = null
  #isOver = false
  #said = ''

  /** @returns the code that this piece of the arguments brings */
  read(piece: string): string {
    this.#text += piece
    if (this.#form === null) this.#recognise()
    if (this.#form === 'bare') return this.#say(this.#text.slice(this.#said.length))
    return this.#form === 'json' ? this.#say(this.#decode()) : ''
  }

  /**
   * The arguments are whole.
   * @returns what was not said yet, and the code as a whole; what was said is always its beginning
   */
  end(): { rest: string; code: string } {
    if (this.#form !== 'json') {
      const code = this.#form === 'bare' ? this.#text : otherForm(this.#text)
      return { rest: code.slice(this.#said.length), code }
    }
    return { rest: '', code: this.#said }
  }

  #recognise(): void {
    const head = HEAD.exec(this.#text)
    if (head !== null) {
      this.#form = 'json'
      this.#at = head[0].length
    } else if (/^\s*[^\s{]/.test(this.#text)) {
      this.#form = 'bare'
    } else if (!HEAD_BEGUN.test(this.#text)) {
      this.#form = 'other'
    }
  }

  #say(code: string): string {
    this.#said += code
    return code
  }

  /** The part of the JSON string that can be read by now. */
  #decode(): string {
    let code = ''
    let at = this.#at ?? 0
    while (!this.#isOver && at < this.#text.length) {
      const char = this.#text.charAt(at)
      if (char === '"') {
        this.#isOver = true
        break
      }
      if (char !== '\\') {
        code += char
        at += 1
        continue
      }
      const escaped = this.#text[at + 1]
      if (escaped === undefined) break
      if (escaped !== 'u') {
        code += ESCAPES[escaped] ?? escaped
        at += 2
        continue
      }
      const digits = this.#text.slice(at + 2, at + 6)
      if (digits.length < 4) break
      code += String.fromCharCode(Number.parseInt(digits, 16) || 0xfffd)
      at += 6
    }
    this.#at = at
    // Half of a surrogate pair cannot be sent by itself.
    const last = code.charCodeAt(code.length - 1)
    if (!this.#isOver && last >= 0xd800 && last <= 0xdbff) {
      this.#at = at - (this.#text.charAt(at - 1) === code.at(-1) ? 1 : 6)
      return code.slice(0, -1).toWellFormed()
    }
    return code.toWellFormed()
  }
}

/** Arguments that are neither of the forms that can be read while they come: any object with one text, else the text itself. */
const otherForm = (text: string): string => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) {
      const { code, input } = value as Record<string, unknown>
      if (typeof code === 'string') return code
      if (typeof input === 'string') return input
      return ''
    }
  } catch {
    // Not JSON: the model wrote Python that begins with a brace.
  }
  return text
}
