import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'

export interface FeedbackRecord {
  workspaceId: string
  id: string
  messageId: string
  threadId: string
  runId: string | null
  assistantId: string
  /** Who says it. */
  personId: string
  /** The key it was given with. */
  madeBy: string | null
  rating: 'up' | 'down'
  comment: string | null
  /** The answer as it was, where its reader lets the makers see it. */
  answer: string | null
  /** Unix seconds. */
  createdAt: number
  updatedAt: number
}

const toRecord = (row: Row): FeedbackRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  messageId: row['message_id'] as string,
  threadId: row['thread_id'] as string,
  runId: row['run_id'] as string | null,
  assistantId: row['assistant_id'] as string,
  personId: row['person_id'] as string,
  madeBy: row['made_by'] as string | null,
  rating: row['rating'] as 'up' | 'down',
  comment: row['comment'] as string | null,
  answer: row['answer'] as string | null,
  createdAt: row['created_at'] as number,
  updatedAt: row['updated_at'] as number,
})

/** What is said of a message: there is one for each, since its thread is one person's. */
export const findFeedback = async (
  db: Reader,
  workspaceId: string,
  messageId: string,
): Promise<FeedbackRecord | null> => {
  const row = await db.get(
    'select * from message_feedback where workspace_id = ?1 and message_id = ?2',
    [workspaceId, messageId],
  )
  return row === null ? null : toRecord(row)
}

/** @param rating only these; null: all */
export const listFeedback = async (
  db: Reader,
  assistant: { workspaceId: string; id: string },
  rating: string | null,
  query: PageQuery,
): Promise<Page<FeedbackRecord>> => {
  const params: SqlValue[] = [assistant.workspaceId, assistant.id]
  const where = `workspace_id = ?1 and assistant_id = ?2${rating === null ? '' : ' and rating = ?3'}`
  if (rating !== null) params.push(rating)
  const page = await selectPage<Row>(
    db,
    { table: 'message_feedback', where, params, orderBy: 'id', kind: 'feedback' },
    query,
  )
  return { items: page.items.map(toRecord), hasMore: page.hasMore }
}

/** Says it, or says it anew: id and time of the first stay. */
export const upsertFeedback = async (tx: Tx, record: FeedbackRecord): Promise<FeedbackRecord> => {
  const row = await tx.get(
    `insert into message_feedback (workspace_id, id, message_id, thread_id, run_id, assistant_id, person_id, made_by, rating, comment,
       answer, created_at, updated_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)
     on conflict (workspace_id, message_id) do update
       set rating = excluded.rating, comment = excluded.comment, answer = excluded.answer, updated_at = excluded.updated_at
     returning *`,
    [
      record.workspaceId,
      record.id,
      record.messageId,
      record.threadId,
      record.runId,
      record.assistantId,
      record.personId,
      record.madeBy,
      record.rating,
      record.comment,
      record.answer,
      record.updatedAt,
    ],
  )
  if (row === null) throw new Error('feedback that was written is not there')
  return toRecord(row)
}

export const deleteFeedback = async (
  tx: Tx,
  workspaceId: string,
  messageId: string,
): Promise<void> => {
  await tx.run('delete from message_feedback where workspace_id = ?1 and message_id = ?2', [
    workspaceId,
    messageId,
  ])
}
