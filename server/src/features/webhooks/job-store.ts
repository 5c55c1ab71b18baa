/** The work of delivering: claims, leases and ends. The delivery's row is the job. */
import type { Claim, HeldRow } from '../../platform/lease-holder.ts'
import type { Reader, SqlValue, Tx } from '../../platform/store/store.ts'
import { toDelivery, type DeliveryRecord } from './store.ts'

/** Webhooks and people that have as many deliveries in flight as they may. */
export interface Full {
  webhooks: readonly string[]
  people: readonly string[]
}

const noneOf = (column: string, ids: readonly string[], params: SqlValue[]): string => {
  if (ids.length === 0) return ''
  const places = ids.map((id) => `?${params.push(id)}`)
  return ` and ${column} not in (${places.join(', ')})`
}

const due = (full: Full, params: SqlValue[]): string =>
  'due_ms is not null and due_ms <= ?1' +
  noneOf('webhook_id', full.webhooks, params) +
  noneOf('owner_id', full.people, params)

/** A plain read, so that an idle node writes nothing. */
export const hasDueDelivery = async (db: Reader, nowMs: number, full: Full): Promise<boolean> => {
  const params: SqlValue[] = [nowMs]
  const sql = `select 1 as found from webhook_deliveries where ${due(full, params)} limit 1`
  return (await db.get(sql, params)) !== null
}

/** Claims the delivery that has waited longest. PostgreSQL skips what another claimer has locked; SQLite's units run one at a time. */
export const claimDelivery = async (
  tx: Tx,
  claim: Claim & { nowMs: number },
  full: Full,
): Promise<DeliveryRecord | null> => {
  const skip = tx.engine === 'postgres' ? 'for update skip locked' : ''
  const params: SqlValue[] = [claim.nowMs, claim.owner, claim.leaseUntilMs]
  const row = await tx.get(
    `update webhook_deliveries set lease_owner = ?2, due_ms = ?3, attempt = attempt + 1
     where (workspace_id, id) in (
       select workspace_id, id from webhook_deliveries where ${due(full, params)} order by due_ms limit 1 ${skip}
     ) returning *`,
    params,
  )
  return row === null ? null : toDelivery(row)
}

/** Renews the leases of a node. @returns the attempts it still holds */
export const renewDeliveries = async (
  tx: Tx,
  owner: string,
  leaseUntilMs: number,
): Promise<HeldRow[]> => {
  const rows = await tx.all<{ workspace_id: string; id: string; attempt: number }>(
    `update webhook_deliveries set due_ms = ?2 where due_ms is not null and lease_owner = ?1
     returning workspace_id, id, attempt`,
    [owner, leaseUntilMs],
  )
  return rows.map((row) => ({ workspaceId: row.workspace_id, id: row.id, attempt: row.attempt }))
}

/** Lets one lease go, unless another attempt has the delivery. */
export const letDeliveryGo = (
  tx: Tx,
  row: HeldRow,
  owner: string,
  nowMs: number,
): Promise<number> =>
  tx.run(
    `update webhook_deliveries set due_ms = ?5, lease_owner = null
     where workspace_id = ?1 and id = ?2 and attempt = ?3 and lease_owner = ?4 and due_ms is not null`,
    [row.workspaceId, row.id, row.attempt, owner, nowMs],
  )

/** Lets leases go: this node's at its end, or with null those of a dead predecessor. */
export const releaseDeliveries = (tx: Tx, owner: string | null, nowMs: number): Promise<number> =>
  tx.run(
    `update webhook_deliveries set due_ms = ?1, lease_owner = null
     where due_ms is not null and lease_owner is not null ${owner === null ? '' : 'and lease_owner = ?2'}`,
    owner === null ? [nowMs] : [nowMs, owner],
  )

/** What a try came to. */
export interface Outcome {
  status: DeliveryRecord['status']
  /** Whether there was a try that counts. */
  tried: boolean
  responseStatus: number | null
  error: string | null
  /** Unix seconds. */
  deliveredAt: number | null
  /** When it is tried again; null: not by itself. */
  dueMs: number | null
}

/** Writes the outcome of this attempt and ends its lease. @returns false when another attempt has the delivery */
export const endAttempt = async (
  tx: Tx,
  delivery: Pick<DeliveryRecord, 'workspaceId' | 'id' | 'attempt'>,
  outcome: Outcome,
): Promise<boolean> =>
  (await tx.run(
    `update webhook_deliveries set status = ?4, tries = tries + ?5, response_status = ?6, error = ?7, delivered_at = ?8, due_ms = ?9,
       lease_owner = null
     where workspace_id = ?1 and id = ?2 and attempt = ?3 and due_ms is not null`,
    [
      delivery.workspaceId,
      delivery.id,
      delivery.attempt,
      outcome.status,
      outcome.tried ? 1 : 0,
      outcome.responseStatus,
      outcome.error,
      outcome.deliveredAt,
      outcome.dueMs,
    ],
  )) === 1

/** What waits of a webhook is not due while it is paused; what is in flight ends first. */
export const holdPending = async (
  tx: Tx,
  workspaceId: string,
  webhookId: string,
): Promise<void> => {
  await tx.run(
    `update webhook_deliveries set due_ms = null
     where workspace_id = ?1 and webhook_id = ?2 and status = 'pending' and lease_owner is null`,
    [workspaceId, webhookId],
  )
}

/** What waited is due at once. */
export const resumePending = async (
  tx: Tx,
  workspaceId: string,
  webhookId: string,
  nowMs: number,
): Promise<void> => {
  await tx.run(
    `update webhook_deliveries set due_ms = ?3
     where workspace_id = ?1 and webhook_id = ?2 and status = 'pending' and due_ms is null`,
    [workspaceId, webhookId, nowMs],
  )
}

/** From the first try again, at once. A try that is in flight may still end as it will, but no longer counts. */
export const restartDelivery = async (
  tx: Tx,
  delivery: Pick<DeliveryRecord, 'workspaceId' | 'id'>,
  nowMs: number,
): Promise<void> => {
  await tx.run(
    `update webhook_deliveries set status = 'pending', tries = 0, delivered_at = null, due_ms = ?3, lease_owner = null,
       attempt = attempt + 1
     where workspace_id = ?1 and id = ?2`,
    [delivery.workspaceId, delivery.id, nowMs],
  )
}

/** Whether a person may still hear what goes on in a workspace: guests and those who left may not. */
export const mayHear = async (
  db: Reader,
  workspaceId: string,
  personId: string,
): Promise<boolean> =>
  (await db.get(
    `select 1 as found from memberships where workspace_id = ?1 and person_id = ?2 and role <> 'guest'`,
    [workspaceId, personId],
  )) !== null
