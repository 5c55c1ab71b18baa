import { errors } from '../errors.ts'
import type { SqlValue } from './store.ts'

/** A statement of the portable subset, read once. */
export interface PortableSql {
  /** The text with `$1` for `?1`, as PostgreSQL wants it. */
  readonly dollar: string
  /** How many parameters it takes. */
  readonly parameters: number
}

// What may hide a question mark: string, quoted name, line comment, block comment. Then `?` with its number.
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?(\d*)/g

/**
 * Reads a statement written with `?1`, `?2` ...; marks inside literals, quoted names and comments are left alone.
 * @throws Error when a mark has no number or a number is skipped: PostgreSQL could not give the skipped one a type.
 */
export const readPortableSql = (sql: string): PortableSql => {
  const seen = new Set<number>()
  const dollar = sql.replace(TOKEN, (token: string, digits: string | undefined) => {
    if (digits === undefined) return token
    const index = Number(digits)
    if (!(index >= 1)) throw new Error(`parameters are written ?1, ?2 ...: ${sql}`)
    seen.add(index)
    return `$${index}`
  })
  for (let index = 1; index <= seen.size; index += 1) {
    if (!seen.has(index)) throw new Error(`?${index} is not used: ${sql}`)
  }
  return { dollar, parameters: seen.size }
}

/**
 * Refuses on both engines what only one of them could keep.
 * @throws AppError 400 for text with a NUL character, which PostgreSQL cannot hold
 * @throws Error when the number of values is wrong or a number is not finite
 */
export const checkValues = (sql: string, parameters: number, values: readonly SqlValue[]): void => {
  if (values.length !== parameters) {
    throw new Error(`${parameters} values expected, ${values.length} given: ${sql}`)
  }
  for (const value of values) {
    if (typeof value === 'string' && value.includes('\0')) {
      throw errors.invalid('Text with a NUL character (U+0000) cannot be stored.')
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new Error(`${value} cannot be stored: ${sql}`)
    }
  }
}
