import type { Metadata } from '@melzi/contract/metadata.ts'
import { ownRows, type Owned, type Owner } from '../../platform/principal.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, Tx } from '../../platform/store/store.ts'

export interface ThreadRecord extends Owned {
  workspaceId: string
  id: string
  /** Unix seconds. */
  createdAt: number
  metadata: Metadata
  /** The run that holds the lock, from its creation until its end state (behaviour.md 8). */
  activeRunId: string | null
}

const toRecord = (row: Row): ThreadRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  ownerId: row['owner_id'] as string,
  madeBy: row['made_by'] as string | null,
  createdAt: row['created_at'] as number,
  metadata: JSON.parse(row['metadata'] as string) as Metadata,
  activeRunId: row['active_run_id'] as string | null,
})

export const findThread = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<ThreadRecord | null> => {
  const row = await db.get('select * from threads where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toRecord(row)
}

/** A person's threads; what others own is not counted among them. */
export const listThreads = async (
  db: Reader,
  owner: Owner,
  query: PageQuery,
): Promise<Page<ThreadRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'threads',
      ...ownRows(owner),
      orderBy: 'id',
      kind: 'thread',
    },
    query,
  )
  return { items: page.items.map(toRecord), hasMore: page.hasMore }
}

/**
 * The thread, its row locked until the unit ends: what is decided on its state (lock, next position) cannot be overtaken. An update
 * is the portable way to lock; SQLite's units run one at a time anyway.
 */
export const findThreadForUpdate = async (
  tx: Tx,
  workspaceId: string,
  id: string,
): Promise<ThreadRecord | null> => {
  const row = await tx.get(
    'update threads set next_position = next_position where workspace_id = ?1 and id = ?2 returning *',
    [workspaceId, id],
  )
  return row === null ? null : toRecord(row)
}

export const insertThread = async (tx: Tx, record: ThreadRecord): Promise<void> => {
  await tx.run(
    `insert into threads (workspace_id, id, owner_id, created_at, metadata, tool_resources, active_run_id, next_position, made_by)
     values (?1, ?2, ?3, ?4, ?5, '{}', ?6, 1, ?7)`,
    [
      record.workspaceId,
      record.id,
      record.ownerId,
      record.createdAt,
      JSON.stringify(record.metadata),
      record.activeRunId,
      record.madeBy,
    ],
  )
}

export const updateThreadMetadata = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  metadata: Metadata,
): Promise<void> => {
  await tx.run('update threads set metadata = ?3 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
    JSON.stringify(metadata),
  ])
}

/** Takes the lock for a run, or with null lets it go. */
export const setActiveRun = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  runId: string | null,
): Promise<void> => {
  await tx.run('update threads set active_run_id = ?3 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
    runId,
  ])
}

/**
 * Reserves positions for `count` messages at the end of the thread.
 * @returns the first of them; null when the thread is gone
 */
export const takePositions = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  count: number,
): Promise<number | null> => {
  const row = await tx.get<{ next_position: number }>(
    'update threads set next_position = next_position + ?3 where workspace_id = ?1 and id = ?2 returning next_position',
    [workspaceId, id, count],
  )
  return row === null ? null : row.next_position - count
}

/** Messages, runs and steps go with it (behaviour.md 3). */
export const deleteThread = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from threads where workspace_id = ?1 and id = ?2', [workspaceId, id])
}
