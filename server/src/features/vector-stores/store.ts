import type { FileCounts } from '@melzi/contract/vector-store.ts'
import type { Metadata } from '@melzi/contract/metadata.ts'
import { ownRows, type Owned, type Owner } from '../../platform/principal.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, Tx } from '../../platform/store/store.ts'

export interface StoreRecord extends Owned {
  workspaceId: string
  id: string
  /** Unix seconds, as the other times. */
  createdAt: number
  name: string | null
  description: string | null
  metadata: Metadata
  expiresAfterDays: number | null
  lastActiveAt: number
}

/** What a store or a batch holds. */
export interface Contents {
  counts: FileCounts
  usageBytes: number
}

export interface BatchRecord {
  workspaceId: string
  id: string
  storeId: string
  createdAt: number
  cancelledAt: number | null
}

const toStore = (row: Row): StoreRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  ownerId: row['owner_id'] as string,
  madeBy: row['made_by'] as string | null,
  createdAt: row['created_at'] as number,
  name: row['name'] as string | null,
  description: row['description'] as string | null,
  metadata: JSON.parse(row['metadata'] as string) as Metadata,
  expiresAfterDays: row['expires_after_days'] as number | null,
  lastActiveAt: row['last_active_at'] as number,
})

export const findStore = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<StoreRecord | null> => {
  const row = await db.get('select * from vector_stores where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toStore(row)
}

export const listStores = async (
  db: Reader,
  owner: Owner,
  query: PageQuery,
): Promise<Page<StoreRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'vector_stores',
      ...ownRows(owner),
      orderBy: 'id',
      kind: 'vector store',
    },
    query,
  )
  return { items: page.items.map(toStore), hasMore: page.hasMore }
}

export const insertStore = async (tx: Tx, record: StoreRecord): Promise<void> => {
  await tx.run(
    `insert into vector_stores (workspace_id, id, owner_id, created_at, name, description, metadata, expires_after_days, last_active_at,
       made_by)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
    [
      record.workspaceId,
      record.id,
      record.ownerId,
      record.createdAt,
      record.name,
      record.description,
      JSON.stringify(record.metadata),
      record.expiresAfterDays,
      record.lastActiveAt,
      record.madeBy,
    ],
  )
}

export const updateStore = async (tx: Tx, record: StoreRecord): Promise<void> => {
  await tx.run(
    `update vector_stores set name = ?3, metadata = ?4, expires_after_days = ?5, last_active_at = ?6
     where workspace_id = ?1 and id = ?2`,
    [
      record.workspaceId,
      record.id,
      record.name,
      JSON.stringify(record.metadata),
      record.expiresAfterDays,
      record.lastActiveAt,
    ],
  )
}

/** Notes that stores were used, unless that was noted a moment ago. @param now Unix seconds */
export const touchStore = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  now: number,
): Promise<void> => {
  await tx.run(
    'update vector_stores set last_active_at = ?3 where workspace_id = ?1 and id = ?2 and last_active_at < ?3',
    [workspaceId, id, now],
  )
}

/** A use, as {@link touchStore}, that locks the row until the unit ends. */
export const lockStore = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  now: number,
): Promise<void> => {
  await tx.run(
    'update vector_stores set last_active_at = case when last_active_at < ?3 then ?3 else last_active_at end where workspace_id = ?1 and id = ?2',
    [workspaceId, id, now],
  )
}

/** Entries, batches and chunks go with it; the files stay. */
export const deleteStore = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from vector_stores where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

const noContents = (): Contents => ({
  counts: { in_progress: 0, completed: 0, failed: 0, cancelled: 0, total: 0 },
  usageBytes: 0,
})

/** What each of some stores or batches holds, by its id. */
export const contentsOf = async (
  db: Reader,
  workspaceId: string,
  by: 'store_id' | 'batch_id',
  ids: readonly string[],
): Promise<(id: string) => Contents> => {
  const found = new Map(ids.map((id) => [id, noContents()]))
  if (ids.length === 0) return noContents
  const rows = await db.all<{
    owner: string
    status: keyof FileCounts
    files: number
    bytes: number
  }>(
    `select ${by} as owner, status, count(*) as files, cast(sum(usage_bytes) as bigint) as bytes from vector_store_files
     where workspace_id = ?1 and ${by} in (${ids.map((_, i) => `?${i + 2}`).join(', ')}) group by ${by}, status`,
    [workspaceId, ...ids],
  )
  for (const { owner, status, files, bytes } of rows) {
    const contents = found.get(owner)
    if (contents === undefined) continue
    contents.counts[status] = files
    contents.counts.total += files
    contents.usageBytes += bytes
  }
  return (id) => found.get(id) ?? noContents()
}

export const insertBatch = async (tx: Tx, record: BatchRecord): Promise<void> => {
  await tx.run(
    'insert into vector_store_batches (workspace_id, id, store_id, created_at, cancelled_at) values (?1, ?2, ?3, ?4, ?5)',
    [record.workspaceId, record.id, record.storeId, record.createdAt, record.cancelledAt],
  )
}

export const findBatch = async (
  db: Reader,
  workspaceId: string,
  storeId: string,
  id: string,
): Promise<BatchRecord | null> => {
  const row = await db.get(
    'select * from vector_store_batches where workspace_id = ?1 and store_id = ?2 and id = ?3',
    [workspaceId, storeId, id],
  )
  if (row === null) return null
  return {
    workspaceId,
    id,
    storeId,
    createdAt: row['created_at'] as number,
    cancelledAt: row['cancelled_at'] as number | null,
  }
}

export const markBatchCancelled = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  now: number,
): Promise<void> => {
  await tx.run(
    'update vector_store_batches set cancelled_at = ?3 where workspace_id = ?1 and id = ?2',
    [workspaceId, id, now],
  )
}
