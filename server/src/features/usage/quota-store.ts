import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { UsedBy } from './entry-store.ts'
import { dayOf, monthOf } from './fold-usage.ts'
import { subjectRows, type LimitSubject } from './limits.ts'

export interface Amount {
  tokens: number
  /** Millionths of the currency; what has no price counts nothing. */
  micros: number
}

/** What a subject has used, and what calls under way keep back. */
export interface Spent {
  subject: LimitSubject
  /** Tokens of this UTC day, money of this month. */
  used: Amount
  held: Amount
}

const COLUMNS = { person: 'person_id', key: 'key_id', assistant: 'assistant_id' } as const

/** Whose rows count for a subject, as a condition; its parameter has number `at`. */
const conditionOf = ({ kind }: LimitSubject, at: number): string =>
  kind === 'workspace' ? `workspace_id = ?${at}` : `${COLUMNS[kind]} = ?${at}`

/** First second of the UTC day, and of the month. @param now Unix seconds */
export const startsOf = (now: number): { day: number; month: number } => ({
  day: Date.parse(`${dayOf(now)}T00:00:00Z`) / 1000,
  month: Date.parse(`${monthOf(now)}-01T00:00:00Z`) / 1000,
})

/** Tail of the ledger and holds, for each subject, in one row of columns t0, m0, t1, m1 … */
const sumsOf = (
  subjects: readonly LimitSubject[],
  first: number,
  tokens: string,
  micros: string,
): string =>
  subjects
    .map((subject, at) => {
      const is = conditionOf(subject, first + at)
      return `cast(coalesce(sum(case when ${is} then ${tokens} else 0 end), 0) as bigint) as t${at},
        cast(coalesce(sum(case when ${is} then ${micros} else 0 end), 0) as bigint) as m${at}`
    })
    .join(', ')

/**
 * What subjects have used at one moment: folded sums, entries that are not folded yet, and holds. Read in one write unit it is exact.
 * @param nowMs milliseconds
 * @param exceptHold the caller's own
 */
export const spentBy = async (
  db: Reader,
  workspaceId: string,
  subjects: readonly LimitSubject[],
  nowMs: number,
  exceptHold: string,
): Promise<Spent[]> => {
  const now = Math.floor(nowMs / 1000)
  const { day, month } = startsOf(now)
  const ids = subjects.map(({ id }) => id)
  const { where, params } = subjectRows(subjects, 4)
  const folded = await db.all<{
    subject_kind: string
    subject_id: string
    period: string
    tokens: number
    micros: number
  }>(
    `select subject_kind, subject_id, period, tokens, micros from usage_sums
     where workspace_id = ?1 and period in (?2, ?3) and ${where}`,
    [workspaceId, dayOf(now), monthOf(now), ...params],
  )
  const tail = await db.get<Record<string, number>>(
    `select ${sumsOf(subjects, 4, 'case when at >= ?2 then prompt_tokens + completion_tokens else 0 end', 'coalesce(micros, 0)')}
     from usage_entries where workspace_id = ?1 and folded = 0 and at >= ?3`,
    [workspaceId, day, month, ...ids],
  )
  const holds = await db.get<Record<string, number>>(
    `select ${sumsOf(subjects, 4, 'tokens', 'micros')} from usage_holds
     where workspace_id = ?1 and until_ms > ?2 and id <> ?3`,
    [workspaceId, nowMs, exceptHold, ...ids],
  )
  return subjects.map((subject, at) => {
    const sum = (period: string) =>
      folded.find(
        (row) =>
          row.subject_kind === subject.kind &&
          row.subject_id === subject.id &&
          row.period === period,
      )
    return {
      subject,
      used: {
        tokens: (sum(dayOf(now))?.tokens ?? 0) + Number(tail?.[`t${at}`] ?? 0),
        micros: (sum(monthOf(now))?.micros ?? 0) + Number(tail?.[`m${at}`] ?? 0),
      },
      held: { tokens: Number(holds?.[`t${at}`] ?? 0), micros: Number(holds?.[`m${at}`] ?? 0) },
    }
  })
}

/** Locks the rows of limits, so that units that hold for one of them come one after the other. */
export const lockLimits = async (
  tx: Tx,
  workspaceId: string,
  subjects: readonly LimitSubject[],
): Promise<void> => {
  const { where, params } = subjectRows(subjects, 2)
  await tx.run(`update limits set updated_at = updated_at where workspace_id = ?1 and ${where}`, [
    workspaceId,
    ...params,
  ])
}

export const insertHold = async (
  tx: Tx,
  id: string,
  by: UsedBy,
  { tokens, micros }: Amount,
  untilMs: number,
): Promise<void> => {
  await tx.run(
    `insert into usage_holds (workspace_id, id, person_id, key_id, assistant_id, tokens, micros, until_ms)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
     on conflict (workspace_id, id) do update set tokens = excluded.tokens, micros = excluded.micros, until_ms = excluded.until_ms`,
    [by.workspaceId, id, by.personId, by.keyId, by.assistantId, tokens, micros, untilMs],
  )
}

export const deleteHold = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from usage_holds where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

/** Forgets what holders that died have kept back. */
export const forgetOldHolds = async (store: Store, nowMs: number): Promise<void> => {
  const old = 'from usage_holds where until_ms <= ?1'
  // A plain read, so that an idle node writes nothing.
  if ((await store.get(`select 1 as found ${old} limit 1`, [nowMs])) === null) return
  await store.write('usage.forget-holds', (tx) => tx.run(`delete ${old}`, [nowMs]))
}
