import type { StoreFileError } from '@melzi/contract/vector-store-file.ts'
import type { HeldRow } from '../../platform/lease-holder.ts'
import type { Reader, Tx } from '../../platform/store/store.ts'
import { toEntry, type EntryRecord } from './entry-store.ts'

/** The work of indexing: its claims, leases and ends. The entry's row is the job. */

type Held = Pick<EntryRecord, 'workspaceId' | 'entryId' | 'attempt'>

const DUE = 'due_ms is not null and due_ms <= ?1'

/** A plain read, so that an idle node writes nothing. */
export const hasDueEntry = async (db: Reader, nowMs: number): Promise<boolean> =>
  (await db.get(`select 1 as found from vector_store_files where ${DUE} limit 1`, [nowMs])) !== null

/** Claims the entry that has waited longest. PostgreSQL skips what another claimer has locked; SQLite's units run one at a time. */
export const claimEntry = async (
  tx: Tx,
  claim: { nowMs: number; leaseUntilMs: number; owner: string },
): Promise<EntryRecord | null> => {
  const skip = tx.engine === 'postgres' ? 'for update skip locked' : ''
  const row = await tx.get(
    `update vector_store_files set lease_owner = ?2, due_ms = ?3, attempt = attempt + 1
     where (workspace_id, entry_id) in (
       select workspace_id, entry_id from vector_store_files where ${DUE} order by due_ms, entry_id limit 1 ${skip}
     ) returning *`,
    [claim.nowMs, claim.owner, claim.leaseUntilMs],
  )
  return row === null ? null : toEntry(row)
}

/** Renews the leases of a node. @returns the attempts it still holds */
export const renewEntries = async (
  tx: Tx,
  owner: string,
  leaseUntilMs: number,
): Promise<HeldRow[]> => {
  const rows = await tx.all<{ workspace_id: string; entry_id: string; attempt: number }>(
    `update vector_store_files set due_ms = ?2 where due_ms is not null and lease_owner = ?1
     returning workspace_id, entry_id, attempt`,
    [owner, leaseUntilMs],
  )
  return rows.map((row) => ({
    workspaceId: row.workspace_id,
    id: row.entry_id,
    attempt: row.attempt,
  }))
}

/** Lets one lease go, unless another attempt has the entry. */
export const letEntryGo = (tx: Tx, row: HeldRow, owner: string, nowMs: number): Promise<number> =>
  tx.run(
    `update vector_store_files set due_ms = ?5, lease_owner = null
     where workspace_id = ?1 and entry_id = ?2 and attempt = ?3 and lease_owner = ?4 and due_ms is not null`,
    [row.workspaceId, row.id, row.attempt, owner, nowMs],
  )

/** Lets leases go: this node's at its end, or with null those of a dead predecessor. */
export const releaseEntries = (tx: Tx, owner: string | null, nowMs: number): Promise<number> =>
  tx.run(
    `update vector_store_files set due_ms = ?1, lease_owner = null
     where due_ms is not null and lease_owner is not null ${owner === null ? '' : 'and lease_owner = ?2'}`,
    owner === null ? [nowMs] : [nowMs, owner],
  )

/** The fence: locks the entry's row if this attempt still holds it. */
export const fenceEntry = async (tx: Tx, entry: Held): Promise<boolean> =>
  (await tx.run(
    `update vector_store_files set attempt = attempt
     where workspace_id = ?1 and entry_id = ?2 and attempt = ?3 and due_ms is not null`,
    [entry.workspaceId, entry.entryId, entry.attempt],
  )) === 1

/** Everything is written: from this commit on it is found. Behind the fence. */
export const completeEntry = async (
  tx: Tx,
  entry: Held,
  usageBytes: number,
  nowMs: number,
): Promise<void> => {
  await tx.run(
    `update vector_store_files set status = 'completed', usage_bytes = ?3, completed_ms = ?4, last_error = null, due_ms = null,
       lease_owner = null where workspace_id = ?1 and entry_id = ?2`,
    [entry.workspaceId, entry.entryId, usageBytes, nowMs],
  )
}

/** Behind the fence. */
export const failEntry = async (tx: Tx, entry: Held, error: StoreFileError): Promise<void> => {
  await tx.run(
    `update vector_store_files set status = 'failed', last_error = ?3, due_ms = null, lease_owner = null
     where workspace_id = ?1 and entry_id = ?2`,
    [entry.workspaceId, entry.entryId, JSON.stringify(error)],
  )
}

/** To be tried again from `dueMs` on. Behind the fence. */
export const postponeEntry = async (tx: Tx, entry: Held, dueMs: number): Promise<void> => {
  await tx.run(
    `update vector_store_files set tries = tries + 1, due_ms = ?3, lease_owner = null where workspace_id = ?1 and entry_id = ?2`,
    [entry.workspaceId, entry.entryId, dueMs],
  )
}
