import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, Tx } from '../../platform/store/store.ts'
import type { StepRecord } from './run-record.ts'
import { json, toJson } from './store.ts'

const toStep = (row: Row): StepRecord => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  runId: row['run_id'] as string,
  threadId: row['thread_id'] as string,
  assistantId: row['assistant_id'] as string,
  position: row['position'] as number,
  createdAt: row['created_at'] as number,
  type: row['type'] as StepRecord['type'],
  status: row['status'] as StepRecord['status'],
  details: json(row['step_details']),
  lastError: json(row['last_error']),
  usage: json(row['usage']),
  completedAt: row['completed_at'] as number | null,
  cancelledAt: row['cancelled_at'] as number | null,
  failedAt: row['failed_at'] as number | null,
  expiredAt: row['expired_at'] as number | null,
})

export const findStep = async (
  db: Reader,
  workspaceId: string,
  runId: string,
  id: string,
): Promise<StepRecord | null> => {
  const row = await db.get(
    'select * from run_steps where workspace_id = ?1 and run_id = ?2 and id = ?3',
    [workspaceId, runId, id],
  )
  return row === null ? null : toStep(row)
}

export const listSteps = async (
  db: Reader,
  workspaceId: string,
  runId: string,
  query: PageQuery,
): Promise<Page<StepRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'run_steps',
      where: 'workspace_id = ?1 and run_id = ?2',
      params: [workspaceId, runId],
      orderBy: 'position',
      kind: 'run step',
    },
    query,
  )
  return { items: page.items.map(toStep), hasMore: page.hasMore }
}

/** Every step of a run, oldest first. */
export const allSteps = async (
  db: Reader,
  workspaceId: string,
  runId: string,
): Promise<StepRecord[]> => {
  const rows = await db.all(
    'select * from run_steps where workspace_id = ?1 and run_id = ?2 order by position',
    [workspaceId, runId],
  )
  return rows.map(toStep)
}

export const insertStep = async (tx: Tx, step: StepRecord): Promise<void> => {
  await tx.run(
    `insert into run_steps (workspace_id, id, run_id, thread_id, assistant_id, position, created_at, type, status, step_details)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
    [
      step.workspaceId,
      step.id,
      step.runId,
      step.threadId,
      step.assistantId,
      step.position,
      step.createdAt,
      step.type,
      step.status,
      JSON.stringify(step.details),
    ],
  )
}

export const updateStep = async (tx: Tx, step: StepRecord): Promise<void> => {
  await tx.run(
    `update run_steps set status = ?3, step_details = ?4, last_error = ?5, usage = ?6, completed_at = ?7, cancelled_at = ?8,
       failed_at = ?9, expired_at = ?10
     where workspace_id = ?1 and id = ?2`,
    [
      step.workspaceId,
      step.id,
      step.status,
      JSON.stringify(step.details),
      toJson(step.lastError),
      toJson(step.usage),
      step.completedAt,
      step.cancelledAt,
      step.failedAt,
      step.expiredAt,
    ],
  )
}
