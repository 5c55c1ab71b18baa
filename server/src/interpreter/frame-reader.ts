const FIRST_LINE_BYTES = 4096

/**
 * Splits a stream into lines and, where a line announces them, the bytes that follow it. It holds no more than twice what has come,
 * however small the pieces are.
 */
export class FrameReader {
  readonly #onLine: (line: Buffer) => number
  readonly #onBody: (body: Buffer) => void
  #pending: Buffer = Buffer.alloc(0)
  #size = 0
  #isBody = false

  /** @param onLine gives the number of bytes that follow the line, 0 for none; the caller bounds it */
  constructor(onLine: (line: Buffer) => number, onBody: (body: Buffer) => void) {
    this.#onLine = onLine
    this.#onBody = onBody
  }

  /** Bytes of the line that has not ended yet; the caller bounds them. */
  get pendingLineBytes(): number {
    return this.#isBody ? 0 : this.#size
  }

  push(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) {
      const end = this.#isBody ? this.#pending.length - this.#size : rest.indexOf(10)
      const isWhole = end >= 0 && end <= rest.length
      this.#append(isWhole ? rest.subarray(0, end) : rest)
      if (!isWhole) return
      rest = rest.subarray(this.#isBody ? end : end + 1)
      const whole = this.#pending.subarray(0, this.#size)
      this.#pending = Buffer.alloc(0)
      this.#size = 0
      if (this.#isBody) {
        this.#isBody = false
        this.#onBody(whole)
        continue
      }
      const wanted = this.#onLine(whole)
      this.#isBody = wanted > 0
      if (this.#isBody) this.#pending = Buffer.alloc(wanted)
    }
  }

  #append(piece: Buffer): void {
    const size = this.#size + piece.length
    if (size > this.#pending.length) {
      const larger = Buffer.alloc(Math.max(size, this.#pending.length * 2, FIRST_LINE_BYTES))
      this.#pending.copy(larger, 0, 0, this.#size)
      this.#pending = larger
    }
    piece.copy(this.#pending, this.#size)
    this.#size = size
  }
}
