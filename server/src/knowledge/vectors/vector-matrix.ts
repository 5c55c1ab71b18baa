import {
  createDotKernel,
  MAX_ROWS,
  SCORES_AT,
  STEP,
  VECTORS_AT,
  type DotKernel,
  type WasmMemory,
} from './dot-kernel.ts'

const PAGE = 65_536

interface Range {
  entry: string
  start: number
  count: number
}

/** A store's vectors, one after another in the kernel's memory, with the entries and chunks they belong to. */
export class VectorMatrix {
  /** Numbers of one vector. */
  readonly dimensions: number
  readonly #bytes: number
  readonly #memory: WasmMemory
  readonly #kernel: DotKernel
  #ids = new Float64Array(64)
  #rows = 0
  #ranges: Range[] = []

  constructor(dimensions: number) {
    this.dimensions = dimensions
    this.#bytes = Math.ceil(dimensions / STEP) * STEP * 4
    if (this.#bytes > SCORES_AT) throw new Error(`vectors of ${dimensions} numbers are too long`)
    const { memory, dot } = createDotKernel()
    this.#memory = memory
    this.#kernel = dot
  }

  add(entry: string, ids: Float64Array, vectors: Float32Array): void {
    const start = this.#rows
    this.#reserve(start + ids.length)
    this.#ids.set(ids, start)
    for (let row = 0; row < ids.length; row += 1) {
      const at = VECTORS_AT + (start + row) * this.#bytes
      const target = new Float32Array(this.#memory.buffer, at, this.#bytes / 4)
      target.fill(0, this.dimensions)
      target.set(vectors.subarray(row * this.dimensions, (row + 1) * this.dimensions))
    }
    this.#rows += ids.length
    this.#ranges.push({ entry, start, count: ids.length })
  }

  /** Closes the gaps that entries leave. */
  drop(entries: ReadonlySet<string>): void {
    const memory = new Uint8Array(this.#memory.buffer)
    let rows = 0
    const kept: Range[] = []
    for (const { entry, start, count } of this.#ranges) {
      if (entries.has(entry)) continue
      const from = VECTORS_AT + start * this.#bytes
      memory.copyWithin(VECTORS_AT + rows * this.#bytes, from, from + count * this.#bytes)
      this.#ids.copyWithin(rows, start, start + count)
      kept.push({ entry, start: rows, count })
      rows += count
    }
    this.#ranges = kept
    this.#rows = rows
  }

  /** Calls `found` with each chunk and its dot product. @param allowed only chunks of these entries; null for all */
  scan(
    query: Float32Array,
    allowed: ReadonlySet<string> | null,
    found: (id: number, score: number) => void,
  ): void {
    const question = new Float32Array(this.#memory.buffer, 0, this.#bytes / 4)
    question.fill(0)
    question.set(query)
    const scores = new Float32Array(this.#memory.buffer, SCORES_AT, MAX_ROWS)
    const ranges =
      allowed === null
        ? [{ start: 0, count: this.#rows }]
        : this.#ranges.filter(({ entry }) => allowed.has(entry))
    for (const { start, count } of ranges) {
      for (let done = 0; done < count; done += MAX_ROWS) {
        const first = start + done
        const rows = Math.min(MAX_ROWS, count - done)
        this.#kernel(VECTORS_AT + first * this.#bytes, rows, this.#bytes)
        for (let row = 0; row < rows; row += 1) found(this.#ids[first + row]!, scores[row]!)
      }
    }
  }

  #reserve(rows: number): void {
    const missing = VECTORS_AT + rows * this.#bytes - this.#memory.buffer.byteLength
    // A quarter more than needed, so that many small files do not grow it one by one.
    if (missing > 0) this.#memory.grow(Math.ceil((missing + (rows * this.#bytes) / 4) / PAGE))
    if (rows <= this.#ids.length) return
    const ids = new Float64Array(Math.max(rows, this.#ids.length * 2))
    ids.set(this.#ids)
    this.#ids = ids
  }
}
