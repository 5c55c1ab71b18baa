import type { ComparisonFilter, SearchFilter } from '@melzi/contract/vector-store-search.ts'
import type { SqlValue } from '../../platform/store/store.ts'

const COMPARE = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

type Single = string | number | boolean

/** `exists (…)` for an attribute of `f` that has the key and fulfils the comparison; a value is only compared with its own kind. */
const holds = (key: string, operator: string, value: Single, params: SqlValue[]): string => {
  const at = params.push(key)
  const column = typeof value === 'number' ? 'number_value' : 'text_value'
  const mark = params.push(typeof value === 'number' ? value : String(value))
  return `exists (select 1 from vector_store_attributes a where a.workspace_id = f.workspace_id and a.entry_id = f.entry_id
    and a.key = ?${at} and a.kind = '${typeof value}' and a.${column} ${operator} ?${mark})`
}

const comparison = ({ type, key, value }: ComparisonFilter, params: SqlValue[]): string => {
  const anyOf = () => {
    const values: Single[] = Array.isArray(value) ? value : [value]
    if (values.length === 0) return '1 = 0'
    return `(${values.map((one) => holds(key, '=', one, params)).join(' or ')})`
  }
  switch (type) {
    case 'eq':
    case 'in':
      return anyOf()
    case 'ne':
    case 'nin':
      return `not ${anyOf()}`
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return Array.isArray(value) ? '1 = 0' : holds(key, COMPARE[type], value, params)
  }
}

/**
 * A search filter as a portable condition on `f`, the row of vector_store_files (behaviour.md 14). `ne` and `nin` are also true where the
 * attribute is missing; an empty `and` is true, an empty `or` false.
 * @param params gets what the condition needs, after what it holds already
 */
export const filterSql = (filter: SearchFilter, params: SqlValue[]): string => {
  if ('key' in filter) return comparison(filter, params)
  const parts = filter.filters.map((inner) => filterSql(inner, params))
  if (parts.length === 0) return filter.type === 'and' ? '1 = 1' : '1 = 0'
  return `(${parts.join(` ${filter.type} `)})`
}
