/** Zod schemas as JSON Schema (2020-12, the dialect of OpenAPI 3.1), with references between those that have a name. */
import * as z from 'zod/mini'
import type { Schema } from './operation.ts'

/** A JSON Schema, as far as it is looked into here. */
export interface JsonSchema {
  $ref?: string
  type?: string | string[]
  title?: string
  description?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  pattern?: string
  format?: string
}

const REFERENCE = '#/components/schemas/'
/** Stands where a schema has no JSON Schema: such a document is not given out. */
const NO_SCHEMA = 'x-not-representable'

export interface Components {
  /** What a request may hold: defaults are optional. */
  input(schema: Schema): JsonSchema
  /** What a reply holds. */
  output(schema: Schema): JsonSchema
  /** Every named schema that is referred to, by name. */
  schemas(): Record<string, JsonSchema>
}

/**
 * @param named schemas that get a place under `components/schemas`
 * @param inputs whatever {@link Components.input} will be asked for
 * @param outputs likewise
 * @throws Error for a schema that JSON Schema has no word for
 */
export const createComponents = (
  named: Readonly<Record<string, Schema>>,
  inputs: readonly Schema[],
  outputs: readonly Schema[],
): Components => {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id })
  for (const schema of [...inputs, ...outputs])
    if (!registry.has(schema)) registry.add(schema, { id: `inline-${registry._idmap.size}` })
  const idOf = (schema: Schema): string => registry.get(schema)?.id ?? fail('an unknown schema')

  const sent = convert(registry, 'input')
  const answered = convert(registry, 'output')
  const reached = {
    input: reachable(sent, inputs.map(idOf)),
    output: reachable(answered, outputs.map(idOf)),
  }
  const both = [...reached.input].filter((id) => reached.output.has(id))
  const differing = namesThatDiffer(sent, answered, both)
  const inputName = (id: string): string => (differing.has(id) ? `${id}AsSent` : id)

  const take = (all: Schemas, id: string, rename: (id: string) => string): JsonSchema => {
    const schema = id in named ? { $ref: REFERENCE + id } : (all[id] ?? fail(id))
    return mapReferences(schema, rename)
  }
  return {
    input: (schema) => take(sent, idOf(schema), inputName),
    output: (schema) => take(answered, idOf(schema), (id) => id),
    schemas: () => {
      const all: Schemas = {}
      for (const id of Object.keys(named).toSorted()) {
        const [inSent, inAnswered] = [sent[id] ?? fail(id), answered[id] ?? fail(id)]
        if (reached.output.has(id)) all[id] = inAnswered
        if (reached.input.has(id)) all[inputName(id)] = mapReferences(inSent, inputName)
      }
      return all
    },
  }
}

type Schemas = Record<string, JsonSchema>

const convert = (
  registry: z.core.$ZodRegistry<{ id: string }>,
  io: 'input' | 'output',
): Schemas => {
  const { schemas } = z.toJSONSchema(registry, {
    io,
    uri: (id) => REFERENCE + id,
    unrepresentable: () => ({ [NO_SCHEMA]: true }),
    override: ({ zodSchema, jsonSchema }) => {
      const target = jsonSchema as JsonSchema
      // what every whole number is held to says nothing about the field
      if (target.maximum === Number.MAX_SAFE_INTEGER) delete target.maximum
      if (target.minimum === Number.MIN_SAFE_INTEGER) delete target.minimum
      if (io === 'input') return showDefault(zodSchema, target)
      delete target.default
      // a later version of the server may say more
      const { def } = zodSchema._zod
      if (def.type === 'object' && def.catchall === undefined) delete target.additionalProperties
    },
  })
  return Object.fromEntries(
    Object.entries(schemas).map(([key, { $id: _id, $schema: _schema, id: _name, ...schema }]) => [
      key,
      schema as JsonSchema,
    ]),
  )
}

/** An optional field whose default is made by a transform (`orDefault`): the default that parsing would put there. */
const showDefault = (schema: Schema, target: JsonSchema): void => {
  const { def } = schema._zod as unknown as { def: { type: string; out?: Schema } }
  if (def.type !== 'pipe' || def.out?._zod.def.type !== 'transform') return
  const parsed = z.safeParse(schema, undefined)
  if (parsed.success && parsed.data !== null) target.default = parsed.data
}

/** The names that these lead to, themselves included. @throws Error when one of them cannot be said in JSON Schema */
const reachable = (all: Schemas, from: readonly string[]): Set<string> => {
  const found = new Set<string>()
  const visit = (id: string): void => {
    if (found.has(id)) return
    found.add(id)
    const schema = all[id] ?? fail(id)
    if (JSON.stringify(schema).includes(NO_SCHEMA)) fail(id)
    for (const next of referencesOf(schema)) visit(next)
  }
  for (const id of from) visit(id)
  return found
}

const fail = (what: string): never => {
  throw new Error(`no JSON Schema for ${what}`)
}

/** The same schema, every reference led through `rename`. */
const mapReferences = (schema: JsonSchema, rename: (id: string) => string): JsonSchema =>
  JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' && value.startsWith(REFERENCE)
      ? REFERENCE + rename(value.slice(REFERENCE.length))
      : value,
  ) as JsonSchema

const referencesOf = (schema: JsonSchema): Set<string> => {
  const found = new Set<string>()
  mapReferences(schema, (id) => {
    found.add(id)
    return id
  })
  return found
}

/** Names whose schema is not the same in requests and replies, by itself or by what it refers to. */
const namesThatDiffer = (
  sent: Schemas,
  answered: Schemas,
  names: readonly string[],
): Set<string> => {
  const differing = new Set(
    names.filter((name) => JSON.stringify(sent[name]) !== JSON.stringify(answered[name])),
  )
  for (let size = -1; size !== differing.size;) {
    size = differing.size
    for (const name of names)
      for (const other of referencesOf(sent[name] ?? {}))
        if (differing.has(other)) differing.add(name)
  }
  return differing
}
