import { errors, type AppError } from '../platform/errors.ts'
import { isInteger, isMissing, type Issue } from './issue.ts'
import { nearestKey } from './nearest-key.ts'
import { characters, pathText, quotedList, valueName } from './value-name.ts'

/** Longest piece of the client's own value that an error repeats. */
const MAX_ECHO = 200

const clip = (text: string): string =>
  text.length <= MAX_ECHO ? text : `${text.slice(0, MAX_ECHO)}...`

const missing = (param: string): AppError =>
  errors.invalid(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter')

export const wrongType = (param: string | null, expected: string, value: unknown): AppError => {
  const place = param === null ? 'the request body' : `'${param}'`
  return errors.invalid(
    `Invalid type for ${place}: expected ${expected}, but got ${valueName(value)} instead.`,
    param,
    'invalid_type',
  )
}

/** @param known keys the object may hold and does not hold yet */
export const unknownKey = (path: readonly PropertyKey[], known: readonly string[]): AppError => {
  const param = clip(pathText(path))
  const near = nearestKey(String(path.at(-1)), known)
  const hint = near === null ? '' : ` Did you mean '${pathText([...path.slice(0, -1), near])}'?`
  return errors.invalid(`Unknown parameter: '${param}'.${hint}`, param, 'unknown_parameter')
}

const EXPECTED: Record<string, string> = {
  string: 'a string',
  boolean: 'a boolean',
  array: 'an array',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

const expectedName = (issue: Issue): string => {
  if (isInteger(issue)) return 'an integer'
  if (issue.expected === 'number') return 'a decimal number'
  return EXPECTED[issue.expected ?? ''] ?? 'another type'
}

const badEnum = (param: string, value: unknown, allowed: readonly unknown[]): AppError => {
  const texts = allowed.filter((one) => typeof one === 'string')
  if (typeof value !== 'string') return wrongType(param, 'a string', value)
  return errors.invalid(
    `Invalid value: '${clip(value)}'. Supported values are: ${quotedList(texts)}.`,
    param,
    'invalid_value',
  )
}

/** No branch of the union takes this kind of value: name the texts it takes, or else the types. */
const badUnion = (param: string, issue: Issue): AppError => {
  const branches = (issue.errors ?? []).flat().filter((inner) => inner.path.length === 0)
  const allowed = branches.flatMap((inner) => inner.values ?? [])
  if (allowed.length > 0 && typeof issue.input === 'string')
    return badEnum(param, issue.input, allowed)
  const names = branches.map((inner) => (inner.values ? 'a string' : expectedName(inner)))
  return wrongType(param, [...new Set(names)].join(' or '), issue.input)
}

const tooBig = (param: string, issue: Issue): AppError => {
  const { input, maximum } = issue
  if (typeof input === 'string') {
    return errors.invalid(
      `Invalid '${param}': string too long. Expected a string with maximum length ${maximum}, but got a string with length ${issue.length ?? characters(input)} instead.`,
      param,
      'string_above_max_length',
    )
  }
  if (Array.isArray(input)) {
    return errors.invalid(
      `Invalid '${param}': array too long. Expected an array with maximum length ${maximum}, but got an array with length ${input.length} instead.`,
      param,
      'array_above_max_length',
    )
  }
  if (typeof input === 'object' && input !== null) {
    return errors.invalid(
      `Invalid '${param}': too many properties. Expected an object with at most ${maximum} properties, but got an object with ${Object.keys(input).length} properties instead.`,
      param,
      'object_above_max_properties',
    )
  }
  const kind = isInteger(issue) ? 'integer' : 'decimal'
  return errors.invalid(
    `Invalid '${param}': ${kind} above maximum value. Expected a value <= ${maximum}, but got ${String(input)} instead.`,
    param,
    `${kind}_above_max_value`,
  )
}

const tooSmall = (param: string, issue: Issue): AppError => {
  const { input, minimum } = issue
  if (Array.isArray(input)) {
    return errors.invalid(
      `Invalid '${param}': empty array. Expected an array with minimum length ${minimum}, but got an empty array instead.`,
      param,
      'empty_array',
    )
  }
  if (typeof input === 'string') {
    return errors.invalid(
      `Invalid '${param}': string too short. Expected a string with minimum length ${minimum}, but got a string with length ${characters(input)} instead.`,
      param,
      'string_below_min_length',
    )
  }
  const kind = isInteger(issue) ? 'integer' : 'decimal'
  return errors.invalid(
    `Invalid '${param}': ${kind} below minimum value. Expected a value >= ${minimum}, but got ${String(input)} instead.`,
    param,
    `${kind}_below_min_value`,
  )
}

const badFormat = (param: string, issue: Issue): AppError => {
  if (issue.format === 'url') {
    return errors.invalid(
      `Invalid '${param}'. Expected a valid URL, but got a value with an invalid format.`,
      param,
      'invalid_value',
    )
  }
  if (issue.format === 'starts_with') {
    return errors.invalid(
      `Invalid '${param}': '${clip(String(issue.input))}'. Expected an ID that begins with '${issue.prefix}'.`,
      param,
      'invalid_value',
    )
  }
  const pattern = (issue.pattern ?? '').replace(/^\/(.*)\/[a-z]*$/s, '$1')
  return errors.invalid(
    `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '${pattern}'.`,
    param,
    'invalid_value',
  )
}

const badKey = (path: readonly PropertyKey[]): AppError => {
  const key = String(path.at(-1))
  const shown = `${key.slice(0, 3)}...${key.slice(-3)}`
  return errors.invalid(
    `Invalid property name in '${pathText(path.slice(0, -1))}': '${shown}' is too long. Expected a string with maximum length 64, but got a string with length ${characters(key)} instead.`,
    clip(pathText(path)),
    'property_name_above_max_length',
  )
}

const custom = (param: string, issue: Issue): AppError => {
  const { rule, name, fault } = issue.params ?? {}
  if (rule === 'function_schema') {
    return errors.invalid(
      `Invalid schema for function '${String(name)}': In context=(), ${String(fault)}`,
      param,
      'invalid_function_parameters',
    )
  }
  return errors.invalid(`Invalid '${param}'.`, param, 'invalid_value')
}

/** One zod issue in the wire's words: text, `param` and `code` of behaviour.md 2. */
export const issueError = (issue: Issue): AppError => {
  const param = pathText(issue.path)
  if (isMissing(issue)) return missing(param)
  switch (issue.code) {
    case 'unrecognized_keys': {
      const held = Object.keys((issue.input ?? {}) as object)
      const known = issue.message.split(' ').filter((key) => !held.includes(key))
      return unknownKey([...issue.path, issue.keys?.[0] ?? ''], known)
    }
    case 'invalid_type':
      return wrongType(param === '' ? null : param, expectedName(issue), issue.input)
    case 'invalid_value':
      return badEnum(param, issue.input, issue.values ?? [])
    case 'invalid_union': {
      if (issue.options === undefined) return badUnion(param, issue)
      const key = issue.path.at(-1) ?? ''
      return badEnum(param, (issue.input as Record<PropertyKey, unknown>)[key], issue.options)
    }
    case 'too_big':
      return tooBig(param, issue)
    case 'too_small':
      return tooSmall(param, issue)
    case 'invalid_format':
      return badFormat(param, issue)
    case 'invalid_key':
      return badKey(issue.path)
    default:
      return custom(param, issue)
  }
}
