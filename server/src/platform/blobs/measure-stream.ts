import { createHash, type Hash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { errors } from '../errors.ts'

/** Passes bytes on, counts them, takes their MD5, and fails with AppError 413 when there are more than allowed. */
export class MeasureStream extends Transform {
  readonly #maxBytes: number
  readonly #hash: Hash = createHash('md5')
  bytes = 0

  constructor(maxBytes: number) {
    super()
    this.#maxBytes = maxBytes
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length
    if (this.bytes > this.#maxBytes) {
      done(errors.fileTooLarge(this.#maxBytes))
      return
    }
    this.#hash.update(chunk)
    done(null, chunk)
  }

  /** MD5 of everything that passed, as hex; once, at the end. */
  md5(): string {
    return this.#hash.digest('hex')
  }
}
