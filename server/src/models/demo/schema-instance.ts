/** Smallest values that satisfy a JSON Schema, for what no text can tell. */
export type JsonSchema = Record<string, unknown>

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Deeper than any sensible answer; ends schemas that require themselves. */
const MAX_DEPTH = 12

const schemas = (value: unknown): JsonSchema[] =>
  Array.isArray(value) ? value.filter(isSchema) : []

const followPointer = (ref: string, root: JsonSchema): JsonSchema => {
  let at: unknown = root
  for (const step of ref.replace(/^#\/?/, '').split('/')) {
    if (step === '') continue
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    at = isSchema(at) ? at[key] : undefined
  }
  return isSchema(at) ? at : {}
}

/** A schema without `$ref`, `allOf`, `anyOf` and `oneOf` at its top: of alternatives the first that is not null. */
export const flatSchema = (schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema => {
  if (depth > MAX_DEPTH) return {}
  if (typeof schema['$ref'] === 'string') {
    const { $ref: ref, ...rest } = schema
    return flatSchema({ ...followPointer(ref as string, root), ...rest }, root, depth + 1)
  }
  if (Array.isArray(schema['allOf'])) {
    const { allOf, ...rest } = schema
    const parts = schemas(allOf).map((part) => flatSchema(part, root, depth + 1))
    return parts.reduce<JsonSchema>(
      (sum, part) => ({
        ...sum,
        ...part,
        properties: { ...(sum['properties'] as JsonSchema), ...(part['properties'] as JsonSchema) },
        required: [
          ...((sum['required'] as string[]) ?? []),
          ...((part['required'] as string[]) ?? []),
        ],
      }),
      flatSchema(rest, root, depth + 1),
    )
  }
  const alternatives = [...schemas(schema['anyOf']), ...schemas(schema['oneOf'])]
  const first = alternatives.find((part) => part['type'] !== 'null') ?? alternatives[0]
  if (first === undefined) return schema
  const { anyOf: _any, oneOf: _one, ...rest } = schema
  return flatSchema({ ...rest, ...first }, root, depth + 1)
}

/** The schema's type; of several the first that is not null; guessed from its keywords when it names none. */
export const schemaType = (schema: JsonSchema): string => {
  const type = schema['type']
  if (typeof type === 'string') return type
  if (Array.isArray(type)) return String(type.find((name) => name !== 'null') ?? 'null')
  if ('properties' in schema || 'required' in schema) return 'object'
  if ('items' in schema) return 'array'
  return 'string'
}

export const propertiesOf = (schema: JsonSchema): [string, JsonSchema][] =>
  Object.entries(isSchema(schema['properties']) ? schema['properties'] : {}).map(
    ([name, value]) => [name, isSchema(value) ? value : {}],
  )

export const requiredOf = (schema: JsonSchema): Set<string> =>
  new Set(Array.isArray(schema['required']) ? schema['required'].map(String) : [])

const FORMATS: Record<string, string> = {
  date: '2026-01-01',
  time: '00:00:00Z',
  'date-time': '2026-01-01T00:00:00Z',
  email: 'demo@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '192.0.2.1',
  hostname: 'example.com',
  duration: 'PT0S',
}

const smallestString = (schema: JsonSchema): string => {
  const format = FORMATS[String(schema['format'])]
  if (format !== undefined) return format
  const min = Number(schema['minLength'] ?? 0)
  const max = Number(schema['maxLength'] ?? Infinity)
  return 'demo'.padEnd(min, '.').slice(0, max)
}

/** A number moved into the schema's bounds, and onto its grid when it is an integer or has `multipleOf`. */
export const boundedNumber = (value: number, schema: JsonSchema): number => {
  const step = Number(schema['multipleOf'] ?? (schemaType(schema) === 'integer' ? 1 : 0))
  const nudge = step === 0 ? 0.5 : step
  const low = Math.max(
    Number(schema['minimum'] ?? -Infinity),
    Number(schema['exclusiveMinimum'] ?? -Infinity) +
      (schema['exclusiveMinimum'] === undefined ? 0 : nudge),
  )
  const high = Math.min(
    Number(schema['maximum'] ?? Infinity),
    Number(schema['exclusiveMaximum'] ?? Infinity) -
      (schema['exclusiveMaximum'] === undefined ? 0 : nudge),
  )
  const inside = Math.min(Math.max(value, low), high)
  if (step === 0) return inside
  const below = Math.floor(inside / step) * step
  return below >= low ? below : Math.ceil(inside / step) * step
}

/** The smallest value of a schema: constants, defaults and first choices where it names them, only required properties else. */
export const schemaInstance = (
  schema: JsonSchema,
  root: JsonSchema = schema,
  depth = 0,
): unknown => {
  const flat = flatSchema(schema, root)
  if ('const' in flat) return flat['const']
  if (Array.isArray(flat['enum'])) return flat['enum'][0] ?? null
  if ('default' in flat) return flat['default']
  if (Array.isArray(flat['examples']) && flat['examples'].length > 0) return flat['examples'][0]
  switch (schemaType(flat)) {
    case 'object': {
      const required = requiredOf(flat)
      const entries = propertiesOf(flat).filter(([name]) => required.has(name) && depth < MAX_DEPTH)
      return Object.fromEntries(
        entries.map(([name, value]) => [name, schemaInstance(value, root, depth + 1)]),
      )
    }
    case 'array': {
      const items = isSchema(flat['items']) ? flat['items'] : {}
      const length = depth < MAX_DEPTH ? Math.min(Number(flat['minItems'] ?? 0), 100) : 0
      return Array.from({ length }, () => schemaInstance(items, root, depth + 1))
    }
    case 'number':
    case 'integer':
      return boundedNumber(0, flat)
    case 'boolean':
      return false
    case 'null':
      return null
    default:
      return smallestString(flat)
  }
}
