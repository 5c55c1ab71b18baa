import type { Reader, SqlValue } from '../../platform/store/store.ts'
import { isReached } from './rights-store.ts'

/** Whose right on which assistant is asked about. */
export interface Asked {
  workspaceId: string
  personId: string
  /** The key it came with; null: another way. */
  keyId: string | null
  assistantId: string
}

/** How somebody stands to an assistant now. */
export interface Standing {
  isMember: boolean
  /** Whether the key is there, not paused and not over; true where there is none. */
  keyLives: boolean
  /** The only assistants the key reaches; null: no limit. */
  keyReaches: readonly string[] | null
  /** Whether the person may use it; true for one that is deleted, which ends nothing. */
  reaches: boolean
}

/** How a reader stands to an assistant now. */
export interface ReaderStanding extends Standing {
  /** Whether the reader may look into it; true for one that is deleted. */
  looksInto: boolean
}

interface StandingRow {
  n: string
  is_member: number
  key_lives: number
  assistant_ids: string | null
  reaches: number
}

/** What makes a standing, from rows `m` (membership), `k` (key), `t` (assistant), each of which may be missing. */
const columns = (of: { workspace: string; person: string; key: string; now: string }): string => {
  const reached = isReached({
    workspace: of.workspace,
    assistant: 't.id',
    person: of.person,
    isGuest: "m.role = 'guest'",
    now: of.now,
  })
  return `case when m.person_id is null then 0 else 1 end as is_member,
    case when ${of.key} or (k.id is not null and k.paused = 0 and (k.expires_at is null or k.expires_at > ${of.now})) then 1 else 0 end as key_lives,
    k.assistant_ids as assistant_ids,
    case when t.id is null or t.owner_id = ${of.person}
      or ${reached} then 1 else 0 end as reaches`
}

const joins = (of: {
  workspace: string
  person: string
  key: string
  assistant: string
}): string => `left join memberships m on m.workspace_id = ${of.workspace} and m.person_id = ${of.person}
  left join api_keys k on k.id = ${of.key} and k.workspace_id = ${of.workspace}
  left join assistants t on t.workspace_id = ${of.workspace} and t.id = ${of.assistant}`

const toStanding = (row: StandingRow): Standing => ({
  isMember: row.is_member === 1,
  keyLives: row.key_lives === 1,
  keyReaches: row.assistant_ids === null ? null : (JSON.parse(row.assistant_ids) as string[]),
  reaches: row.reaches === 1,
})

/** Whether somebody may look into an assistant, as a column; rows as in {@link columns}. */
const looksInto = (of: { workspace: string; person: string; now: string }): string => {
  const assistant = 't.id'
  const reached = isReached({ ...of, assistant, isGuest: "m.role = 'guest'", looksInto: true })
  return `case when t.id is null or (coalesce(k.most, 'own') <> 'use' and (t.owner_id = ${of.person} or ${reached})) then 1 else 0 end as looks_into`
}

/** Few lengths, so that there are few statements to prepare. */
const LENGTHS = [1, 10, 100] as const

/** How each stands, in the order asked, a hundred to a statement. @param now Unix seconds */
export const standingsOf = async (
  db: Reader,
  asked: readonly Asked[],
  now: number,
): Promise<ReaderStanding[]> => {
  const standings: ReaderStanding[] = []
  for (let from = 0; from < asked.length; from += 100) {
    standings.push(...(await standingsOfSome(db, asked.slice(from, from + 100), now)))
  }
  return standings
}

const standingsOfSome = async (
  db: Reader,
  asked: readonly Asked[],
  now: number,
): Promise<ReaderStanding[]> => {
  const length = LENGTHS.find((one) => one >= asked.length) ?? 100
  const params: SqlValue[] = [now]
  const values: string[] = []
  for (let i = 0; i < length; i += 1) {
    // beyond the end the last one is asked about again
    const one = asked[i] ?? asked.at(-1)
    if (one === undefined) return []
    const { workspaceId, personId, keyId, assistantId } = one
    const row = [String(i), workspaceId, personId, keyId ?? '', assistantId]
    values.push(`(${row.map((value) => `?${params.push(value)}`).join(', ')})`)
  }
  const of = {
    workspace: 'a.workspace_id',
    person: 'a.person_id',
    assistant: 'a.assistant_id',
    now: '?1',
  }
  const rows = await db.all<StandingRow & { looks_into: number }>(
    `with asked (n, workspace_id, person_id, key_id, assistant_id) as (values ${values.join(', ')})
     select a.n, ${columns({ ...of, key: "a.key_id = ''" })}, ${looksInto(of)} from asked a ${joins({ ...of, key: 'a.key_id' })}`,
    params,
  )
  const standings: ReaderStanding[] = []
  for (const row of rows) {
    standings[Number(row.n)] = { ...toStanding(row), looksInto: row.looks_into === 1 }
  }
  return standings.slice(0, asked.length)
}

/** A run and how its caller stands. */
export interface RunStanding extends Standing {
  workspaceId: string
  threadId: string
  id: string
  assistantId: string
}

/**
 * Live runs whose caller may have lost its right: all that the store can tell, and those of limited keys, which are judged by the list they
 * carry. Of one node's own and of those that nobody holds.
 * @param now Unix seconds
 */
export const doubtfulRuns = async (
  db: Reader,
  nodeId: string,
  now: number,
): Promise<RunStanding[]> => {
  const of = {
    workspace: 'r.workspace_id',
    person: 'r.owner_id',
    assistant: 'r.assistant_id',
    now: '?1',
  }
  const rows = await db.all<
    StandingRow & { workspace_id: string; thread_id: string; id: string; assistant_id: string }
  >(
    `select * from (
       select r.workspace_id, r.thread_id, r.id, r.assistant_id, ${columns({ ...of, key: 'r.key_id is null' })}
       from runs r ${joins({ ...of, key: 'r.key_id' })}
       where r.due_ms is not null and r.status in ('queued', 'in_progress', 'requires_action')
         and (r.lease_owner is null or r.lease_owner = ?2)
     ) live where is_member = 0 or key_lives = 0 or reaches = 0 or assistant_ids is not null`,
    [now, nodeId],
  )
  return rows.map((row) => ({
    ...toStanding(row),
    workspaceId: row.workspace_id,
    threadId: row.thread_id,
    id: row.id,
    assistantId: row.assistant_id,
  }))
}
