import { resolveSchema, type PublishedSchema } from '../support/openapi.ts'
import type { Pools } from './pools.ts'
import type { Random } from './random.ts'

/** Values that a published schema allows, as far as they can be made by looking at it: what mutations begin with. */

const WORDS = ['hello', 'unit price', '達哥', 'a', 'what is 2 + 2?', '報告.txt', 'Answer briefly.']
/** How deep optional keys are filled in. */
const MAX_DEPTH = 6

/** Texts that a key of this name takes. */
const byName = (name: string, random: Random, pools: Pools): string | null => {
  const kind = name.endsWith('_ids') ? name.slice(0, -1) : name
  if (kind === 'model') return random.pick(['scripted', 'scripted', 'demo', 'gpt-4o'])
  if (kind === 'url')
    return random.pick(['https://pictures.example/cat.jpg', 'data:image/png;base64,iVBORw0KGgo='])
  if (kind === 'name') return random.pick(['unit_price', 'other', 'figs'])
  if (kind === 'anchor') return random.pick(['last_active_at', 'created_at'])
  return pools.id(kind, random)
}

const numberOf = (schema: PublishedSchema, random: Random): number => {
  const min = schema.minimum ?? 0
  const max = Math.min(schema.maximum ?? min + 100, min + 1_000)
  const value = min + random.next() * (max - min)
  return schema.type === 'integer' ? Math.round(value) : value
}

const objectOf = (
  schema: PublishedSchema,
  random: Random,
  pools: Pools,
  depth: number,
): Record<string, unknown> => {
  const required = new Set(schema.required)
  const made: Record<string, unknown> = {}
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (!required.has(key) && !random.chance(depth > MAX_DEPTH ? 0 : depth === 0 ? 0.3 : 0.5))
      continue
    made[key] = sample(property, random, pools, key, depth + 1)
  }
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) {
    const inner = schema.additionalProperties
    for (let i = random.below(3); i > 0; i -= 1)
      made[`key${i}`] =
        typeof inner === 'object'
          ? sample(inner, random, pools, '', depth + 1)
          : random.pick(['text', 1, true])
  }
  return made
}

/** @param name of the key that holds the value */
export const sample = (
  given: PublishedSchema,
  random: Random,
  pools: Pools,
  name = '',
  depth = 0,
): unknown => {
  const schema = resolveSchema(given)
  const options = schema.oneOf ?? schema.anyOf
  if (options !== undefined && options.length > 0)
    return sample(random.pick(options), random, pools, name, depth)
  if (schema.allOf !== undefined) {
    const parts = schema.allOf.map((part) => sample(part, random, pools, name, depth))
    return parts.every((part) => typeof part === 'object' && part !== null)
      ? (Object.assign({}, ...parts) as object)
      : parts[0]
  }
  if (schema.enum !== undefined) return random.pick(schema.enum)
  if (schema.type === 'object' || schema.properties !== undefined)
    return name === 'parameters'
      ? { type: 'object', properties: { price: { type: 'number' } } }
      : objectOf(schema, random, pools, depth)
  if (schema.type === 'array') {
    const count = Math.min(schema.maxItems ?? 3, (schema.minItems ?? 0) + random.below(3))
    const items = schema.items ?? {}
    return Array.from({ length: count }, () => sample(items, random, pools, name, depth + 1))
  }
  if (schema.type === 'integer' || schema.type === 'number') return numberOf(schema, random)
  if (schema.type === 'boolean') return random.chance(0.5)
  if (schema.type === 'null') return null
  return byName(name, random, pools) ?? random.pick(WORDS)
}
