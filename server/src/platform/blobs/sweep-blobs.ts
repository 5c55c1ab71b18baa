import type { BlobStore } from './blob-store.ts'

/** Tells whether rows of a feature hold a blob. */
export type HoldsBlob = (workspaceId: string, blobId: string) => Promise<boolean>

/** A blob that no row holds is swept when it is older than this; a request may be about to write the row of a younger one. */
const SWEEP_AGE_MS = 60 * 60 * 1000

/**
 * Deletes blobs that no row holds any more.
 * @param holders asked one after the other: where a blob may move from one holder's rows to another's, the one it leaves comes first
 * @param nowMs milliseconds since 1970
 * @returns how many were deleted
 */
export const sweepBlobs = async (
  blobs: BlobStore,
  holders: readonly HoldsBlob[],
  nowMs: number,
): Promise<number> => {
  let swept = 0
  const before = nowMs - SWEEP_AGE_MS
  for await (const { workspaceId, id } of blobs.olderThan(before)) {
    if (await isHeld(holders, workspaceId, id)) continue
    await blobs.delete(workspaceId, id, before)
    swept += 1
  }
  return swept
}

const isHeld = async (
  holders: readonly HoldsBlob[],
  workspaceId: string,
  id: string,
): Promise<boolean> => {
  for (const holds of holders) if (await holds(workspaceId, id)) return true
  return false
}
