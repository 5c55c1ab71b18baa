/** Schemas of a document as plain JSON Schema for a model: references unfolded, circles cut, and not larger than a limit. */
import { isObject, type JsonObject } from '../manifest-fields.ts'
import type { Json } from '../python/sandbox-driver.ts'
import { DocumentError } from './document-error.ts'
import type { DocumentRefs } from './document-refs.ts'

/** How much of a schema is kept. */
export interface SchemaLevel {
  /** Levels of objects and arrays below an argument. */
  depth: number
  /** Characters of a description. */
  text: number
}

/** What all schemas of a document may unfold to together: parts of schemas, tried ones included. */
export interface ShapeBudget {
  nodes: number
}

/** More was unfolded than a schema of any use has. */
export class SchemaTooLarge extends Error {}

const MOST_NODES = 2_000
const MOST_CHOICES = 20
const MOST_ENUM = 200
const LONGEST_VALUE = 500

/** Keywords that are kept as they are, with what their value must be. */
const KEPT: Readonly<Record<string, (value: Json) => boolean>> = {
  format: (value) => typeof value === 'string' && value.length <= 50,
  pattern: (value) => typeof value === 'string' && value.length <= 200,
  enum: (value) => Array.isArray(value) && value.length <= MOST_ENUM,
  const: (value) => isSmall(value),
  default: (value) => isSmall(value),
  minimum: isNumber,
  maximum: isNumber,
  exclusiveMinimum: isNumber,
  exclusiveMaximum: isNumber,
  multipleOf: isNumber,
  minLength: isNumber,
  maxLength: isNumber,
  minItems: isNumber,
  maxItems: isNumber,
  uniqueItems: (value) => value === true,
}

const KEPT_KEYWORDS = Object.entries(KEPT)

export class SchemaShaper {
  readonly #refs: DocumentRefs
  readonly #level: SchemaLevel
  readonly #budget: ShapeBudget
  #nodes = 0

  constructor(refs: DocumentRefs, level: SchemaLevel, budget: ShapeBudget) {
    this.#refs = refs
    this.#level = level
    this.#budget = budget
  }

  /** @throws SchemaTooLarge, DocumentError */
  shape(schema: unknown, depth = 0, trail: readonly string[] = []): JsonObject {
    this.#nodes += 1
    this.#budget.nodes -= 1
    if (this.#budget.nodes < 0)
      throw new DocumentError(
        "The schemas of the document unfold to more than can be read. Tick fewer operations in 'melzi.functions'.",
        'melzi.functions',
      )
    if (this.#nodes > MOST_NODES) throw new SchemaTooLarge()
    const found = this.#refs.follow(schema)
    if (found === null) return {}
    const { object } = found
    // A schema within itself: that it is an object is all there is to say.
    if (found.trail.some((ref) => trail.includes(ref))) return { type: 'object' }
    const below = found.trail.length === 0 ? trail : [...trail, ...found.trail]
    const shaped = this.#own(object, depth, below)
    if (Array.isArray(object.allOf)) this.#merge(shaped, object.allOf, depth, below)
    const choices = object.anyOf ?? object.oneOf
    if (Array.isArray(choices)) this.#choose(shaped, choices, depth, below)
    if (object.nullable === true) allowNull(shaped)
    return shaped
  }

  /** A description within the level's limit; '' where there is none. */
  text(description: unknown): string {
    return typeof description === 'string' ? cutText(description, this.#level.text) : ''
  }

  #own(object: JsonObject, depth: number, trail: readonly string[]): JsonObject {
    const shaped: JsonObject = {}
    const type = typeOf(object)
    if (type !== null) shaped.type = type
    const description = this.text(object.description)
    if (description !== '') shaped.description = description
    for (const [keyword, isValid] of KEPT_KEYWORDS) {
      const value = object[keyword]
      if (value !== undefined && isValid(value)) shaped[keyword] = value
    }
    if (type !== 'array') delete shaped.uniqueItems
    // 3.0: whether the bound itself is allowed.
    for (const side of ['Minimum', 'Maximum']) {
      const bound = side.toLowerCase()
      if (object[`exclusive${side}`] !== true || shaped[bound] === undefined) continue
      shaped[`exclusive${side}`] = shaped[bound]
      delete shaped[bound]
    }
    if (depth < this.#level.depth) this.#inner(shaped, object, depth, trail)
    return shaped
  }

  #inner(shaped: JsonObject, object: JsonObject, depth: number, trail: readonly string[]): void {
    const { properties, items, additionalProperties: more } = object
    if (isObject(properties)) {
      const kept = Object.entries(properties)
        .filter(([name, property]) => name !== '__proto__' && !this.isReadOnly(property))
        .map(([name, property]) => [name, this.shape(property, depth + 1, trail)] as const)
      shaped.properties = Object.fromEntries(kept)
      const required = requiredOf(object).filter((name) => kept.some(([other]) => other === name))
      if (required.length > 0) shaped.required = required
    }
    if (isObject(items)) shaped.items = this.shape(items, depth + 1, trail)
    if (isObject(more) && Object.keys(more).length > 0)
      shaped.additionalProperties = this.shape(more, depth + 1, trail)
    if (more === false) shaped.additionalProperties = false
  }

  isReadOnly(property: unknown): boolean {
    return this.#refs.object(property)?.readOnly === true
  }

  /** All of several schemas: their keywords side by side, the later ones win. */
  #merge(shaped: JsonObject, members: Json[], depth: number, trail: readonly string[]): void {
    for (const member of members.slice(0, MOST_CHOICES)) {
      const { properties, required, ...rest } = this.shape(member, depth, trail)
      for (const [keyword, value] of Object.entries(rest)) shaped[keyword] ??= value
      if (isObject(properties)) {
        const known = isObject(shaped.properties) ? shaped.properties : {}
        shaped.properties = { ...known, ...properties, ...known }
      }
      const names = [...requiredOf(shaped), ...requiredOf({ required: required ?? null })]
      if (names.length > 0) shaped.required = [...new Set(names)]
    }
  }

  #choose(shaped: JsonObject, choices: Json[], depth: number, trail: readonly string[]): void {
    const shapes = choices
      .slice(0, MOST_CHOICES)
      .map((choice) => this.shape(choice, depth + 1, trail))
    const others = shapes.filter(({ type }) => type !== 'null')
    const hasNull = others.length < shapes.length
    const [only] = others
    if (others.length === 1 && only !== undefined) {
      for (const [keyword, value] of Object.entries(only)) shaped[keyword] ??= value
      if (hasNull) allowNull(shaped)
    } else if (others.length > 1 && others.every((one) => Object.keys(one).length > 0)) {
      // A choice that takes everything (only `required` of it was left out) makes the others say nothing.
      shaped.anyOf = hasNull ? [...others, { type: 'null' }] : others
    }
  }
}

/** Names in `required`, without what is no text. */
export const requiredOf = (schema: JsonObject): string[] =>
  Array.isArray(schema.required)
    ? schema.required.filter((name): name is string => typeof name === 'string')
    : []

/** What is sent for a required value that is left out: what the document says, where it leaves no choice or names a default. */
export const fallbackOf = (schema: JsonObject): Json => {
  if (schema.default !== undefined) return schema.default
  if (schema.const !== undefined) return schema.const
  return Array.isArray(schema.enum) && schema.enum.length === 1 ? (schema.enum[0] ?? null) : null
}

/** The longest start within a limit of characters, with a mark where something was left out; splits no character. */
export const cutText = (text: string, limit: number): string => {
  const plain = text.trim().toWellFormed()
  if (plain.length <= limit) return plain
  if (limit <= 1) return ''
  return `${plain
    .slice(0, limit - 1)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trimEnd()}…`
}

const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])

const typeOf = (schema: JsonObject): Json => {
  const { type } = schema
  if (typeof type === 'string' && TYPES.has(type)) return type
  if (Array.isArray(type)) {
    const known = type.filter((one) => typeof one === 'string' && TYPES.has(one))
    if (known.length === 1) return known[0] ?? null
    if (known.length > 1) return known
  }
  if (isObject(schema.properties)) return 'object'
  return isObject(schema.items) ? 'array' : null
}

const allowNull = (schema: JsonObject): void => {
  const { type } = schema
  if (typeof type === 'string' && type !== 'null') schema.type = [type, 'null']
  else if (Array.isArray(type) && !type.includes('null')) schema.type = [...type, 'null']
  if (Array.isArray(schema.enum) && !schema.enum.includes(null))
    schema.enum = [...schema.enum, null]
  if (Array.isArray(schema.anyOf) && type === undefined)
    schema.anyOf = [...schema.anyOf, { type: 'null' }]
}

function isNumber(value: Json): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}

const isSmall = (value: Json): boolean =>
  typeof value !== 'object' || value === null
    ? String(value).length <= LONGEST_VALUE
    : Object.keys(value).length <= 20 && JSON.stringify(value).length <= LONGEST_VALUE
