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
  /** Messages and runs that wait for their turn; none without an active run. */
  waiting: number
}

const toRecord = (row: Row): ThreadRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  ownerId: row['owner_id'] as string,
  madeBy: row['made_by'] as string | null,
  createdAt: row['created_at'] as number,
  metadata: JSON.parse(row['metadata'] as string) as Metadata,
  activeRunId: row['active_run_id'] as string | null,
  waiting: row['waiting'] as number,
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

/** Takes the lock for a run. */
export const setActiveRun = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  runId: string,
): Promise<void> => {
  await tx.run('update threads set active_run_id = ?3 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
    runId,
  ])
}

/**
 * Lets a run's lock go, unless somebody waits for it: then {@link passOn} says who has it next. Either way the row is the unit's.
 * @returns how many wait; null when the lock is not that run's, or the thread is gone
 */
export const letGo = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  runId: string,
): Promise<number | null> => {
  const row = await tx.get<{ waiting: number }>(
    `update threads set active_run_id = case when waiting = 0 then null else active_run_id end
     where workspace_id = ?1 and id = ?2 and active_run_id = ?3 returning waiting`,
    [workspaceId, id, runId],
  )
  return row?.waiting ?? null
}

/** Gives the lock to the next run of the line, or with null to nobody. @param served how many have had their turn */
export const passOn = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  runId: string | null,
  served: number,
): Promise<void> => {
  await tx.run(
    'update threads set active_run_id = ?3, waiting = waiting - ?4 where workspace_id = ?1 and id = ?2',
    [workspaceId, id, runId, served],
  )
}

/**
 * Takes `count` places at the end of the line of a thread that is the unit's.
 * @returns the first of them, below zero, and how many wait then
 */
export const takePlaces = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  count: number,
): Promise<{ first: number; waiting: number }> => {
  const row = await tx.get<{ next_place: number; waiting: number }>(
    `update threads set next_place = next_place + ?3, waiting = waiting + ?3
     where workspace_id = ?1 and id = ?2 returning next_place, waiting`,
    [workspaceId, id, count],
  )
  if (row === null) throw new Error(`thread ${id} is gone inside its own unit`)
  return { first: row.next_place - count, waiting: row.waiting }
}

/** One has left the line before its turn; the thread is the unit's. */
export const leaveLine = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('update threads set waiting = waiting - 1 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
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
