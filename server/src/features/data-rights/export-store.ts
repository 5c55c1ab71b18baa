import type { Reader, Row, SqlValue } from '../../platform/store/store.ts'

/** Rows of one kind that are a person's. */
export interface Source {
  /** Name in the archive, without its ending. */
  name: string
  /** A select of rows with `id`; `?1` is the workspace, `?2` the person. */
  rows: string
  /** Columns that are kept back: secrets, and what is nobody's. */
  without?: readonly string[]
}

/** What a person has in a workspace. Whoever adds a table with a person in it adds it here and to erase-store.ts. */
export const SOURCES: readonly Source[] = [
  {
    name: 'person',
    rows: `select p.id, p.name, p.email, p.created_at, m.workspace_id, m.role, m.created_at as joined_at
      from people p join memberships m on m.person_id = p.id and m.workspace_id = ?1 where p.id = ?2`,
  },
  {
    name: 'assistants',
    rows: 'select * from assistants where workspace_id = ?1 and owner_id = ?2',
  },
  { name: 'plugins', rows: 'select * from plugins where workspace_id = ?1 and owner_id = ?2' },
  { name: 'threads', rows: 'select * from threads where workspace_id = ?1 and owner_id = ?2' },
  {
    name: 'messages',
    rows: `select m.* from messages m join threads t on t.workspace_id = m.workspace_id and t.id = m.thread_id
      where m.workspace_id = ?1 and t.owner_id = ?2`,
  },
  {
    name: 'runs',
    rows: 'select * from runs where workspace_id = ?1 and owner_id = ?2',
    // what the makers of assistants gave their own, and the job
    without: [
      'instructions',
      'tools',
      'tool_resources',
      'response_format',
      'plugins',
      'required_action',
      'last_error',
      'due_ms',
      'lease_owner',
    ],
  },
  {
    name: 'plugin-calls',
    // what a plugin was given and gave is its owner's to see, and no part of what may be used
    rows: `select c.id, c.plugin_id, c.function_name, c.origin, c.thread_id, c.run_id, c.status, c.started_ms, c.ended_ms,
        case when p.owner_id = ?2 then c.arguments end as arguments, case when p.owner_id = ?2 then c.output end as output
      from plugin_calls c left join plugins p on p.workspace_id = c.workspace_id and p.id = c.plugin_id
      where c.workspace_id = ?1 and c.caller_id = ?2`,
  },
  { name: 'files', rows: 'select * from files where workspace_id = ?1 and owner_id = ?2' },
  {
    name: 'vector-stores',
    rows: 'select * from vector_stores where workspace_id = ?1 and owner_id = ?2',
  },
  {
    name: 'api-keys',
    rows: 'select * from api_keys where workspace_id = ?1 and person_id = ?2',
    without: ['secret_sha256'],
  },
  {
    name: 'shares',
    rows: `select * from shares where workspace_id = ?1
      and (created_by = ?2 or (grantee_kind = 'person' and grantee_id = ?2))`,
    without: ['token_sha256', 'token_sealed', 'password_hash'],
  },
  {
    name: 'groups',
    rows: `select g.* from person_groups g join group_members m on m.workspace_id = g.workspace_id and m.group_id = g.id
      where g.workspace_id = ?1 and m.person_id = ?2`,
  },
  {
    name: 'feedback',
    rows: 'select * from message_feedback where workspace_id = ?1 and person_id = ?2',
  },
  {
    name: 'audit-log',
    rows: 'select * from audit_entries where workspace_id = ?1 and person_id = ?2',
  },
]

const PAGE = 200

/** The rows of a source, in the order of ids, fetched as they are taken. */
export async function* rowsOf(
  db: Reader,
  source: Source,
  workspaceId: string,
  personId: string,
): AsyncGenerator<Row> {
  let after = ''
  for (;;) {
    const params: SqlValue[] = [workspaceId, personId, after]
    const rows = await db.all(
      `select * from (${source.rows}) found where id > ?3 order by id limit ${PAGE}`,
      params,
    )
    for (const row of rows) {
      yield Object.fromEntries(
        Object.entries(row).filter(([column]) => source.without?.includes(column) !== true),
      )
    }
    if (rows.length < PAGE) return
    after = rows.at(-1)?.['id'] as string
  }
}

/** Pictures in a person's messages. */
export const pictureBlobsOf = async (
  db: Reader,
  workspaceId: string,
  personId: string,
): Promise<string[]> => {
  const rows = await db.all<{ blob_id: string }>(
    `select distinct b.blob_id from message_blobs b
     join messages m on m.workspace_id = b.workspace_id and m.id = b.message_id
     join threads t on t.workspace_id = m.workspace_id and t.id = m.thread_id
     where b.workspace_id = ?1 and t.owner_id = ?2 order by b.blob_id`,
    [workspaceId, personId],
  )
  return rows.map((row) => row.blob_id)
}
