/**
 * Whether a value is what a JSON Schema asks for. The schema comes from a plugin, so nothing of it is compiled or run: `pattern` and
 * `format` are left to the plugin itself, and depth and count are bounded.
 */
type Schema = Record<string, unknown>

const DEEPEST = 32
const MOST_CHECKS = 20_000

const isRecord = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isInteger = (value: unknown) => typeof value === 'number' && Number.isInteger(value)

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: isInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: isRecord,
  null: (value) => value === null,
}

/** Why the value does not satisfy the schema, as one clause; null when it does. */
export const schemaComplaint = (value: unknown, schema: unknown): string | null =>
  new SchemaCheck(schema).complaint(value, schema, '', 0)

class SchemaCheck {
  readonly #root: unknown
  #checks = 0

  constructor(root: unknown) {
    this.#root = root
  }

  complaint(value: unknown, given: unknown, at: string, depth: number): string | null {
    this.#checks += 1
    if (depth > DEEPEST || this.#checks > MOST_CHECKS) return `${nameOf(at)} is too deep to check`
    if (given === false) return `${nameOf(at)} is not allowed`
    const schema = this.#resolved(given)
    if (schema === null) return null
    return (
      typeComplaint(value, schema, at) ??
      boundsComplaint(value, schema, at) ??
      this.#ofObject(value, schema, at, depth) ??
      this.#ofArray(value, schema, at, depth) ??
      this.#ofCombination(value, schema, at, depth)
    )
  }

  /** Follows references within the schema; null where it says nothing. */
  #resolved(given: unknown): Schema | null {
    let schema = given
    for (let hops = 0; isRecord(schema) && typeof schema['$ref'] === 'string'; hops += 1) {
      if (hops > DEEPEST) return null
      const path = schema['$ref'].replace(/^#\/?/, '').split('/')
      schema = path.reduce<unknown>(
        (place, key) => (key === '' || !isRecord(place) ? place : place[key]),
        this.#root,
      )
    }
    return isRecord(schema) ? schema : null
  }

  #ofObject(value: unknown, schema: Schema, at: string, depth: number): string | null {
    if (!isRecord(value)) return null
    const required = Array.isArray(schema['required']) ? schema['required'] : []
    for (const name of required) {
      if (typeof name === 'string' && !Object.hasOwn(value, name))
        return `'${at}${name}' is missing`
    }
    const properties = isRecord(schema['properties']) ? schema['properties'] : {}
    for (const [name, inner] of Object.entries(value)) {
      const known = Object.hasOwn(properties, name)
      const rule = known ? properties[name] : schema['additionalProperties']
      const complaint = this.complaint(inner, rule, `${at}${name}.`, depth + 1)
      if (complaint !== null) return complaint
    }
    return null
  }

  #ofArray(value: unknown, schema: Schema, at: string, depth: number): string | null {
    if (!Array.isArray(value)) return null
    const { minItems, maxItems, items } = schema
    if (typeof minItems === 'number' && value.length < minItems)
      return `${nameOf(at)} has fewer than ${minItems} items`
    if (typeof maxItems === 'number' && value.length > maxItems)
      return `${nameOf(at)} has more than ${maxItems} items`
    for (const [index, item] of value.entries()) {
      const place = `${at.replace(/\.$/, '')}[${index}].`
      const complaint = this.complaint(item, items, place, depth + 1)
      if (complaint !== null) return complaint
    }
    return null
  }

  #ofCombination(value: unknown, schema: Schema, at: string, depth: number): string | null {
    const { allOf, anyOf, oneOf } = schema
    for (const inner of Array.isArray(allOf) ? (allOf as unknown[]) : []) {
      const complaint = this.complaint(value, inner, at, depth + 1)
      if (complaint !== null) return complaint
    }
    for (const choices of [anyOf, oneOf]) {
      if (!Array.isArray(choices) || choices.length === 0) continue
      const complaints = choices.map((inner) => this.complaint(value, inner, at, depth + 1))
      if (!complaints.includes(null)) return complaints[0] ?? null
    }
    return null
  }
}

const nameOf = (at: string): string => (at === '' ? 'the whole' : `'${at.replace(/\.$/, '')}'`)

const typeComplaint = (value: unknown, schema: Schema, at: string): string | null => {
  const { type, enum: choices } = schema
  const types = (Array.isArray(type) ? type : [type]).filter(
    (name): name is string => typeof name === 'string' && Object.hasOwn(TYPES, name),
  )
  if (types.length > 0 && !types.some((name) => TYPES[name]?.(value) === true))
    return `${nameOf(at)} is not of type ${types.join(' or ')}`
  const isSame = (choice: unknown) => JSON.stringify(choice) === JSON.stringify(value)
  if (Array.isArray(choices) && !choices.some(isSame))
    return `${nameOf(at)} is not one of ${JSON.stringify(choices).slice(0, 500)}`
  if ('const' in schema && !isSame(schema['const']))
    return `${nameOf(at)} is not ${JSON.stringify(schema['const']).slice(0, 500)}`
  return null
}

const boundsComplaint = (value: unknown, schema: Schema, at: string): string | null => {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = schema
  if (typeof value === 'number') {
    if (typeof minimum === 'number' && value < minimum) return `${nameOf(at)} is below ${minimum}`
    if (typeof maximum === 'number' && value > maximum) return `${nameOf(at)} is above ${maximum}`
    if (typeof above === 'number' && value <= above) return `${nameOf(at)} is not above ${above}`
    if (typeof below === 'number' && value >= below) return `${nameOf(at)} is not below ${below}`
  }
  if (typeof value === 'string') {
    const { minLength, maxLength } = schema
    if (typeof minLength === 'number' && [...value].length < minLength)
      return `${nameOf(at)} is shorter than ${minLength} characters`
    if (typeof maxLength === 'number' && [...value].length > maxLength)
      return `${nameOf(at)} is longer than ${maxLength} characters`
  }
  return null
}
