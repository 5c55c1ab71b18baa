/** Takes what a call prints, up to its end mark: keeps the first part, counts the rest. */
import { StringDecoder } from 'node:string_decoder'

export class PrintedText {
  readonly #mark: Buffer
  readonly #limit: number
  readonly #onPiece: (piece: string) => void
  readonly #decoder = new StringDecoder('utf8')
  #held: Buffer = Buffer.alloc(0)
  #text = ''
  #bytes = 0
  /** All bytes, kept or not. */
  rawBytes = 0
  /** Whether the end mark has come; what follows it is nobody's. */
  isWhole = false

  /** @param limit bytes that are kept @param mark begins with a byte 0 */
  constructor(mark: string, limit: number, onPiece: (piece: string) => void) {
    this.#mark = Buffer.from(mark)
    this.#limit = limit
    this.#onPiece = onPiece
  }

  push(chunk: Buffer): void {
    if (this.isWhole) return
    this.rawBytes += chunk.length
    const all = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const at = all.indexOf(this.#mark)
    if (at >= 0) {
      this.isWhole = true
      this.#held = Buffer.alloc(0)
      return this.#keep(all.subarray(0, at))
    }
    // The mark may have come in part.
    const start = all.indexOf(0, Math.max(0, all.length - this.#mark.length + 1))
    this.#held = start < 0 ? Buffer.alloc(0) : Buffer.from(all.subarray(start))
    this.#keep(start < 0 ? all : all.subarray(0, start))
  }

  #keep(bytes: Buffer): void {
    const kept = bytes.subarray(0, Math.max(0, this.#limit - this.#bytes))
    this.#bytes += bytes.length
    if (kept.length === 0) return
    const text = this.#decoder.write(kept)
    this.#text += text
    if (text !== '') this.#onPiece(text)
  }

  /** The text that was kept, with a line that says so when there was more. */
  end(): string {
    this.#keep(this.#held)
    this.#held = Buffer.alloc(0)
    const cut = this.#bytes > this.#limit
    return cut
      ? `${this.#text}\n[output cut after ${this.#limit} bytes]\n`
      : this.#text + this.#decoder.end()
  }
}
