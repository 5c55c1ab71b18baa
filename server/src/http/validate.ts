import type * as z from 'zod/mini'
import { errors } from '../platform/errors.ts'
import { issueError } from './issue-error.ts'
import { firstIssue, issueHint } from './issue.ts'

/** Query keys of other dialects that say nothing to this server: Azure clients send `api-version` on every call (behaviour.md 15). */
const IGNORED_QUERY_KEYS = new Set(['api-version'])

const parse = <T extends z.core.$ZodType>(
  schema: T & ParsesWith<T>,
  value: unknown,
): z.core.output<T> => {
  const result = schema.safeParse(value, { error: issueHint, reportInput: true })
  if (result.success) return result.data
  const issue = firstIssue(result.error)
  throw issue === undefined ? errors.invalid('The request is not valid.') : issueError(issue)
}

/** The one method of a zod schema that is called here. */
interface ParsesWith<T> {
  safeParse(
    value: unknown,
    context?: z.core.ParseContext<z.core.$ZodIssue>,
  ): z.core.util.SafeParseResult<z.core.output<T>>
}

/**
 * A request body by its schema of `@melzi/contract`; no body at all counts as `{}`.
 * @throws AppError 400 with the text, `param` and `code` of behaviour.md 2: the first fault only
 */
export const parseBody = <T extends z.core.$ZodType>(
  schema: T & ParsesWith<T>,
  body: unknown,
): z.core.output<T> => parse(schema, body === undefined ? {} : body)

interface Def {
  type: string
  innerType?: { _zod: { def: Def } }
  in?: { _zod: { def: Def } }
  shape?: Record<string, { _zod: { def: Def } }>
}

/** The kind of value a field holds, below optional, default and the like. */
const kindOf = (def: Def): string => {
  const inner = def.innerType ?? def.in
  return inner === undefined ? def.type : kindOf(inner._zod.def)
}

/** The object schema of a field, below optional and the like. */
const objectOf = (field: { _zod: { def: Def } }): z.core.$ZodType | undefined => {
  const { def } = field._zod
  const inner = def.innerType ?? def.in
  if (inner !== undefined) return objectOf(inner)
  return def.type === 'object' ? (field as unknown as z.core.$ZodType) : undefined
}

const NUMBER = /^-?\d+(?:\.\d+)?$/

const fromText = (kind: string, value: unknown): unknown => {
  if (kind === 'array') return Array.isArray(value) ? value : [value]
  if (typeof value !== 'string') return value
  if (kind === 'number' && NUMBER.test(value)) return Number(value)
  if (kind === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

/** @param values texts by key; @returns the same with numbers, booleans and lists where the schema's object has such */
const fromTexts = (schema: z.core.$ZodType, values: Record<string, unknown>) => {
  const shape = (schema._zod.def as unknown as Def).shape ?? {}
  // no prototype: a key named __proto__ is a key like any other
  const read: Record<string, unknown> = Object.create(null)
  for (const [key, value] of Object.entries(values)) {
    const field = Object.hasOwn(shape, key) ? shape[key] : undefined
    read[key] = field === undefined ? value : fromText(kindOf(field._zod.def), value)
  }
  return read
}

/**
 * A query by its schema: texts become numbers, booleans and lists where the schema has such, `include[]=` is `include`.
 * @param query as Fastify parsed it: texts, and lists of texts for repeated keys
 * @throws AppError 400 as {@link parseBody}
 */
export const parseQuery = <T extends z.core.$ZodType>(
  schema: T & ParsesWith<T>,
  query: unknown,
): z.core.output<T> => {
  const values: Record<string, unknown> = Object.create(null)
  for (const [sent, value] of Object.entries(query as Record<string, unknown>)) {
    if (IGNORED_QUERY_KEYS.has(sent)) continue
    values[sent.endsWith('[]') ? sent.slice(0, -2) : sent] = value
  }
  return parse(schema, fromTexts(schema, values))
}

/**
 * The fields of a form by their schema: texts become numbers where it has such, also one level down.
 * @throws AppError 400 as {@link parseBody}
 */
export const parseFields = <T extends z.core.$ZodType>(
  schema: T & ParsesWith<T>,
  fields: Record<string, unknown>,
): z.core.output<T> => {
  const shape = (schema._zod.def as unknown as Def).shape ?? {}
  const values = fromTexts(schema, fields)
  for (const [key, value] of Object.entries(values)) {
    const field = Object.hasOwn(shape, key) ? shape[key] : undefined
    const inner = field === undefined ? undefined : objectOf(field)
    if (inner === undefined || typeof value !== 'object' || value === null) continue
    values[key] = fromTexts(inner, value as Record<string, unknown>)
  }
  return parse(schema, values)
}
