import type { Annotation, Attachment } from '@melzi/contract/message.ts'
import type { Metadata } from '@melzi/contract/metadata.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, Tx } from '../../platform/store/store.ts'

export type Detail = 'auto' | 'low' | 'high'

/** A content part as stored. A `data:` image is a blob; everything else is as on the wire. */
export type StoredPart =
  | { type: 'text'; text: { value: string; annotations: Annotation[] } }
  | { type: 'refusal'; refusal: string }
  | { type: 'image_url'; image_url: { url: string; detail: Detail } }
  | { type: 'image_file'; image_file: { file_id: string; detail?: Detail } }
  | { type: 'image_blob'; blob: string; detail: Detail }

export type IncompleteReason =
  | 'content_filter'
  | 'max_tokens'
  | 'run_cancelled'
  | 'run_expired'
  | 'run_failed'

export interface MessageRecord {
  workspaceId: string
  id: string
  threadId: string
  /** From 1 on; below zero it is the place of a message that waits for its turn. */
  position: number
  /** Unix seconds, as the other times. */
  createdAt: number
  role: 'user' | 'assistant'
  content: StoredPart[]
  /** As sent; a file may be gone since. */
  attachments: Attachment[]
  assistantId: string | null
  runId: string | null
  status: 'in_progress' | 'completed' | 'incomplete'
  incompleteReason: IncompleteReason | null
  completedAt: number | null
  incompleteAt: number | null
  metadata: Metadata
}

const toRecord = (row: Row): MessageRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  threadId: row['thread_id'] as string,
  position: row['position'] as number,
  createdAt: row['created_at'] as number,
  role: row['role'] as MessageRecord['role'],
  content: JSON.parse(row['content'] as string) as StoredPart[],
  attachments: JSON.parse(row['attachments'] as string) as Attachment[],
  assistantId: row['assistant_id'] as string | null,
  runId: row['run_id'] as string | null,
  status: row['status'] as MessageRecord['status'],
  incompleteReason: row['incomplete_reason'] as IncompleteReason | null,
  completedAt: row['completed_at'] as number | null,
  incompleteAt: row['incomplete_at'] as number | null,
  metadata: JSON.parse(row['metadata'] as string) as Metadata,
})

export const findMessage = async (
  db: Reader,
  workspaceId: string,
  threadId: string,
  id: string,
): Promise<MessageRecord | null> => {
  const row = await db.get(
    'select * from messages where workspace_id = ?1 and thread_id = ?2 and id = ?3',
    [workspaceId, threadId, id],
  )
  return row === null ? null : toRecord(row)
}

/** Those that had their turn. @param runId only messages of this run, or null for all */
export const listMessages = async (
  db: Reader,
  workspaceId: string,
  threadId: string,
  runId: string | null,
  query: PageQuery,
): Promise<Page<MessageRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'messages',
      where: `workspace_id = ?1 and thread_id = ?2 and position > 0${runId === null ? '' : ' and run_id = ?3'}`,
      params: runId === null ? [workspaceId, threadId] : [workspaceId, threadId, runId],
      orderBy: 'position',
      kind: 'message',
    },
    query,
  )
  return { items: page.items.map(toRecord), hasMore: page.hasMore }
}

/** The newest messages of a thread that had their turn, oldest first. */
export const newestMessages = async (
  db: Reader,
  workspaceId: string,
  threadId: string,
  limit: number,
): Promise<MessageRecord[]> => {
  const rows = await db.all(
    'select * from messages where workspace_id = ?1 and thread_id = ?2 and position > 0 order by position desc limit ?3',
    [workspaceId, threadId, limit],
  )
  return rows.map(toRecord).reverse()
}

/** What a run has written, oldest first. */
export const messagesOfRun = async (
  db: Reader,
  workspaceId: string,
  threadId: string,
  runId: string,
): Promise<MessageRecord[]> => {
  const rows = await db.all(
    `select * from messages where workspace_id = ?1 and thread_id = ?2 and run_id = ?3 and role = 'assistant' order by position`,
    [workspaceId, threadId, runId],
  )
  return rows.map(toRecord)
}

export const hasUserMessage = async (
  db: Reader,
  workspaceId: string,
  threadId: string,
): Promise<boolean> =>
  (await db.get(
    "select 1 as found from messages where workspace_id = ?1 and thread_id = ?2 and role = 'user' limit 1",
    [workspaceId, threadId],
  )) !== null

export const insertMessage = async (tx: Tx, record: MessageRecord): Promise<void> => {
  await tx.run(
    `insert into messages (workspace_id, id, thread_id, position, created_at, role, content, attachments, assistant_id, run_id, status,
       incomplete_reason, completed_at, incomplete_at, metadata)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)`,
    [
      record.workspaceId,
      record.id,
      record.threadId,
      record.position,
      record.createdAt,
      record.role,
      JSON.stringify(record.content),
      JSON.stringify(record.attachments),
      record.assistantId,
      record.runId,
      record.status,
      record.incompleteReason,
      record.completedAt,
      record.incompleteAt,
      JSON.stringify(record.metadata),
    ],
  )
  const blobs = new Set(
    record.content.flatMap((part) => (part.type === 'image_blob' ? [part.blob] : [])),
  )
  for (const blob of blobs) {
    await tx.run(
      'insert into message_blobs (workspace_id, blob_id, message_id) values (?1, ?2, ?3)',
      [record.workspaceId, blob, record.id],
    )
  }
}

/** Writes how a message of a run ended: content, status and its times. */
export const closeMessage = async (tx: Tx, record: MessageRecord): Promise<void> => {
  await tx.run(
    `update messages set content = ?3, status = ?4, incomplete_reason = ?5, completed_at = ?6, incomplete_at = ?7
     where workspace_id = ?1 and id = ?2`,
    [
      record.workspaceId,
      record.id,
      JSON.stringify(record.content),
      record.status,
      record.incompleteReason,
      record.completedAt,
      record.incompleteAt,
    ],
  )
}

export const updateMessageMetadata = async (
  tx: Tx,
  workspaceId: string,
  id: string,
  metadata: Metadata,
): Promise<void> => {
  await tx.run('update messages set metadata = ?3 where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
    JSON.stringify(metadata),
  ])
}

export const deleteMessage = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from messages where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

/** Messages in line before a place: how many, and the outermost places; the first is null where there are none. */
export const waitingBefore = async (
  tx: Tx,
  workspaceId: string,
  threadId: string,
  place: number,
): Promise<{ count: number; first: number | null; last: number | null }> => {
  const row = await tx.get<{ count: number; first: number | null; last: number | null }>(
    `select count(*) as count, min(position) as first, max(position) as last from messages
     where workspace_id = ?1 and thread_id = ?2 and position < ?3`,
    [workspaceId, threadId, place],
  )
  return row ?? { count: 0, first: null, last: null }
}

/** Moves the messages in line before a place by `distance`, out of the line: their order stays. */
export const moveWaiting = async (
  tx: Tx,
  workspaceId: string,
  threadId: string,
  place: number,
  distance: number,
): Promise<void> => {
  await tx.run(
    'update messages set position = position + ?4 where workspace_id = ?1 and thread_id = ?2 and position < ?3',
    [workspaceId, threadId, place, distance],
  )
}

/** Whether any message holds the blob: one that nobody holds may be swept. */
export const isBlobHeld = async (
  db: Reader,
  workspaceId: string,
  blobId: string,
): Promise<boolean> =>
  (await db.get(
    'select 1 as found from message_blobs where workspace_id = ?1 and blob_id = ?2 limit 1',
    [workspaceId, blobId],
  )) !== null
