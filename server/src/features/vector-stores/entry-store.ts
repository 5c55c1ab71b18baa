import type {
  Attributes,
  StoreFileError,
  StoreFileStatus,
} from '@melzi/contract/vector-store-file.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'

/** A file in a store. */
export interface EntryRecord {
  workspaceId: string
  storeId: string
  fileId: string
  /** Its own id: a file that is added again gets a new one. */
  entryId: string
  batchId: string | null
  /** Unix seconds. */
  createdAt: number
  filename: string
  status: StoreFileStatus
  lastError: StoreFileError | null
  attributes: Attributes
  maxTokens: number
  overlapTokens: number
  usageBytes: number
  attempt: number
  tries: number
}

export const toEntry = (row: Row): EntryRecord => ({
  workspaceId: row['workspace_id'] as string,
  storeId: row['store_id'] as string,
  fileId: row['id'] as string,
  entryId: row['entry_id'] as string,
  batchId: row['batch_id'] as string | null,
  createdAt: row['created_at'] as number,
  filename: row['filename'] as string,
  status: row['status'] as StoreFileStatus,
  lastError: (typeof row['last_error'] === 'string'
    ? JSON.parse(row['last_error'])
    : null) as StoreFileError | null,
  attributes: JSON.parse(row['attributes'] as string) as Attributes,
  maxTokens: row['max_tokens'] as number,
  overlapTokens: row['overlap_tokens'] as number,
  usageBytes: row['usage_bytes'] as number,
  attempt: row['attempt'] as number,
  tries: row['tries'] as number,
})

export const findEntry = async (
  db: Reader,
  workspaceId: string,
  storeId: string,
  fileId: string,
): Promise<EntryRecord | null> => {
  const row = await db.get(
    'select * from vector_store_files where workspace_id = ?1 and store_id = ?2 and id = ?3',
    [workspaceId, storeId, fileId],
  )
  return row === null ? null : toEntry(row)
}

/** Which of some files a store has, indexed or about to be. */
export const usableEntries = async (
  db: Reader,
  workspaceId: string,
  storeId: string,
  fileIds: readonly string[],
): Promise<Set<string>> => {
  const found = new Set<string>()
  for (const group of groups(fileIds)) {
    const rows = await db.all<{ id: string }>(
      `select id from vector_store_files where workspace_id = ?1 and store_id = ?2 and status in ('in_progress', 'completed')
       and id in (${group.map((_, i) => `?${i + 3}`).join(', ')})`,
      [workspaceId, storeId, ...group],
    )
    for (const { id } of rows) found.add(id)
  }
  return found
}

export interface EntryFilter {
  batchId: string | null
  status: StoreFileStatus | null
}

export const listEntries = async (
  db: Reader,
  workspaceId: string,
  storeId: string,
  filter: EntryFilter,
  query: PageQuery,
): Promise<Page<EntryRecord>> => {
  const params: SqlValue[] = [workspaceId, storeId]
  let where = 'workspace_id = ?1 and store_id = ?2'
  if (filter.batchId !== null) where += ` and batch_id = ?${params.push(filter.batchId)}`
  if (filter.status !== null) where += ` and status = ?${params.push(filter.status)}`
  const page = await selectPage<Row>(
    db,
    { table: 'vector_store_files', where, params, orderBy: 'entry_id', kind: 'file' },
    query,
  )
  return { items: page.items.map(toEntry), hasMore: page.hasMore }
}

/** Rows of one statement: few enough for its parameters. */
const GROUP = 50

function* groups<T>(items: readonly T[]): Generator<T[]> {
  for (let i = 0; i < items.length; i += GROUP) yield items.slice(i, i + GROUP)
}

/** `(?1, ?2), (?3, ?4)` */
const marks = (rows: number, columns: number): string =>
  Array.from(
    { length: rows },
    (_, row) =>
      `(${Array.from({ length: columns }, (_unused, column) => `?${row * columns + column + 1}`).join(', ')})`,
  ).join(', ')

/** Puts files into a store, in place of entries they have there, to be indexed from `dueMs` on. */
export const insertEntries = async (
  tx: Tx,
  entries: readonly EntryRecord[],
  dueMs: number,
): Promise<void> => {
  for (const group of groups(entries)) {
    const [first] = group
    if (first === undefined) return
    await tx.run(
      `delete from vector_store_files where workspace_id = ?1 and store_id = ?2 and id in (${group.map((_, i) => `?${i + 3}`).join(', ')})`,
      [first.workspaceId, first.storeId, ...group.map(({ fileId }) => fileId)],
    )
    await tx.run(
      `insert into vector_store_files (workspace_id, store_id, id, entry_id, batch_id, created_at, filename, status, last_error, attributes,
         max_tokens, overlap_tokens, usage_bytes, attempt, tries, due_ms) values ${marks(group.length, 16)}`,
      group.flatMap((entry): SqlValue[] => [
        entry.workspaceId,
        entry.storeId,
        entry.fileId,
        entry.entryId,
        entry.batchId,
        entry.createdAt,
        entry.filename,
        entry.status,
        entry.lastError === null ? null : JSON.stringify(entry.lastError),
        JSON.stringify(entry.attributes),
        entry.maxTokens,
        entry.overlapTokens,
        entry.usageBytes,
        entry.attempt,
        entry.tries,
        entry.status === 'in_progress' ? dueMs : null,
      ]),
    )
  }
  await insertAttributes(tx, entries)
}

const insertAttributes = async (
  tx: Tx,
  entries: readonly Pick<EntryRecord, 'workspaceId' | 'entryId' | 'attributes'>[],
): Promise<void> => {
  const rows = entries.flatMap(({ workspaceId, entryId, attributes }) =>
    Object.entries(attributes).map(([key, value]): SqlValue[] => [
      workspaceId,
      entryId,
      key,
      typeof value,
      typeof value === 'number' ? null : String(value),
      typeof value === 'number' ? value : null,
    ]),
  )
  for (const group of groups(rows)) {
    await tx.run(
      `insert into vector_store_attributes (workspace_id, entry_id, key, kind, text_value, number_value) values ${marks(group.length, 6)}`,
      group.flat(),
    )
  }
}

export const replaceAttributes = async (
  tx: Tx,
  entry: EntryRecord,
  attributes: Attributes,
): Promise<void> => {
  const { workspaceId, entryId } = entry
  await tx.run(
    'update vector_store_files set attributes = ?3 where workspace_id = ?1 and entry_id = ?2',
    [workspaceId, entryId, JSON.stringify(attributes)],
  )
  await tx.run('delete from vector_store_attributes where workspace_id = ?1 and entry_id = ?2', [
    workspaceId,
    entryId,
  ])
  await insertAttributes(tx, [{ workspaceId, entryId, attributes }])
}

/** Chunks go with it; the file stays. */
export const deleteEntry = async (tx: Tx, entry: EntryRecord): Promise<void> => {
  await tx.run('delete from vector_store_files where workspace_id = ?1 and entry_id = ?2', [
    entry.workspaceId,
    entry.entryId,
  ])
}

/** Ends the waiting and running work of a batch, and drops what it had written. @returns how many files were cancelled */
export const cancelEntries = async (
  tx: Tx,
  workspaceId: string,
  batchId: string,
): Promise<number> => {
  const rows = await tx.all<{ entry_id: string }>(
    `update vector_store_files set status = 'cancelled', due_ms = null, lease_owner = null, attempt = attempt + 1
     where workspace_id = ?1 and batch_id = ?2 and status = 'in_progress' returning entry_id`,
    [workspaceId, batchId],
  )
  for (const { entry_id: entryId } of rows) {
    await tx.run('delete from vector_chunks where workspace_id = ?1 and entry_id = ?2', [
      workspaceId,
      entryId,
    ])
  }
  return rows.length
}
