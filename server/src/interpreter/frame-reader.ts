/** Splits a stream into lines and, where a line announces them, the bytes that follow it. */
export class FrameReader {
  readonly #onLine: (line: Buffer) => number
  readonly #onBody: (body: Buffer) => void
  #chunks: Buffer[] = []
  #pending = 0
  /** Bytes of the body that is awaited; null while it is a line. */
  #wanted: number | null = null

  /** @param onLine gives the number of bytes that follow the line, 0 for none */
  constructor(onLine: (line: Buffer) => number, onBody: (body: Buffer) => void) {
    this.#onLine = onLine
    this.#onBody = onBody
  }

  /** Bytes of the line that has not ended yet; the caller bounds them, and what it lets a line announce. */
  get pendingLineBytes(): number {
    return this.#wanted === null ? this.#pending : 0
  }

  push(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) {
      const end = this.#wanted === null ? rest.indexOf(10) : this.#wanted - this.#pending
      if (end < 0 || end > rest.length || (this.#wanted === null && end === rest.length)) {
        this.#chunks.push(rest)
        this.#pending += rest.length
        return
      }
      const whole = Buffer.concat([...this.#chunks, rest.subarray(0, end)])
      rest = rest.subarray(this.#wanted === null ? end + 1 : end)
      this.#chunks = []
      this.#pending = 0
      if (this.#wanted !== null) {
        this.#wanted = null
        this.#onBody(whole)
      } else {
        const wanted = this.#onLine(whole)
        if (wanted > 0) this.#wanted = wanted
      }
    }
  }
}
