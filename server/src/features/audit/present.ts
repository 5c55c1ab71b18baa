import type { AuditEntryObject } from '@melzi/contract/audit.ts'
import type { AuditEntry } from './service.ts'

export const presentEntry = (entry: AuditEntry): AuditEntryObject => ({
  id: entry.id,
  object: 'audit_entry',
  created_at: entry.at,
  action: entry.action,
  person_id: entry.personId,
  key_id: entry.keyId,
  session_id: entry.sessionId,
  address: entry.address,
  object_kind: entry.kind,
  object_id: entry.objectId,
  details: entry.details,
})
