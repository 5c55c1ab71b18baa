import { invalidFile } from './extract-error.ts'

/** Most text one file may give, in UTF-16 units: 5,000,000 tokens of Latin text (behaviour.md 14). */
const MAX_TEXT_LENGTH = 20_000_000

/** Gathers a file's text, up to the limit. */
export class TextSink {
  #length = 0
  readonly #pieces: string[] = []

  get length(): number {
    return this.#length
  }

  /** @throws ExtractError invalid_file when the file holds more text than may be indexed */
  add(piece: string): void {
    this.#length += piece.length
    if (this.#length > MAX_TEXT_LENGTH) {
      throw invalidFile(
        'The file holds more text than can be indexed (about 5,000,000 tokens). Split it into smaller files.',
      )
    }
    this.#pieces.push(piece)
  }

  /** The whole text, with line ends as `\n`, no NUL characters, no lone halves of characters, and no long runs of empty lines. */
  finish(): string {
    return this.#pieces
      .join('')
      .replaceAll(/\r\n?/g, '\n')
      .replaceAll('\0', '')
      .toWellFormed()
      .replaceAll(/[ \t\u00a0]+\n/g, '\n')
      .replaceAll(/\n{3,}/g, '\n\n')
  }
}
