import { Readable } from 'node:stream'
import type { BlobStore, ByteRange } from '../../platform/blobs/blob-store.ts'
import { AppError } from '../../platform/errors.ts'
import type { FileBlob } from './store.ts'

/** Stored bytes that no row holds yet. Disposing of them deletes them, unless a row holds them. */
export class NewContent implements AsyncDisposable {
  readonly blobId: string
  readonly bytes: number
  readonly #delete: () => Promise<void>
  #kept = false

  constructor(stored: { id: string; bytes: number }, remove: () => Promise<void>) {
    this.blobId = stored.id
    this.bytes = stored.bytes
    this.#delete = remove
  }

  /**
   * Runs the write unit whose rows hold the content, which is then kept. A refusal leaves it unheld; after any other error it is kept
   * too, because a commit that failed here may have happened there, and what is not held the sweep finds.
   */
  async heldBy<T>(write: () => Promise<T>): Promise<T> {
    this.#kept = true
    try {
      return await write()
    } catch (error) {
      if (error instanceof AppError) this.#kept = false
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#kept) await this.#delete()
  }
}

/** Takes a stream in as a blob that nothing holds yet. @throws AppError 413 when it is longer than `maxBytes` */
export const receiveContent = async (
  blobs: BlobStore,
  workspaceId: string,
  content: Readable,
  maxBytes: number,
): Promise<NewContent> => {
  const stored = await blobs.putStream(workspaceId, content, { maxBytes })
  return new NewContent(stored, () => blobs.delete(workspaceId, stored.id))
}

/**
 * The bytes of several blobs as one stream, of which only one is open at a time.
 * @param range within the whole; all of it when left out
 * @param whyMissing what the stream fails with when a blob is not there; null where nobody knows
 */
export const joinBlobs = (
  blobs: BlobStore,
  workspaceId: string,
  pieces: readonly FileBlob[],
  range?: ByteRange,
  whyMissing: WhyMissing = async () => null,
): Readable =>
  Readable.from(chunks(blobs, workspaceId, pieces, whyMissing, range), { objectMode: false })

type WhyMissing = () => Promise<AppError | null>

async function* chunks(
  blobs: BlobStore,
  workspaceId: string,
  pieces: readonly FileBlob[],
  whyMissing: WhyMissing,
  range: ByteRange = { start: 0, end: Infinity },
): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const { blobId, bytes } of pieces) {
    const start = Math.max(range.start - at, 0)
    const end = Math.min(range.end - at, bytes)
    at += bytes
    if (start >= end) continue
    const stream = await blobs.open(workspaceId, blobId, { start, end })
    if (stream === null)
      throw (await whyMissing()) ?? new Error(`blob ${blobId} of a file is missing`)
    for await (const chunk of stream) yield chunk as Uint8Array
  }
}
