/** Whether a call's arguments fit their schema, said in sentences a model can act on. What only the API can judge is left to it. */
import { isTooDeep } from '../json-depth.ts'
import { isObject, nameOf, type JsonObject } from '../manifest-fields.ts'
import type { Json } from '../python/sandbox-driver.ts'

const MOST_PROBLEMS = 10
const MOST_CHECKS = 20_000

export interface CheckedArguments {
  /** With what could be read in the type that is asked for (`"5"` for a number), and without what was null for nothing. */
  arguments: JsonObject
  problems: string[]
}

/**
 * Checks types, required fields, and choices; bounds, patterns and formats are the API's to check.
 * @param isOpen whether arguments that are no parameter are taken
 */
export const checkArguments = (
  schema: JsonObject,
  given: JsonObject,
  isOpen: boolean,
): CheckedArguments => {
  const checker = new Checker()
  const properties = isObject(schema.properties) ? schema.properties : {}
  const unknown = isOpen
    ? []
    : Object.keys(given).filter((name) => !Object.hasOwn(properties, name))
  const value = checker.check(schema, given, '')
  const known = Object.keys(properties).map((name) => `'${name}'`)
  const listed = known.length === 0 ? 'it takes none' : `it takes ${known.slice(0, 50).join(', ')}`
  const strange = unknown.map((name) => `'${name.slice(0, 100)}' is no parameter (${listed})`)
  return {
    arguments: isObject(value) ? value : {},
    problems: [...checker.problems, ...strange].slice(0, MOST_PROBLEMS),
  }
}

class Checker {
  readonly problems: string[] = []
  #checks = 0

  check(schema: JsonObject, value: Json, path: string): Json {
    this.#checks += 1
    if (this.#checks > MOST_CHECKS || this.problems.length >= MOST_PROBLEMS) return value
    if (Array.isArray(schema.anyOf)) return this.#choose(schema.anyOf, value, path)
    const types = typesOf(schema)
    const fitting = types.length === 0 ? value : toType(value, types)
    if (fitting === undefined) {
      this.#report(`'${path}' must be ${types.map(article).join(' or ')}, not ${nameOf(value)}`)
      return value
    }
    if (Array.isArray(schema.enum) && !schema.enum.includes(fitting) && !isContainer(fitting)) {
      const choices = schema.enum.slice(0, 30).map((one) => JSON.stringify(one))
      this.#report(`'${path}' must be one of ${choices.join(', ')}`)
    }
    const { items } = schema
    if (Array.isArray(fitting) && isObject(items))
      return fitting.map((item, index) => this.check(items, item, `${path}[${index}]`))
    return isObject(fitting) ? this.#fields(schema, fitting, path) : fitting
  }

  #fields(schema: JsonObject, value: JsonObject, path: string): JsonObject {
    const properties = isObject(schema.properties) ? schema.properties : {}
    const required = Array.isArray(schema.required) ? schema.required : []
    const checked: [string, Json][] = []
    for (const [name, field] of Object.entries(value)) {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined
      if (!isObject(property)) checked.push([name, field])
      // Models write null for what they leave out.
      else if (field !== null || takesNull(property))
        checked.push([name, this.check(property, field, path === '' ? name : `${path}.${name}`)])
    }
    const object = Object.fromEntries(checked)
    for (const name of required) {
      if (typeof name !== 'string' || Object.hasOwn(object, name)) continue
      this.#report(`'${path === '' ? name : `${path}.${name}`}' is required`)
    }
    return object
  }

  /** The first choice that fits. */
  #choose(choices: Json[], value: Json, path: string): Json {
    const before = this.problems.length
    let first: string | undefined
    for (const choice of choices) {
      if (!isObject(choice)) continue
      const tried = this.check(choice, value, path)
      const [problem] = this.problems.splice(before)
      if (problem === undefined) return tried
      first ??= problem
    }
    if (first !== undefined)
      this.#report(`'${path}' fits none of the ${choices.length} forms it can have (${first})`)
    return value
  }

  #report(problem: string): void {
    this.problems.push(problem)
  }
}

const typesOf = (schema: JsonObject): string[] =>
  [schema.type].flat().filter((type): type is string => typeof type === 'string')

const takesNull = (schema: JsonObject): boolean => {
  const types = typesOf(schema)
  if (Array.isArray(schema.anyOf))
    return schema.anyOf.some((choice) => isObject(choice) && takesNull(choice))
  return types.length === 0 || types.includes('null')
}

const isContainer = (value: Json) => typeof value === 'object' && value !== null

/** The value in one of the types; undefined where it is none of them and nothing that says the same. */
const toType = (value: Json, types: readonly string[]): Json | undefined => {
  if (types.some((type) => hasType(value, type))) return value
  if (typeof value === 'string') {
    const isNumeric = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)
    const number = Number(value)
    // A number that its text does not survive stays as it is written.
    if (
      isNumeric &&
      (types.includes('number') || (types.includes('integer') && Number.isInteger(number)))
    )
      return Number.isSafeInteger(number) || !Number.isInteger(number) ? number : value
    if (types.includes('boolean') && (value === 'true' || value === 'false'))
      return value === 'true'
    const inner = types.includes('object') || types.includes('array') ? parsed(value) : null
    if (inner !== null && types.some((type) => hasType(inner, type))) return inner
  }
  if ((typeof value === 'number' || typeof value === 'boolean') && types.includes('string'))
    return String(value)
  if (types.includes('array') && value !== null && !isContainer(value)) return [value]
  return undefined
}

/** A list or an object that a model wrote as text; null where it is none. */
const parsed = (text: string): Json => {
  if (!/^\s*[{[]/.test(text)) return null
  try {
    const value = JSON.parse(text) as Json
    return isTooDeep(value) ? null : value
  } catch {
    return null
  }
}

const hasType = (value: Json, type: string): boolean => {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

const article = (type: string): string => {
  if (type === 'null') return type
  return /^[aio]/.test(type) ? `an ${type}` : `a ${type}`
}
