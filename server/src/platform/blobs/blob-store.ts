export interface StoredBlob {
  readonly workspaceId: string
  readonly id: string
}

/**
 * Bytes that rows point to, kept once per workspace under the SHA-256 of their content. Nothing here counts references: a sweep asks
 * for old blobs and deletes those no row holds. Every method throws an Error for an id or a workspace id of the wrong form.
 */
export interface BlobStore {
  /** Stores the bytes durably, or makes the blob that is there already young again. Gives its id: SHA-256 as 64 hex digits. */
  put(workspaceId: string, bytes: Uint8Array): Promise<string>
  /** The bytes, or null when there is no such blob. */
  get(workspaceId: string, id: string): Promise<Uint8Array | null>
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
