import type { FilePurpose } from '@melzi/contract/file.ts'
import { ownRows, type Owned, type Owner } from '../../platform/principal.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'

export interface FileRecord extends Owned {
  workspaceId: string
  id: string
  /** Unix seconds. */
  createdAt: number
  /** Unix seconds from which on the file is gone; null: never. */
  expiresAt: number | null
  purpose: FilePurpose
  filename: string
  bytes: number
}

/** A piece of a file's content. */
export interface FileBlob {
  blobId: string
  bytes: number
}

const toRecord = (row: Row): FileRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  ownerId: row['owner_id'] as string,
  madeBy: row['made_by'] as string | null,
  createdAt: row['created_at'] as number,
  expiresAt: row['expires_at'] as number | null,
  purpose: row['purpose'] as FilePurpose,
  filename: row['filename'] as string,
  bytes: row['bytes'] as number,
})

/** @param now Unix seconds: a file that has expired by then is not found */
export const findFile = async (
  db: Reader,
  workspaceId: string,
  id: string,
  now: number,
): Promise<FileRecord | null> => {
  const row = await db.get(
    'select * from files where workspace_id = ?1 and id = ?2 and (expires_at is null or expires_at > ?3)',
    [workspaceId, id, now],
  )
  return row === null ? null : toRecord(row)
}

/** Several files, whoever's, in no order; those that are not there are left out. @param ids at most some hundred */
export const findFiles = async (
  db: Reader,
  workspaceId: string,
  ids: readonly string[],
  now: number,
): Promise<FileRecord[]> => {
  if (ids.length === 0) return []
  const rows = await db.all(
    `select * from files where workspace_id = ?1 and (expires_at is null or expires_at > ?2)
     and id in (${ids.map((_, i) => `?${i + 3}`).join(', ')})`,
    [workspaceId, now, ...ids],
  )
  return rows.map(toRecord)
}

/** Several files of one person, in no order; those that are not there are left out. @param ids at most some hundred */
export const findOwnedFiles = async (
  db: Reader,
  owner: Owner,
  ids: readonly string[],
  now: number,
): Promise<FileRecord[]> => {
  const { where, params } = ownRows(owner)
  const first = params.length + 2
  const rows = await db.all(
    `select * from files where ${where} and (expires_at is null or expires_at > ?${first - 1})
     and id in (${ids.map((_, i) => `?${i + first}`).join(', ')})`,
    [...params, now, ...ids],
  )
  return rows.map(toRecord)
}

/** @param now Unix seconds; @param purpose only files of this one, or null for all */
export const listFiles = async (
  db: Reader,
  owner: Owner,
  purpose: string | null,
  now: number,
  query: PageQuery,
): Promise<Page<FileRecord>> => {
  const own = ownRows(owner)
  const params: SqlValue[] = [...own.params, now]
  const conditions = [own.where, `(expires_at is null or expires_at > ?${params.length})`]
  if (purpose !== null) conditions.push(`purpose = ?${params.push(purpose)}`)
  const page = await selectPage<Row>(
    db,
    {
      table: 'files',
      where: conditions.join(' and '),
      params,
      orderBy: 'id',
      kind: 'file',
    },
    query,
  )
  return { items: page.items.map(toRecord), hasMore: page.hasMore }
}

/** @param blobs the content in order, as many bytes together as the record says */
export const insertFile = async (
  tx: Tx,
  record: FileRecord,
  blobs: readonly FileBlob[],
): Promise<void> => {
  await tx.run(
    `insert into files (workspace_id, id, owner_id, created_at, expires_at, purpose, filename, bytes, made_by)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`,
    [
      record.workspaceId,
      record.id,
      record.ownerId,
      record.createdAt,
      record.expiresAt,
      record.purpose,
      record.filename,
      record.bytes,
      record.madeBy,
    ],
  )
  for (const [position, { blobId, bytes }] of blobs.entries()) {
    await tx.run(
      'insert into file_blobs (workspace_id, file_id, position, blob_id, bytes) values (?1, ?2, ?3, ?4, ?5)',
      [record.workspaceId, record.id, position, blobId, bytes],
    )
  }
}

/** A file's content, in order. */
export const blobsOfFile = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<FileBlob[]> => {
  const rows = await db.all(
    'select blob_id, bytes from file_blobs where workspace_id = ?1 and file_id = ?2 order by position',
    [workspaceId, id],
  )
  return rows.map((row) => ({ blobId: row['blob_id'] as string, bytes: row['bytes'] as number }))
}

/** Removes the row and all that refers to it. */
export const deleteFile = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from files where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

/** Files of all workspaces whose time is over; `now` in Unix seconds. */
export const expiredFiles = async (
  db: Reader,
  now: number,
  limit: number,
): Promise<{ workspaceId: string; id: string }[]> => {
  const rows = await db.all(
    'select workspace_id, id from files where expires_at is not null and expires_at <= ?1 order by expires_at limit ?2',
    [now, limit],
  )
  return rows.map((row) => ({
    workspaceId: row['workspace_id'] as string,
    id: row['id'] as string,
  }))
}

export const isFileBlob = async (
  db: Reader,
  workspaceId: string,
  blobId: string,
): Promise<boolean> =>
  (await db.get(
    'select 1 as found from file_blobs where workspace_id = ?1 and blob_id = ?2 limit 1',
    [workspaceId, blobId],
  )) !== null
