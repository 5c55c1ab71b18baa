import type { Tx } from '../../platform/store/store.ts'

export interface AuditEntry {
  workspaceId: string
  id: string
  /** Unix seconds. */
  at: number
  /** Null: the server itself, or somebody who is not signed in. */
  personId: string | null
  keyId: string | null
  sessionId: string | null
  /** Address of the client; null for the command line. */
  address: string | null
  /** `kind.verb`, e.g. `key.delete`. */
  action: string
  kind: string
  objectId: string
  details: Readonly<Record<string, unknown>>
}

export const insertEntry = async (tx: Tx, entry: AuditEntry): Promise<void> => {
  await tx.run(
    `insert into audit_entries (workspace_id, id, at, person_id, key_id, session_id, address, action, kind, object_id, details)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`,
    [
      entry.workspaceId,
      entry.id,
      entry.at,
      entry.personId,
      entry.keyId,
      entry.sessionId,
      entry.address,
      entry.action,
      entry.kind,
      entry.objectId,
      JSON.stringify(entry.details),
    ],
  )
}
