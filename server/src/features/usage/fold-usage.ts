import type { Row, SqlValue, Store, Tx } from '../../platform/store/store.ts'

/** Entries of one unit: the other units of a SQLite server wait for it. */
const BATCH = 500
const HOUR = 3600

/** `2026-11-25`. @param at Unix seconds */
export const dayOf = (at: number): string => new Date(at * 1000).toISOString().slice(0, 10)
/** `2026-11`. @param at Unix seconds */
export const monthOf = (at: number): string => dayOf(at).slice(0, 7)

/** Adds up what is the same in `keys`. */
class Sums {
  readonly #sums = new Map<string, { keys: SqlValue[]; values: number[] }>()

  add(keys: SqlValue[], values: readonly number[]): void {
    const name = JSON.stringify(keys)
    const sum = this.#sums.get(name)
    if (sum === undefined) this.#sums.set(name, { keys, values: [...values] })
    else for (const [at, value] of values.entries()) sum.values[at] = (sum.values[at] ?? 0) + value
  }

  /** In one order on every node, so that two that fold do not wait for each other in a circle. */
  rows(): { keys: SqlValue[]; values: number[] }[] {
    return [...this.#sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum)
  }
}

const number = (row: Row, column: string): number => Number(row[column] ?? 0)

/** Adds to the sums of an hour. `priced` says whether any of it had a price: sums without one stay null. */
const addHour = (tx: Tx, keys: SqlValue[], values: number[], priced: boolean): Promise<number> => {
  const [micros = 0] = values.slice(7, 8)
  return tx.run(
    `insert into usage_hours (workspace_id, hour, person_id, key_id, assistant_id, model, kind, channel,
       prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, model_calls, plugin_calls, ms, micros, unpriced_calls, estimated_calls)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
     on conflict (workspace_id, hour, person_id, key_id, assistant_id, model, kind, channel) do update set
       prompt_tokens = usage_hours.prompt_tokens + excluded.prompt_tokens,
       completion_tokens = usage_hours.completion_tokens + excluded.completion_tokens,
       cached_tokens = usage_hours.cached_tokens + excluded.cached_tokens,
       reasoning_tokens = usage_hours.reasoning_tokens + excluded.reasoning_tokens,
       model_calls = usage_hours.model_calls + excluded.model_calls,
       plugin_calls = usage_hours.plugin_calls + excluded.plugin_calls,
       ms = usage_hours.ms + excluded.ms,
       micros = coalesce(usage_hours.micros + excluded.micros, usage_hours.micros, excluded.micros),
       unpriced_calls = usage_hours.unpriced_calls + excluded.unpriced_calls,
       estimated_calls = usage_hours.estimated_calls + excluded.estimated_calls`,
    [...keys, ...values.slice(0, 7), priced ? micros : null, ...values.slice(8, 10)],
  )
}

const addSum = (tx: Tx, keys: SqlValue[], values: number[]): Promise<number> =>
  tx.run(
    `insert into usage_sums (workspace_id, subject_kind, subject_id, period, tokens, micros)
     values (?1, ?2, ?3, ?4, ?5, ?6)
     on conflict (workspace_id, subject_kind, subject_id, period) do update set
       tokens = usage_sums.tokens + excluded.tokens, micros = usage_sums.micros + excluded.micros`,
    [...keys, ...values],
  )

/** Entries that were taken, and are taken from now on by nobody else. */
const take = async (tx: Tx, workspaceId: string, before: number): Promise<Row[]> => {
  const skip = tx.engine === 'postgres' ? 'for update skip locked' : ''
  return tx.all(
    `update usage_entries set folded = 1 where workspace_id = ?1 and source in (
       select source from usage_entries where workspace_id = ?1 and folded = 0 and at < ?2 order by at limit ${BATCH} ${skip}
     ) returning *`,
    [workspaceId, before],
  )
}

const addAll = async (tx: Tx, entries: readonly Row[]): Promise<void> => {
  const hours = new Sums()
  const sums = new Sums()
  for (const entry of entries) {
    const at = number(entry, 'at')
    const [workspace, person] = [entry['workspace_id'] ?? '', entry['person_id'] ?? '']
    const [key, assistant] = [entry['key_id'] ?? '', entry['assistant_id'] ?? '']
    const { model = null, micros = null } = entry
    const hour = at - (at % HOUR)
    hours.add(
      [
        workspace,
        hour,
        person,
        key,
        assistant,
        model ?? '',
        entry['kind'] ?? '',
        entry['channel'] ?? '',
      ],
      [
        number(entry, 'prompt_tokens'),
        number(entry, 'completion_tokens'),
        number(entry, 'cached_tokens'),
        number(entry, 'reasoning_tokens'),
        number(entry, 'model_calls'),
        number(entry, 'plugin_calls'),
        number(entry, 'ms'),
        number(entry, 'micros'),
        model !== null && micros === null ? number(entry, 'model_calls') : 0,
        number(entry, 'estimated'),
        micros === null ? 0 : 1,
      ],
    )
    const tokens = number(entry, 'prompt_tokens') + number(entry, 'completion_tokens')
    const subjects = [
      ['workspace', workspace],
      ['person', person],
      ['key', key],
      ['assistant', assistant],
    ] as const
    for (const [kind, id] of subjects) {
      if (id === '') continue
      for (const period of [dayOf(at), monthOf(at)])
        sums.add([workspace, kind, id, period], [tokens, number(entry, 'micros')])
    }
  }
  for (const { keys, values } of hours.rows()) await addHour(tx, keys, values, values[10] !== 0)
  for (const { keys, values } of sums.rows()) await addSum(tx, keys, values)
}

/**
 * Adds entries that are older to the sums, each once: an entry is marked in the unit that adds it, so a node that dies in between has done
 * nothing, and two nodes never add the same. Entries stay; sums are hours and what is not folded yet.
 * @param before Unix seconds
 * @returns how many entries were folded
 */
export const foldUsage = async (
  store: Store,
  before: number,
  signal?: AbortSignal,
): Promise<number> => {
  let folded = 0
  while (signal?.aborted !== true) {
    const next = await store.get<{ workspace_id: string }>(
      'select workspace_id from usage_entries where folded = 0 and at < ?1 limit 1',
      [before],
    )
    if (next === null) return folded
    const count = await store.write('usage.fold', async (tx) => {
      const entries = await take(tx, next.workspace_id, before)
      await addAll(tx, entries)
      return entries.length
    })
    // The rest is in another node's hands.
    if (count === 0) return folded
    folded += count
  }
  return folded
}
