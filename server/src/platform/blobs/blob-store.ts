import type { Readable } from 'node:stream'

export interface StoredBlob {
  readonly workspaceId: string
  readonly id: string
}

/** What became of a stream that was stored. */
export interface StoredStream {
  /** 64 hex digits, never given out before. */
  readonly id: string
  readonly bytes: number
  /** Of the content, as hex. */
  readonly md5: string
}

/** Bytes `start` to before `end`, both counted from 0. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * Bytes that rows point to, kept apart by workspace. Nothing here counts references: a sweep asks for old blobs and deletes those no
 * row holds. Every method throws an Error for an id or a workspace id of the wrong form.
 */
export interface BlobStore extends AsyncDisposable {
  /**
   * Stores the bytes durably under the SHA-256 of their content, once per workspace, or makes the blob that is there already young
   * again. Gives its id: 64 hex digits.
   */
  put(workspaceId: string, bytes: Uint8Array): Promise<string>
  /**
   * Stores a stream durably as a blob of its own, never holding more than a few buffers of it in memory. A blob that cannot be read
   * whole does not appear, whatever ends the process.
   * @throws AppError 413 when more than `maxBytes` come; whatever the stream or the disk throws. The stream is destroyed then.
   */
  putStream(
    workspaceId: string,
    content: Readable,
    options: { readonly maxBytes: number },
  ): Promise<StoredStream>
  /** The bytes, or null when there is no such blob. */
  get(workspaceId: string, id: string): Promise<Uint8Array | null>
  /**
   * The bytes as a stream, which the caller must read or destroy; null when there is no such blob.
   * @param range must not be empty, and lie within the blob
   */
  open(workspaceId: string, id: string, range?: ByteRange): Promise<Readable | null>
  /**
   * Removes a blob; one that is not there is no error.
   * @param olderThanMs leaves a blob that was put at or after this time (ms since 1970): a sweep gives the time it listed with
   */
  delete(workspaceId: string, id: string, olderThanMs?: number): Promise<void>
  /**
   * Blobs of all workspaces last put before a time, for the sweep.
   * @param timeMs milliseconds since 1970; leave room for requests that have put a blob and not yet written the row that holds it
   */
  olderThan(timeMs: number): AsyncIterable<StoredBlob>
}
