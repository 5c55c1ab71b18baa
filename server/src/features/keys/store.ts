import type { CallerLimit, Role } from '../../platform/principal.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'

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

/** A key with what holds for its person at this moment. */
export interface CallingKey extends KeyRecord {
  role: Role
  limits: CallerLimit[]
  /** Whether it has limits of its own, of whatever kind. */
  isCounted: boolean
}

const listOf = (text: unknown): string[] | null =>
  typeof text === 'string' ? (JSON.parse(text) as string[]) : null

const textOf = (list: readonly string[] | null): string | null =>
  list === null ? null : JSON.stringify(list)

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

/** Whoever is no member any more has no key either. */
const OF_MEMBERS =
  'api_keys k join memberships m on m.workspace_id = k.workspace_id and m.person_id = k.person_id'

/** The key with what its person is in the workspace, and what its requests are counted against: all that a request asks, in one statement. */
export const findKeyByHash = async (db: Reader, sha256: string): Promise<CallingKey | null> => {
  const row = await db.get(
    `select k.*, m.role, lk.subject_id as counted, lk.requests_per_minute as key_requests, lk.tokens_per_day as key_tokens,
       lp.requests_per_minute as person_requests, lp.tokens_per_day as person_tokens,
       lw.requests_per_minute as workspace_requests, lw.tokens_per_day as workspace_tokens
     from ${OF_MEMBERS}
     left join limits lk on lk.workspace_id = k.workspace_id and lk.subject_kind = 'key' and lk.subject_id = k.id
     left join limits lp on lp.workspace_id = k.workspace_id and lp.subject_kind = 'person' and lp.subject_id = k.person_id
     left join limits lw on lw.workspace_id = k.workspace_id and lw.subject_kind = 'workspace' and lw.subject_id = k.workspace_id
     where k.secret_sha256 = ?1`,
    [sha256],
  )
  if (row === null) return null
  const record = toRecord(row)
  const ids = { key: record.id, person: record.personId, workspace: record.workspaceId }
  const limits = (['key', 'person', 'workspace'] as const).flatMap((kind): CallerLimit[] => {
    const requestsPerMinute = row[`${kind}_requests`] as number | null
    const tokensPerDay = row[`${kind}_tokens`] as number | null
    if (requestsPerMinute === null && tokensPerDay === null) return []
    return [{ kind, id: ids[kind], requestsPerMinute, tokensPerDay }]
  })
  return { ...record, role: row['role'] as Role, limits, isCounted: row['counted'] !== null }
}

/** Whether a key may be used at this moment. @param now Unix seconds */
export const isUsable = async (db: Reader, id: string, now: number): Promise<boolean> =>
  (await db.get(
    `select 1 as found from ${OF_MEMBERS} where k.id = ?1 and k.paused = 0 and (k.expires_at is null or k.expires_at > ?2)`,
    [id, now],
  )) !== null

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

/** The keys of a person, or those that hand one assistant to others. */
export type KeysOf = { personId: string } | { sharedAssistantId: string }

export const listKeys = async (
  db: Reader,
  workspaceId: string,
  whose: KeysOf,
  query: PageQuery,
): Promise<Page<KeyRecord>> => {
  const [where, value] =
    'personId' in whose
      ? ['person_id = ?2', whose.personId]
      : ['shared = 1 and assistant_ids = ?2', JSON.stringify([whose.sharedAssistantId])]
  const page = await selectPage<Row>(
    db,
    {
      table: 'api_keys',
      where: `workspace_id = ?1 and ${where}`,
      params: [workspaceId, value],
      orderBy: 'id',
      kind: 'key',
    },
    query,
  )
  return { items: page.items.map(toRecord), hasMore: page.hasMore }
}

/** What a person may change. */
const settings = (record: KeyRecord): SqlValue[] => [
  record.name,
  textOf(record.assistantIds),
  record.most,
  textOf(record.origins),
  record.expiresAt,
  record.paused ? 1 : 0,
]

export const insertKey = async (tx: Tx, record: KeyRecord, sha256: string): Promise<void> => {
  await tx.run(
    `insert into api_keys (id, workspace_id, person_id, secret_sha256, prefix, last_four, created_at, last_used_at, shared,
       name, assistant_ids, most, origins, expires_at, paused)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, null, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`,
    [
      record.id,
      record.workspaceId,
      record.personId,
      sha256,
      record.prefix,
      record.lastFour,
      record.createdAt,
      record.shared ? 1 : 0,
      ...settings(record),
    ],
  )
}

export const updateKey = async (tx: Tx, record: KeyRecord): Promise<void> => {
  await tx.run(
    `update api_keys set name = ?3, assistant_ids = ?4, most = ?5, origins = ?6, expires_at = ?7, paused = ?8
     where workspace_id = ?1 and id = ?2`,
    [record.workspaceId, record.id, ...settings(record)],
  )
}

/** Another text: the old one is none any more. */
export const replaceText = async (tx: Tx, record: KeyRecord, sha256: string): Promise<void> => {
  await tx.run(
    'update api_keys set secret_sha256 = ?3, prefix = ?4, last_four = ?5 where workspace_id = ?1 and id = ?2',
    [record.workspaceId, record.id, sha256, record.prefix, record.lastFour],
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
