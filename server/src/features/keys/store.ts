import type { Role } from '../../platform/principal.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, Tx } from '../../platform/store/store.ts'

/** What is kept of a key: never the key itself. */
export interface KeyRecord {
  id: string
  workspaceId: string
  personId: string
  name: string
  /** Its first characters and its last four, by which people tell their keys apart. */
  prefix: string
  lastFour: string
  /** Unix seconds. */
  createdAt: number
  lastUsedAt: number | null
  /** The only assistants it reaches; null: all that its person may use. */
  assistantIds: string[] | null
  /** The most it may on any assistant. */
  most: 'use' | 'own'
  /** Made to hand an assistant to others. */
  shared: boolean
  /** Origins that browsers may call from with it; null: any. */
  origins: string[] | null
  /** Unix seconds from which on it is dead; null: never. */
  expiresAt: number | null
  paused: boolean
}

const listOf = (text: unknown): string[] | null =>
  typeof text === 'string' ? (JSON.parse(text) as string[]) : null

const toRecord = (row: Row): KeyRecord => ({
  id: row['id'] as string,
  workspaceId: row['workspace_id'] as string,
  personId: row['person_id'] as string,
  name: row['name'] as string,
  prefix: row['prefix'] as string,
  lastFour: row['last_four'] as string,
  createdAt: row['created_at'] as number,
  lastUsedAt: row['last_used_at'] as number | null,
  assistantIds: listOf(row['assistant_ids']),
  most: row['most'] as 'use' | 'own',
  shared: row['shared'] === 1,
  origins: listOf(row['origins']),
  expiresAt: row['expires_at'] as number | null,
  paused: row['paused'] === 1,
})

/** The key with what its person is in the workspace: whoever is no member any more has no key either. */
export const findKeyByHash = async (
  db: Reader,
  sha256: string,
): Promise<(KeyRecord & { role: Role }) | null> => {
  const row = await db.get(
    `select k.*, m.role from api_keys k join memberships m on m.workspace_id = k.workspace_id and m.person_id = k.person_id
     where k.secret_sha256 = ?1`,
    [sha256],
  )
  return row === null ? null : { ...toRecord(row), role: row['role'] as Role }
}

export const findKey = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<KeyRecord | null> => {
  const row = await db.get('select * from api_keys where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toRecord(row)
}

export const listKeys = async (
  db: Reader,
  workspaceId: string,
  personId: string,
  query: PageQuery,
): Promise<Page<KeyRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'api_keys',
      where: 'workspace_id = ?1 and person_id = ?2',
      params: [workspaceId, personId],
      orderBy: 'id',
      kind: 'key',
    },
    query,
  )
  return { items: page.items.map(toRecord), hasMore: page.hasMore }
}

export const insertKey = async (tx: Tx, record: KeyRecord, sha256: string): Promise<void> => {
  await tx.run(
    `insert into api_keys (id, workspace_id, person_id, name, secret_sha256, prefix, last_four, created_at, last_used_at,
       assistant_ids, most, shared, origins, expires_at, paused)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, null, ?9, ?10, ?11, ?12, ?13, ?14)`,
    [
      record.id,
      record.workspaceId,
      record.personId,
      record.name,
      sha256,
      record.prefix,
      record.lastFour,
      record.createdAt,
      record.assistantIds === null ? null : JSON.stringify(record.assistantIds),
      record.most,
      record.shared ? 1 : 0,
      record.origins === null ? null : JSON.stringify(record.origins),
      record.expiresAt,
      record.paused ? 1 : 0,
    ],
  )
}

export const deleteKey = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from api_keys where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

export const updateLastUsed = async (tx: Tx, id: string, at: number): Promise<void> => {
  await tx.run(
    'update api_keys set last_used_at = ?2 where id = ?1 and (last_used_at is null or last_used_at < ?2)',
    [id, at],
  )
}
