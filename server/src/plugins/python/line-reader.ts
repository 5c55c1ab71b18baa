/** Splits a byte stream into lines without ever joining what is not yet a line. The caller bounds what is pending. */
export class LineReader {
  #chunks: Buffer[] = []
  #pending = 0
  #isClosed = false
  readonly #onLine: (line: Buffer) => void

  constructor(onLine: (line: Buffer) => void) {
    this.#onLine = onLine
  }

  /** Bytes of the line that has not ended yet. */
  get pendingBytes(): number {
    return this.#pending
  }

  pendingStartsWith(text: string): boolean {
    const first = this.#chunks[0]
    if (first === undefined) return false
    const head =
      first.length >= text.length ? first : Buffer.concat(this.#chunks.slice(0, text.length))
    return head.subarray(0, text.length).toString('latin1') === text
  }

  /** Forgets what is pending and ignores what comes, the rest of a chunk at work included. */
  close(): void {
    this.#isClosed = true
    this.#chunks = []
    this.#pending = 0
  }

  push(chunk: Buffer): void {
    let rest = chunk
    for (let end = rest.indexOf(10); end >= 0 && !this.#isClosed; end = rest.indexOf(10)) {
      const line = Buffer.concat([...this.#chunks, rest.subarray(0, end)])
      this.#chunks = []
      this.#pending = 0
      rest = rest.subarray(end + 1)
      this.#onLine(line)
    }
    if (rest.length === 0 || this.#isClosed) return
    this.#chunks.push(rest)
    this.#pending += rest.length
  }
}
