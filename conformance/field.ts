import { resolveSchema } from '../server/tests/support/openapi.ts'

/** What the published schema says of one field of a body, as far as rows are made from it. */

export interface Field {
  name: string
  isRequired: boolean
  /** JSON types it takes. */
  types: ReadonlySet<string>
  /** Texts it takes, where it takes those alone. */
  texts: readonly string[] | null
  minimum: number | null
  maximum: number | null
  maxLength: number | null
  maxItems: number | null
  isMetadata: boolean
}

interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  minimum?: number
  maximum?: number
  maxLength?: number
  maxItems?: number
}

/** References followed, `allOf` joined. */
const plain = (schema: Schema): Schema => {
  if (schema.$ref !== undefined) return plain(resolveSchema({ $ref: schema.$ref }))
  if (schema.allOf === undefined) return schema
  const parts = schema.allOf.map(plain)
  return {
    ...Object.assign({}, ...parts),
    properties: Object.assign({}, ...parts.map(({ properties = {} }) => properties)),
    required: parts.flatMap(({ required = [] }) => required),
  }
}

/** The kinds of value a schema takes, one by one. */
const branches = (schema: Schema): Schema[] => {
  const one = plain(schema)
  const inner = one.anyOf ?? one.oneOf
  return inner === undefined ? [one] : inner.flatMap(branches)
}

const typesOf = (schema: Schema): string[] => {
  if (schema.type !== undefined) return [schema.type].flat()
  if (schema.enum !== undefined) return ['string']
  return schema.properties === undefined ? [] : ['object']
}

const isMetadata = (schema: Schema): boolean =>
  schema.$ref?.endsWith('/Metadata') === true || (schema.allOf ?? []).some(isMetadata)

const fieldOf = (name: string, schema: Schema, isRequired: boolean): Field => {
  const all = branches(schema)
  const types = new Set(all.flatMap(typesOf))
  const strings = all.filter((one) => typesOf(one).includes('string'))
  const closed = strings.length > 0 && strings.every((one) => one.enum !== undefined)
  const limit = (key: 'minimum' | 'maximum' | 'maxLength' | 'maxItems') => {
    const found = all.flatMap((one) => one[key] ?? [])
    return found.length === 1 ? (found[0] ?? null) : null
  }
  return {
    name,
    isRequired,
    types,
    texts: closed
      ? strings.flatMap((one) => (one.enum ?? []).filter((v) => typeof v === 'string'))
      : null,
    minimum: limit('minimum'),
    maximum: limit('maximum'),
    maxLength: limit('maxLength'),
    maxItems: limit('maxItems'),
    isMetadata: isMetadata(schema),
  }
}

/** The fields of a body's schema. */
export const fieldsOf = (body: object): Field[] => {
  const { properties = {}, required = [] } = plain(body)
  return Object.entries(properties).map(([name, schema]) =>
    fieldOf(name, schema, required.includes(name)),
  )
}
