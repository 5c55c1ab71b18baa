import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'

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

/** Which entries; null: whatever it is. */
export interface AuditFilter {
  personId: string | null
  keyId: string | null
  objectId: string | null
  /** A whole action or the kind before its dot. */
  action: string | null
  /** Unix seconds, the end excluded. */
  since: number | null
  until: number | null
}

const toEntry = (row: Row): AuditEntry => ({
  workspaceId: row['workspace_id'] as string,
  id: row['id'] as string,
  at: row['at'] as number,
  personId: row['person_id'] as string | null,
  keyId: row['key_id'] as string | null,
  sessionId: row['session_id'] as string | null,
  address: row['address'] as string | null,
  action: row['action'] as string,
  kind: row['kind'] as string,
  objectId: row['object_id'] as string,
  details: JSON.parse(row['details'] as string) as Record<string, unknown>,
})

const conditionsOf = (
  workspaceId: string,
  filter: AuditFilter,
): { where: string; params: SqlValue[] } => {
  const params: SqlValue[] = [workspaceId]
  const conditions = ['workspace_id = ?1']
  const add = (condition: (place: string) => string, value: SqlValue): void => {
    if (value !== null) conditions.push(condition(`?${params.push(value)}`))
  }
  add((place) => `person_id = ${place}`, filter.personId)
  add((place) => `key_id = ${place}`, filter.keyId)
  add((place) => `object_id = ${place}`, filter.objectId)
  add((place) => `at >= ${place}`, filter.since)
  add((place) => `at < ${place}`, filter.until)
  if (filter.action !== null) {
    const isWhole = filter.action.includes('.')
    // an underscore in a pattern stands for any character: the name is compared as far as it goes instead
    if (isWhole) add((place) => `action = ${place}`, filter.action)
    else {
      params.push(`${filter.action}.`, filter.action.length + 1)
      conditions.push(`substr(action, 1, ?${params.length}) = ?${params.length - 1}`)
    }
  }
  return { where: conditions.join(' and '), params }
}

export const listEntries = async (
  db: Reader,
  workspaceId: string,
  filter: AuditFilter,
  query: PageQuery,
): Promise<Page<AuditEntry>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'audit_entries',
      ...conditionsOf(workspaceId, filter),
      orderBy: 'id',
      kind: 'audit entry',
    },
    query,
  )
  return { items: page.items.map(toEntry), hasMore: page.hasMore }
}

export const findEntry = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<AuditEntry | null> => {
  const row = await db.get('select * from audit_entries where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toEntry(row)
}

/** Entries are only ever added: the database refuses to change or delete one. */
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
