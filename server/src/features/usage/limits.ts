import type { Reader, Row, Tx } from '../../platform/store/store.ts'

export type LimitKind = 'workspace' | 'person' | 'key' | 'assistant'

/** For whom a limit holds; a workspace's id is its own. */
export interface LimitSubject {
  kind: LimitKind
  id: string
}

/** How much may be used; null: as much as one likes. */
export interface Limits {
  requestsPerMinute: number | null
  /** Prompt and completion tokens of a UTC day. */
  tokensPerDay: number | null
  /** Millionths of the workspace's currency, in a UTC month. */
  moneyPerMonth: number | null
}

export interface SetLimits extends Limits {
  subject: LimitSubject
  /** Unix seconds. */
  updatedAt: number
}

const toLimits = (row: Row): SetLimits => ({
  subject: { kind: row['subject_kind'] as LimitKind, id: row['subject_id'] as string },
  requestsPerMinute: row['requests_per_minute'] as number | null,
  tokensPerDay: row['tokens_per_day'] as number | null,
  moneyPerMonth: row['money_per_month'] as number | null,
  updatedAt: row['updated_at'] as number,
})

/** {@link subjectsOf} as a condition on rows with `subject_kind` and `subject_id`, whose parameters begin after `first`. */
export const subjectRows = (
  subjects: readonly LimitSubject[],
  first: number,
): { where: string; params: string[] } => ({
  where: `(${subjects
    .map((_, at) => `(subject_kind = ?${first + 2 * at} and subject_id = ?${first + 2 * at + 1})`)
    .join(' or ')})`,
  params: subjects.flatMap(({ kind, id }) => [kind, id]),
})

/** What is set for any of these, in no order; nothing for those without limits. */
export const findLimits = async (
  db: Reader,
  workspaceId: string,
  subjects: readonly LimitSubject[],
): Promise<SetLimits[]> => {
  const { where, params } = subjectRows(subjects, 2)
  const rows = await db.all(`select * from limits where workspace_id = ?1 and ${where}`, [
    workspaceId,
    ...params,
  ])
  return rows.map(toLimits)
}

/** All limits of a workspace, by kind and id. */
export const allLimits = async (db: Reader, workspaceId: string): Promise<SetLimits[]> => {
  const rows = await db.all(
    'select * from limits where workspace_id = ?1 order by subject_kind, subject_id',
    [workspaceId],
  )
  return rows.map(toLimits)
}

/** Sets all limits of a subject anew; with all of them null there is none any more. @param now Unix seconds */
export const setLimits = async (
  tx: Tx,
  workspaceId: string,
  { kind, id }: LimitSubject,
  limits: Limits,
  now: number,
): Promise<void> => {
  const { requestsPerMinute, tokensPerDay, moneyPerMonth } = limits
  if (requestsPerMinute === null && tokensPerDay === null && moneyPerMonth === null) {
    await tx.run(
      'delete from limits where workspace_id = ?1 and subject_kind = ?2 and subject_id = ?3',
      [workspaceId, kind, id],
    )
    return
  }
  await tx.run(
    `insert into limits (workspace_id, subject_kind, subject_id, requests_per_minute, tokens_per_day, money_per_month, updated_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
     on conflict (workspace_id, subject_kind, subject_id) do update set requests_per_minute = excluded.requests_per_minute,
       tokens_per_day = excluded.tokens_per_day, money_per_month = excluded.money_per_month, updated_at = excluded.updated_at`,
    [workspaceId, kind, id, requestsPerMinute, tokensPerDay, moneyPerMonth, now],
  )
}

/** Everybody whose limits hold for what one caller does. @param assistantId null outside of assistants */
export const subjectsOf = (
  who: { workspaceId: string; personId: string; keyId: string | null },
  assistantId: string | null,
): LimitSubject[] => {
  const subjects: LimitSubject[] = [
    { kind: 'workspace', id: who.workspaceId },
    { kind: 'person', id: who.personId },
  ]
  if (who.keyId !== null) subjects.push({ kind: 'key', id: who.keyId })
  if (assistantId !== null) subjects.push({ kind: 'assistant', id: assistantId })
  return subjects
}
