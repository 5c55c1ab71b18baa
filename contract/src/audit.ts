/** The audit log: who did what to which object, from where. */
import * as z from 'zod/mini'
import { unixSeconds } from './field.ts'
import { listOf, ListQuery } from './list.ts'

export const AuditEntryObject = z.object({
  id: z.string(),
  object: z.literal('audit_entry'),
  created_at: unixSeconds,
  /** `kind.verb`, e.g. `key.delete`. */
  action: z.string(),
  /** Null: the server itself, or somebody who is not signed in. */
  person_id: z.nullable(z.string()),
  key_id: z.nullable(z.string()),
  session_id: z.nullable(z.string()),
  /** Of the client; null for the command line. */
  address: z.nullable(z.string()),
  object_kind: z.string(),
  object_id: z.string(),
  details: z.record(z.string(), z.unknown()),
})
export type AuditEntryObject = z.infer<typeof AuditEntryObject>
export const AuditEntryList = listOf(AuditEntryObject)

const filters = {
  person_id: z.optional(z.string()),
  key_id: z.optional(z.string()),
  object_id: z.optional(z.string()),
  /** A whole action, or a kind: `key` finds `key.create` and `key.delete`. */
  action: z.optional(z.string().check(z.regex(/^[a-z_]+(\.[a-z_]+)?$/))),
  /** Unix seconds: the first moment, and the moment before which. */
  since: z.optional(unixSeconds),
  until: z.optional(unixSeconds),
}

export const AuditListQuery = z.extend(ListQuery, filters)
export type AuditListQuery = z.infer<typeof AuditListQuery>

export const AuditExportQuery = z.strictObject({
  ...filters,
  format: z._default(z.enum(['csv', 'jsonl']), 'csv'),
})
export type AuditExportQuery = z.infer<typeof AuditExportQuery>
