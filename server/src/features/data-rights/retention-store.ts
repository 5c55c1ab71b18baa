import type { Reader, Tx } from '../../platform/store/store.ts'

/** How long a workspace keeps things, in days; null: for ever. */
export interface Retention {
  threadsDays: number | null
  pluginCallsDays: number | null
}

export const findRetention = async (db: Reader, workspaceId: string): Promise<Retention> => {
  const row = await db.get<{
    thread_retention_days: number | null
    call_retention_days: number | null
  }>('select thread_retention_days, call_retention_days from workspaces where id = ?1', [
    workspaceId,
  ])
  return {
    threadsDays: row?.thread_retention_days ?? null,
    pluginCallsDays: row?.call_retention_days ?? null,
  }
}

export const updateRetention = async (
  tx: Tx,
  workspaceId: string,
  { threadsDays, pluginCallsDays }: Retention,
): Promise<void> => {
  await tx.run(
    'update workspaces set thread_retention_days = ?2, call_retention_days = ?3 where id = ?1',
    [workspaceId, threadsDays, pluginCallsDays],
  )
}

/** The workspaces that do not keep everything for ever. */
export const retainingWorkspaces = async (
  db: Reader,
): Promise<(Retention & { workspaceId: string })[]> => {
  const rows = await db.all<{
    id: string
    thread_retention_days: number | null
    call_retention_days: number | null
  }>(
    `select id, thread_retention_days, call_retention_days from workspaces
     where thread_retention_days is not null or call_retention_days is not null order by id`,
  )
  return rows.map((row) => ({
    workspaceId: row.id,
    threadsDays: row.thread_retention_days,
    pluginCallsDays: row.call_retention_days,
  }))
}

/**
 * Deletes some threads whose last message is older; one that a run works on stays. Gives how many.
 * @param before Unix seconds
 */
export const deleteOldThreads = (
  tx: Tx,
  workspaceId: string,
  before: number,
  limit: number,
): Promise<number> =>
  tx.run(
    `delete from threads where workspace_id = ?1 and id in (select t.id from threads t
       where t.workspace_id = ?1 and t.created_at < ?2 and t.active_run_id is null
         and not exists (select 1 from messages m where m.workspace_id = t.workspace_id and m.thread_id = t.id and m.created_at >= ?2)
       order by t.created_at limit ?3)`,
    [workspaceId, before, limit],
  )

/** Forgets what some old calls of plugins were given and gave; the records stay. @param beforeMs Unix milliseconds */
export const emptyOldCalls = (
  tx: Tx,
  workspaceId: string,
  beforeMs: number,
  limit: number,
): Promise<number> =>
  tx.run(
    `update plugin_calls set arguments = '', customized_params = null, output = null, stdout = null, stderr = null
     where workspace_id = ?1 and id in (select c.id from plugin_calls c
       where c.workspace_id = ?1 and c.ended_ms < ?2 and (c.arguments <> '' or c.output is not null) order by c.id limit ?3)`,
    [workspaceId, beforeMs, limit],
  )
