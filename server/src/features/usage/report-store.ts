import type { UsageGroup } from '@melzi/contract/usage.ts'
import type { Reader, SqlValue } from '../../platform/store/store.ts'

/** What a report is of. */
export interface ReportQuery {
  workspaceId: string
  /** Unix seconds of whole hours; `to` is not itself included. */
  from: number
  to: number
  groups: readonly UsageGroup[]
  assistantId?: string | undefined
  model?: string | undefined
  keyId?: string | undefined
  personId?: string | undefined
  kind?: string | undefined
  /** Who sees only their own usage and that of their assistants, in which others have no names; null: an admin, who sees all. */
  seenBy: string | null
}

/** Sums of one group. */
export interface ReportRow {
  /** Of the hour or day; null when not grouped by one. */
  startTime: number | null
  assistantId: string | null
  model: string | null
  keyId: string | null
  personId: string | null
  kind: string | null
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  reasoningTokens: number
  modelCalls: number
  pluginCalls: number
  ms: number
  /** Null when none of it had a price. */
  micros: number | null
  unpricedCalls: number
  estimatedCalls: number
}

const SUMS = [
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'model_calls',
  'plugin_calls',
  'ms',
  'micros',
  'unpriced_calls',
  'estimated_calls',
] as const

/** Hours, and what is not folded yet, as of one moment: it is one statement. */
const ROWS = `
  select hour, person_id, key_id, assistant_id, model, kind, ${SUMS.join(', ')}
  from usage_hours where workspace_id = ?1 and hour >= ?2 and hour < ?3
  union all
  select at - at % 3600, person_id, coalesce(key_id, ''), coalesce(assistant_id, ''), coalesce(model, ''), kind,
    prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, model_calls, plugin_calls, ms, micros,
    case when model is not null and micros is null then model_calls else 0 end, estimated
  from usage_entries where workspace_id = ?1 and folded = 0 and at >= ?2 and at < ?3`

type Dimension = 'start' | 'assistant' | 'model' | 'key' | 'person' | 'kind'

const text = (value: SqlValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null

/**
 * Sums of usage.
 * @param most rows; with more there are `most + 1`
 */
export const sumUsage = async (
  db: Reader,
  query: ReportQuery,
  most: number,
): Promise<ReportRow[]> => {
  const params: SqlValue[] = [query.workspaceId, query.from, query.to]
  const given = (value: SqlValue): string => `?${params.push(value)}`
  let person = 'person_id'
  let key = 'key_id'
  const where: string[] = []
  if (query.seenBy !== null) {
    const me = given(query.seenBy)
    where.push(
      `(person_id = ${me} or assistant_id in (select id from assistants where workspace_id = ?1 and owner_id = ${me}))`,
    )
    person = `case when person_id = ${me} then person_id else '' end`
    key = `case when person_id = ${me} then key_id else '' end`
  }
  const filters = [
    ['assistant_id', query.assistantId],
    ['model', query.model],
    [key, query.keyId],
    [person, query.personId],
    ['kind', query.kind],
  ] as const
  for (const [column, value] of filters)
    if (value !== undefined) where.push(`${column} = ${given(value)}`)

  const expressions: Record<Dimension, string> = {
    start: query.groups.includes('hour') ? 'hour' : 'hour - hour % 86400',
    assistant: 'assistant_id',
    model: 'model',
    key,
    person,
    kind: 'kind',
  }
  const dimensions = [
    ...new Set(
      query.groups.map((group): Dimension =>
        group === 'hour' || group === 'day' ? 'start' : group,
      ),
    ),
  ]
  const places = dimensions.map((_, at) => at + 1).join(', ')
  const grouping = places === '' ? '' : `group by ${places} order by ${places}`
  const columns = [
    ...dimensions.map((name) => `${expressions[name]} as by_${name}`),
    ...SUMS.map((sum) => `cast(sum(${sum}) as bigint) as ${sum}`),
    'count(*) as found',
  ]
  const rows = await db.all(
    `select ${columns.join(', ')} from (${ROWS}) as used
     ${where.length === 0 ? '' : `where ${where.join(' and ')}`} ${grouping} limit ${most + 1}`,
    params,
  )
  const number = (value: SqlValue | undefined): number => Number(value ?? 0)
  return rows.map((row) => ({
    startTime: row['by_start'] === undefined ? null : number(row['by_start']),
    assistantId: text(row['by_assistant']),
    model: text(row['by_model']),
    keyId: text(row['by_key']),
    personId: text(row['by_person']),
    kind: text(row['by_kind']),
    promptTokens: number(row['prompt_tokens']),
    completionTokens: number(row['completion_tokens']),
    cachedTokens: number(row['cached_tokens']),
    reasoningTokens: number(row['reasoning_tokens']),
    modelCalls: number(row['model_calls']),
    pluginCalls: number(row['plugin_calls']),
    ms: number(row['ms']),
    micros: row['micros'] == null ? null : number(row['micros']),
    unpricedCalls: number(row['unpriced_calls']),
    estimatedCalls: number(row['estimated_calls']),
  }))
}
