import { errors } from '../errors.ts'
import type { Reader, SqlValue } from './store.ts'

/** A list request as the wire has it (behaviour.md 3). */
export interface PageQuery {
  /** 1 to 100. */
  limit: number
  order: 'asc' | 'desc'
  after: string | null
  before: string | null
}

export interface Page<T> {
  items: T[]
  /** Whether more items follow in the direction of travel. */
  hasMore: boolean
}

/** What is listed: a table, a fixed condition and the column that orders it. All three are constants of a feature's store. */
export interface PageSource {
  table: string
  /** Condition on the table's columns, with parameters `?1`, `?2` ... */
  where: string
  params: readonly SqlValue[]
  /** Unique within the condition and rising with creation: `id` or `position`. */
  orderBy: string
  /** For the not-found error of a cursor: `assistant`, `message` ... */
  kind: string
}

/**
 * One page by keyset cursors. `after` gives what follows the cursor in the asked order, `before` the items that directly precede it,
 * still in the asked order.
 * @throws AppError 404 when a cursor is not in the list
 */
export const selectPage = async <T extends object>(
  db: Reader,
  source: PageSource,
  query: PageQuery,
): Promise<Page<T>> => {
  const params = [...source.params]
  const conditions = [source.where]
  const bound = async (cursor: string, comparison: '<' | '>') => {
    params.push(await cursorKey(db, source, cursor))
    conditions.push(`${source.orderBy} ${comparison} ?${params.length}`)
  }
  const forward = query.order === 'asc' ? '>' : '<'
  const backward = query.order === 'asc' ? '<' : '>'
  if (query.after !== null) await bound(query.after, forward)
  if (query.before !== null) await bound(query.before, backward)
  const reversed = query.before !== null && query.after === null
  const direction = (query.order === 'asc') === !reversed ? 'asc' : 'desc'
  params.push(query.limit + 1)
  const rows = await db.all<T>(
    `select * from ${source.table} where ${conditions.join(' and ')} order by ${source.orderBy} ${direction} limit ?${params.length}`,
    params,
  )
  const items = rows.slice(0, query.limit)
  if (reversed) items.reverse()
  return { items, hasMore: rows.length > query.limit }
}

const cursorKey = async (db: Reader, source: PageSource, cursor: string): Promise<SqlValue> => {
  const params = [...source.params, cursor]
  const row = await db.get<{ key: SqlValue }>(
    `select ${source.orderBy} as key from ${source.table} where ${source.where} and id = ?${params.length}`,
    params,
  )
  if (row === null) throw errors.notFound(source.kind, cursor)
  return row.key
}
