import type { FilePurposeInput } from '@melzi/contract/file.ts'
import type { UploadStatus } from '@melzi/contract/upload.ts'
import type { Owned } from '../../platform/principal.ts'
import type { Reader, Row, Tx } from '../../platform/store/store.ts'

export interface UploadRecord extends Owned {
  workspaceId: string
  id: string
  /** Unix seconds. */
  createdAt: number
  /** Unix seconds: pending until then at the latest. */
  expiresAt: number
  status: UploadStatus
  purpose: FilePurposeInput
  filename: string
  mimeType: string
  /** What all parts of the file have together. */
  bytes: number
  /** Life of the file to be, seconds. */
  fileExpiresAfter: number | null
  fileId: string | null
  /** What a completed upload was made of. */
  partIds: string[] | null
}

export interface PartRecord {
  workspaceId: string
  uploadId: string
  id: string
  /** Unix seconds. */
  createdAt: number
  blobId: string
  bytes: number
}

const toUpload = (row: Row): UploadRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  ownerId: row['owner_id'] as string,
  madeBy: row['made_by'] as string | null,
  createdAt: row['created_at'] as number,
  expiresAt: row['expires_at'] as number,
  status: row['status'] as UploadStatus,
  purpose: row['purpose'] as FilePurposeInput,
  filename: row['filename'] as string,
  mimeType: row['mime_type'] as string,
  bytes: row['bytes'] as number,
  fileExpiresAfter: row['file_expires_after'] as number | null,
  fileId: row['file_id'] as string | null,
  partIds: row['part_ids'] === null ? null : (JSON.parse(row['part_ids'] as string) as string[]),
})

const toPart = (row: Row): PartRecord => ({
  workspaceId: row['workspace_id'] as string,
  uploadId: row['upload_id'] as string,
  id: row['id'] as string,
  createdAt: row['created_at'] as number,
  blobId: row['blob_id'] as string,
  bytes: row['bytes'] as number,
})

export const findUpload = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<UploadRecord | null> => {
  const row = await db.get('select * from uploads where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toUpload(row)
}

/** The upload, its row locked until the unit ends: parts are added and completed one after the other. */
export const findUploadForUpdate = async (
  tx: Tx,
  workspaceId: string,
  id: string,
): Promise<UploadRecord | null> => {
  const row = await tx.get(
    'update uploads set status = status where workspace_id = ?1 and id = ?2 returning *',
    [workspaceId, id],
  )
  return row === null ? null : toUpload(row)
}

export const insertUpload = async (tx: Tx, record: UploadRecord): Promise<void> => {
  await tx.run(
    `insert into uploads (workspace_id, id, owner_id, created_at, expires_at, status, purpose, filename, mime_type, bytes,
       file_expires_after, file_id, part_ids, made_by)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, null, null, ?12)`,
    [
      record.workspaceId,
      record.id,
      record.ownerId,
      record.createdAt,
      record.expiresAt,
      record.status,
      record.purpose,
      record.filename,
      record.mimeType,
      record.bytes,
      record.fileExpiresAfter,
      record.madeBy,
    ],
  )
}

/** Ends a pending upload; its parts' rows go. */
export const endUpload = async (
  tx: Tx,
  upload: Pick<UploadRecord, 'workspaceId' | 'id' | 'status' | 'fileId' | 'partIds'>,
): Promise<void> => {
  const { workspaceId, id, status, fileId, partIds } = upload
  await tx.run(
    'update uploads set status = ?3, file_id = ?4, part_ids = ?5 where workspace_id = ?1 and id = ?2',
    [workspaceId, id, status, fileId, partIds === null ? null : JSON.stringify(partIds)],
  )
  await tx.run('delete from upload_parts where workspace_id = ?1 and upload_id = ?2', [
    workspaceId,
    id,
  ])
}

export const insertPart = async (tx: Tx, part: PartRecord): Promise<void> => {
  await tx.run(
    'insert into upload_parts (workspace_id, upload_id, id, created_at, blob_id, bytes) values (?1, ?2, ?3, ?4, ?5, ?6)',
    [part.workspaceId, part.uploadId, part.id, part.createdAt, part.blobId, part.bytes],
  )
}

export const partsOfUpload = async (
  db: Reader,
  workspaceId: string,
  uploadId: string,
): Promise<PartRecord[]> => {
  const rows = await db.all(
    'select * from upload_parts where workspace_id = ?1 and upload_id = ?2 order by id',
    [workspaceId, uploadId],
  )
  return rows.map(toPart)
}

/** How many parts an upload has, and their bytes together. */
export const sizeOfParts = async (
  db: Reader,
  workspaceId: string,
  uploadId: string,
): Promise<{ count: number; bytes: number }> => {
  const row = await db.get<{ count: number; bytes: number }>(
    // the sum of bigints is a numeric on PostgreSQL, which would arrive as a text
    'select count(*) as count, cast(coalesce(sum(bytes), 0) as bigint) as bytes from upload_parts where workspace_id = ?1 and upload_id = ?2',
    [workspaceId, uploadId],
  )
  return row ?? { count: 0, bytes: 0 }
}

/** Pending uploads of all workspaces whose time is over; `now` in Unix seconds. */
export const overdueUploads = async (
  db: Reader,
  now: number,
  limit: number,
): Promise<UploadRecord[]> => {
  const rows = await db.all(
    `select * from uploads where expires_at <= ?1 and status = 'pending' order by expires_at limit ?2`,
    [now, limit],
  )
  return rows.map(toUpload)
}

/** Forgets uploads that were over long ago. @param before Unix seconds */
export const deleteOldUploads = (tx: Tx, before: number): Promise<number> =>
  tx.run(`delete from uploads where expires_at <= ?1 and status <> 'pending'`, [before])

export const isPartBlob = async (
  db: Reader,
  workspaceId: string,
  blobId: string,
): Promise<boolean> =>
  (await db.get(
    'select 1 as found from upload_parts where workspace_id = ?1 and blob_id = ?2 limit 1',
    [workspaceId, blobId],
  )) !== null
