import type { CallerLimit } from '../../platform/principal.ts'
import type { Tx } from '../../platform/store/store.ts'

/** A minute that is being counted. */
export interface Window {
  /** Unix ms. */
  startedMs: number
  used: number
}

/**
 * The present window of a subject, begun anew when there is none or the last one is over, with its row locked until the unit ends: who
 * counts next sees what this unit counts.
 */
export const openWindow = async (
  tx: Tx,
  workspaceId: string,
  subject: Pick<CallerLimit, 'kind' | 'id'>,
  nowMs: number,
  windowMs: number,
): Promise<Window> => {
  // one that begins in a distant future was begun by a clock that went wrong
  const over = '(request_windows.started_ms <= ?5 or request_windows.started_ms > ?6)'
  const row = await tx.get<{ started_ms: number; used: number }>(
    `insert into request_windows (workspace_id, subject_kind, subject_id, started_ms, used) values (?1, ?2, ?3, ?4, 0)
     on conflict (workspace_id, subject_kind, subject_id) do update set
       used = case when ${over} then 0 else request_windows.used end,
       started_ms = case when ${over} then excluded.started_ms else request_windows.started_ms end
     returning started_ms, used`,
    [workspaceId, subject.kind, subject.id, nowMs, nowMs - windowMs, nowMs + windowMs],
  )
  return { startedMs: row?.started_ms ?? nowMs, used: row?.used ?? 0 }
}

export const countRequests = async (
  tx: Tx,
  workspaceId: string,
  subject: Pick<CallerLimit, 'kind' | 'id'>,
  used: number,
): Promise<void> => {
  await tx.run(
    'update request_windows set used = ?4 where workspace_id = ?1 and subject_kind = ?2 and subject_id = ?3',
    [workspaceId, subject.kind, subject.id, used],
  )
}

export const deleteWindow = async (
  tx: Tx,
  workspaceId: string,
  kind: CallerLimit['kind'],
  id: string,
): Promise<void> => {
  await tx.run(
    'delete from request_windows where workspace_id = ?1 and subject_kind = ?2 and subject_id = ?3',
    [workspaceId, kind, id],
  )
}
