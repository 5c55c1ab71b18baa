/**
 * Whether a value is what a JSON Schema asks for. The schema comes from a plugin, so nothing of it is compiled or run: `pattern` and
 * `format` are left to the plugin itself, and depth and count are bounded. One list can be meant by thousands of references, so that
 * what it costs to read is paid once for the list, or counts each time.
 */
type Schema = Record<string, unknown>

const DEEPEST = 32
/** Of values against schemas, and of the members and names that these have. */
const MOST_CHECKS = 50_000

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
  /** JSON of values that were compared. */
  readonly #texts = new Map<unknown, string>()
  /** Characters of texts that were counted. */
  readonly #lengths = new Map<string, number>()
  /** JSON of the choices of lists. */
  readonly #choices = new Map<unknown[], Set<string>>()
  readonly #places = new Map<string, unknown>()

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
      this.#ofType(value, schema, at) ??
      this.#ofChoices(value, schema, at) ??
      this.#ofBounds(value, schema, at) ??
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
      schema = kept(this.#places, schema['$ref'], (ref) => placeIn(this.#root, ref))
    }
    return isRecord(schema) ? schema : null
  }

  #ofType(value: unknown, schema: Schema, at: string): string | null {
    const { type } = schema
    const given: unknown[] = Array.isArray(type) ? type : [type]
    this.#checks += given.length
    const types = given.filter(
      (name): name is string => typeof name === 'string' && Object.hasOwn(TYPES, name),
    )
    if (types.length === 0 || types.some((name) => TYPES[name]?.(value) === true)) return null
    return `${nameOf(at)} is not of type ${[...new Set(types)].join(' or ')}`
  }

  #ofChoices(value: unknown, schema: Schema, at: string): string | null {
    const { enum: choices } = schema
    if (Array.isArray(choices)) {
      const texts = kept(this.#choices, choices as unknown[], textsOf)
      if (!texts.has(this.#textOf(value))) return `${nameOf(at)} is not one of ${shortList(texts)}`
    }
    if (!('const' in schema) || this.#textOf(schema['const']) === this.#textOf(value)) return null
    return `${nameOf(at)} is not ${this.#textOf(schema['const']).slice(0, SHOWN)}`
  }

  #textOf(value: unknown): string {
    return kept(this.#texts, value, jsonOf)
  }

  #ofBounds(value: unknown, schema: Schema, at: string): string | null {
    if (typeof value !== 'string') return numberComplaint(value, schema, at)
    const { minLength, maxLength } = schema
    if (typeof minLength !== 'number' && typeof maxLength !== 'number') return null
    const length = kept(this.#lengths, value, (text) => [...text].length)
    if (typeof minLength === 'number' && length < minLength)
      return `${nameOf(at)} is shorter than ${minLength} characters`
    if (typeof maxLength === 'number' && length > maxLength)
      return `${nameOf(at)} is longer than ${maxLength} characters`
    return null
  }

  #ofObject(value: unknown, schema: Schema, at: string, depth: number): string | null {
    if (!isRecord(value)) return null
    const required = Array.isArray(schema['required']) ? schema['required'] : []
    const entries = Object.entries(value)
    this.#checks += required.length + entries.length
    if (this.#checks > MOST_CHECKS) return `${nameOf(at)} is too deep to check`
    for (const name of required) {
      if (typeof name === 'string' && !Object.hasOwn(value, name))
        return `'${at}${name}' is missing`
    }
    const properties = isRecord(schema['properties']) ? schema['properties'] : {}
    for (const [name, inner] of entries) {
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

/** What a map keeps for a key, made when it is asked for first. */
const kept = <K, V>(known: Map<K, V>, key: K, make: (key: K) => V): V => {
  const found = known.get(key)
  if (found !== undefined || known.has(key)) return found as V
  const made = make(key)
  known.set(key, made)
  return made
}

const placeIn = (root: unknown, ref: string): unknown =>
  ref
    .replace(/^#\/?/, '')
    .split('/')
    .reduce<unknown>((place, key) => (key === '' || !isRecord(place) ? place : place[key]), root)

const jsonOf = (value: unknown): string => JSON.stringify(value) ?? ''

const textsOf = (choices: unknown[]): Set<string> => new Set(choices.map(jsonOf))

/** Of what is not allowed, so many characters are told. */
const SHOWN = 500

const shortList = (texts: ReadonlySet<string>): string => {
  let list = ''
  for (const text of texts) {
    list += `${list === '' ? '' : ','}${text.slice(0, SHOWN)}`
    if (list.length >= SHOWN) break
  }
  return `[${list}]`.slice(0, SHOWN)
}

const nameOf = (at: string): string => {
  if (at === '') return 'the whole'
  const short = at.slice(0, SHOWN)
  return `'${short.endsWith('.') ? short.slice(0, -1) : short}'`
}

const numberComplaint = (value: unknown, schema: Schema, at: string): string | null => {
  if (typeof value !== 'number') return null
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = schema
  if (typeof minimum === 'number' && value < minimum) return `${nameOf(at)} is below ${minimum}`
  if (typeof maximum === 'number' && value > maximum) return `${nameOf(at)} is above ${maximum}`
  if (typeof above === 'number' && value <= above) return `${nameOf(at)} is not above ${above}`
  if (typeof below === 'number' && value >= below) return `${nameOf(at)} is not below ${below}`
  return null
}
