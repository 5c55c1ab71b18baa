/** Reading of single fields of a plugin file, with errors in the contract's form. */
import { errors } from '../platform/errors.ts'
import type { Json } from './python/sandbox-driver.ts'

export type JsonObject = { [key: string]: Json }

/** '' when it is absent or null. @param path how the error names it; the key when left out */
export const optionalText = (object: JsonObject, key: string, path = key): string => {
  const value = object[key]
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw wrongType(path, 'a string', value)
  return value
}

/** A text with something in it. */
export const requiredText = (object: JsonObject, key: string, path: string): string => {
  const value = object[key]
  if (value === undefined || value === null) throw missing(path)
  if (typeof value !== 'string') throw wrongType(path, 'a string', value)
  if (value.trim() === '')
    throw errors.invalid(`Invalid '${path}': expected a non-empty string.`, path, 'invalid_value')
  return value
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What a value is, in the words of the contract's errors. */
export const nameOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

export const missing = (path: string) =>
  errors.invalid(`Missing required parameter: '${path}'.`, path, 'missing_required_parameter')

export const wrongType = (path: string, expected: string, value: unknown) =>
  errors.invalid(
    `Invalid type for '${path}': expected ${expected}, but got ${nameOf(value)} instead.`,
    path,
    'invalid_type',
  )
