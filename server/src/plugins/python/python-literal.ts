/** Reads Python literals without running Python: what can stand in a plugin's source as a constant, and nothing else. */
import type { Json } from './sandbox-driver.ts'

const SPACE = /(?:[ \t\r\n\f]|\\\r?\n|#[^\n]*)*/y
const NUMBER =
  /[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y
const STRING_START = /([rRuUbBfF]{0,2})("""|'''|"|')/y
const WORD = /[A-Za-z_]\w*/y
/** A map and no object, whose prototype would make `__proto__` and `valueOf` constants too. */
const CONSTANTS = new Map<string, Json>([
  ['True', true],
  ['False', false],
  ['None', null],
])
const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '0': '\0',
  '\n': '',
}

/** What the source holds is no literal; `position` is where. */
export class NotALiteral extends Error {
  override readonly name = 'NotALiteral'
  readonly position: number
  constructor(position: number) {
    super(`no Python literal at ${position}`)
    this.position = position
  }
}

export class LiteralReader {
  readonly #source: string
  position: number

  constructor(source: string, position = 0) {
    this.#source = source
    this.position = position
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position
    const match = pattern.exec(this.#source)
    if (match !== null) this.position = pattern.lastIndex
    return match
  }

  /** White space, comments and continued lines. */
  skipSpace(): void {
    this.#match(SPACE)
  }

  /** Whether `text` comes next; if so it is passed. */
  accept(text: string): boolean {
    this.skipSpace()
    if (!this.#source.startsWith(text, this.position)) return false
    this.position += text.length
    return true
  }

  /** One value: string, number, True, False, None, dict, list, tuple, set, nested to 50 levels. @throws NotALiteral */
  value(depth = 0): Json {
    if (depth > 50) throw new NotALiteral(this.position)
    this.skipSpace()
    if (this.accept('{')) return this.#braces(depth)
    if (this.accept('[')) return this.#items(']', depth).items
    if (this.accept('(')) {
      const { items, hadComma } = this.#items(')', depth)
      return items.length === 1 && !hadComma ? (items[0] ?? null) : items
    }
    const text = this.#strings()
    if (text !== null) return text
    const number = this.#match(NUMBER)
    if (number !== null) return toNumber(number[0])
    const start = this.position
    const word = this.#match(WORD)?.[0]
    const constant = word === undefined ? undefined : CONSTANTS.get(word)
    if (constant === undefined) throw new NotALiteral(start)
    return constant
  }

  #items(end: string, depth: number): { items: Json[]; hadComma: boolean } {
    const items: Json[] = []
    let hadComma = false
    for (;;) {
      if (this.accept(end)) return { items, hadComma }
      items.push(this.value(depth + 1))
      if (this.accept(',')) hadComma = true
      else if (this.accept(end)) return { items, hadComma }
      else throw new NotALiteral(this.position)
    }
  }

  /** A dict; a set of values becomes a list. */
  #braces(depth: number): Json {
    const entries: [string, Json][] = []
    const members: Json[] = []
    while (!this.accept('}')) {
      const key = this.value(depth + 1)
      if (this.accept(':')) {
        // Keys within keys as JSON text would double in length at each level; Python hashes no dict or list anyway.
        if (typeof key === 'object' && key !== null) throw new NotALiteral(this.position)
        entries.push([typeof key === 'string' ? key : JSON.stringify(key), this.value(depth + 1)])
      } else members.push(key)
      if (!this.accept(',')) {
        if (this.accept('}')) break
        throw new NotALiteral(this.position)
      }
    }
    if (members.length > 0 && entries.length > 0) throw new NotALiteral(this.position)
    // Not assignment: a key such as __proto__ must stay a key.
    return members.length > 0 ? members : Object.fromEntries(entries)
  }

  /** One string, or several side by side, which Python joins; null when none comes next. */
  #strings(): string | null {
    let text: string | null = null
    for (;;) {
      this.skipSpace()
      const start = this.#match(STRING_START)
      if (start === null) return text
      const prefix = (start[1] ?? '').toLowerCase()
      const body = this.#stringBody(start[2] ?? '"', prefix.includes('r'))
      // An f-string with a field is no constant; bytes have no JSON.
      if (prefix.includes('b') || (prefix.includes('f') && /(?<!\{)\{(?!\{)/.test(body)))
        throw new NotALiteral(this.position)
      text = (text ?? '') + body
    }
  }

  #stringBody(quote: string, isRaw: boolean): string {
    const source = this.#source
    let text = ''
    for (;;) {
      const char = source[this.position]
      if (char === undefined || (quote.length === 1 && char === '\n'))
        throw new NotALiteral(this.position)
      if (source.startsWith(quote, this.position)) {
        this.position += quote.length
        return text
      }
      this.position += 1
      if (char !== '\\') text += char
      else if (isRaw) {
        text += char + (source[this.position] ?? '')
        this.position += 1
      } else text += this.#escape()
    }
  }

  #escape(): string {
    const coded = this.#match(/x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})/y)
    if (coded !== null) {
      const code =
        coded[4] === undefined
          ? Number.parseInt(coded[1] ?? coded[2] ?? coded[3] ?? '', 16)
          : Number.parseInt(coded[4], 8)
      return code <= 0x10ffff ? String.fromCodePoint(code) : '\uFFFD'
    }
    const char = this.#source[this.position] ?? ''
    this.position += 1
    return ESCAPES[char] ?? (char === '\\' || char === '"' || char === "'" ? char : `\\${char}`)
  }
}

const toNumber = (text: string): number => {
  const plain = text.replaceAll('_', '')
  const signed = /^([+-])(0[xob].*)$/i.exec(plain)
  return signed === null ? Number(plain) : Number(signed[2]) * (signed[1] === '-' ? -1 : 1)
}
