import {
  boundedNumber,
  flatSchema,
  propertiesOf,
  requiredOf,
  schemaInstance,
  schemaType,
} from './schema-instance.ts'
import type { JsonSchema } from './schema-instance.ts'
import { demoCode } from './demo-code.ts'
import { CHINESE_NUMBER, ENGLISH_NUMBER, toNumber } from './number-words.ts'
import { spacedName, tellingWords } from './words.ts'

interface FoundNumber {
  value: number
  /** The text right before and after it, lower case: there its name and its unit stand. */
  before: string
  after: string
}

/** What a text offers; whatever a property takes is used up. */
interface Pool {
  text: string
  numbers: FoundNumber[]
  quoted: string[]
}

/** Units tell whose number it is, in whatever order the text gives them. */
const UNITS: { unit: RegExp; property: RegExp }[] = [
  {
    unit: /^\s*(?:kg|kilo|公斤|g\b|gram|公克|克|lb|pound|oz|ounce|台斤|斤)/,
    property: /weight|mass|kilogram|\bkg\b|重/,
  },
  {
    unit: /^\s*(?:元|塊|dollar|usd|twd|ntd|nt\b|eur|€|円)/,
    property: /price|cost|amount|money|total|價|錢|金額|費/,
  },
  {
    unit: /^\s*(?:km|公里|m\b|meter|公尺|cm|公分|mile)/,
    property: /distance|length|height|width|距離|長|高|寬/,
  },
  {
    unit: /^\s*(?:min|hour|hr|sec|分鐘|小時|秒|days?\b|天)/,
    property: /time|duration|minute|hour|second|day|時|分|秒|天/,
  },
  { unit: /^\s*(?:%|percent|趴)/, property: /percent|rate|ratio|率|比/ },
]
const MONEY_SIGN = /(?:\$|€|nt|nt\$|£)\s*$/

const WRITTEN_NUMBERS = new RegExp(
  String.raw`(?<![\w])${ENGLISH_NUMBER}(?![\w])|${CHINESE_NUMBER}`,
  'gi',
)

const foundNumber = (text: string, match: RegExpExecArray, value: number): FoundNumber => ({
  value,
  before: text.slice(Math.max(0, match.index - 24), match.index).toLowerCase(),
  after: text
    .slice(match.index + match[0].length, match.index + match[0].length + 12)
    .toLowerCase(),
})

/** Numbers in digits, then those in words; words such as "one" and 一 mean a number only before a unit. */
const findNumbers = (text: string): FoundNumber[] => {
  const digits = [...text.matchAll(/(?<![\w.])-?\d[\d,]*(?:\.\d+)?/g)].map((match) =>
    foundNumber(text, match, Number(match[0].replaceAll(',', ''))),
  )
  const words = [...text.matchAll(WRITTEN_NUMBERS)]
    .filter((match) => !/\d/.test(match[0]))
    .map((match) => foundNumber(text, match, toNumber(match[0])))
    .filter((number) => UNITS.some(({ unit }) => unit.test(number.after)))
  return [...digits, ...words]
}

const take = <T>(list: T[], item: T | undefined): T | undefined => {
  if (item !== undefined) list.splice(list.indexOf(item), 1)
  return item
}

const about = (name: string, schema: JsonSchema) => {
  const description = schema['description']
  return `${spacedName(name)} ${typeof description === 'string' ? description : ''}`.toLowerCase()
}

const unitFits = (number: FoundNumber, topic: string): boolean =>
  UNITS.some(({ unit, property }) => unit.test(number.after) && property.test(topic)) ||
  (MONEY_SIGN.test(number.before) && /price|cost|amount|money|total|價|錢|金額|費/.test(topic))

/** How well a number fits a property: its unit first, then how near the property's own words stand before it. */
const fit = (number: FoundNumber, topic: string): number => {
  if (unitFits(number, topic)) return 100
  let nearest = 0
  for (const word of tellingWords(topic)) {
    const at = number.before.lastIndexOf(word)
    const between = at < 0 ? null : number.before.slice(at + word.length)
    if (between !== null && !/\d/.test(between)) nearest = Math.max(nearest, 50 - between.length)
  }
  return nearest
}

/** Gives each number to the property it fits best; what fits none goes by order, to properties that still have none. */
const shareNumbers = (properties: [string, JsonSchema][], pool: Pool): Map<string, number> => {
  const shared = new Map<string, number>()
  const wanting = properties.filter(([, schema]) =>
    ['number', 'integer'].includes(schemaType(schema)),
  )
  const pairs = wanting
    .flatMap(([name, schema]) =>
      pool.numbers.map((number) => ({ name, number, fit: fit(number, about(name, schema)) })),
    )
    .filter((pair) => pair.fit > 0)
    .toSorted((a, b) => b.fit - a.fit)
  for (const { name, number } of pairs) {
    if (shared.has(name) || !pool.numbers.includes(number)) continue
    shared.set(name, number.value)
    take(pool.numbers, number)
  }
  for (const [name] of wanting) {
    const next = shared.has(name) ? undefined : take(pool.numbers, pool.numbers[0])
    if (next !== undefined) shared.set(name, next.value)
  }
  return shared
}

const quotedTexts = (text: string): string[] =>
  [...text.matchAll(/「([^」]+)」|“([^”]+)”|"([^"]+)"|(?<!\w)'([^']+)'/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '',
  )

/** `in Taipei`, `city: Taipei`, `城市是台北`: the word a text gives under a property's name, or after in/for/at/to/of. */
const namedWord = (name: string, topic: string, text: string): string | undefined => {
  for (const word of [name, ...tellingWords(topic)]) {
    const escaped = word.replaceAll(/[^\p{L}\p{N}]/gu, String.raw`\$&`)
    const match = new RegExp(
      String.raw`${escaped}\s*(?:[:：=]|is\b|是|為)\s*([^\s,.;，。；?？!！]+)`,
      'iu',
    ).exec(text)
    if (match?.[1] !== undefined) return match[1]
  }
  if (!/city|place|location|name|country|town|address|地|城|市/.test(topic)) return undefined
  return /\b(?:in|for|at|to|of)\s+(\p{Lu}[\p{L}-]*(?:\s+\p{Lu}[\p{L}-]*)*)/u.exec(text)?.[1]
}

const stringFor = (name: string, schema: JsonSchema, pool: Pool): string => {
  if (schema['format'] === 'date') {
    const date = /\d{4}-\d{2}-\d{2}/.exec(pool.text)?.[0]
    if (date !== undefined) return date
  }
  if (schema['format'] !== undefined) return String(schemaInstance(schema))
  if (name === 'code') return demoCode(pool.text)
  const quoted = take(pool.quoted, pool.quoted[0])
  const found = quoted ?? namedWord(name, about(name, schema), pool.text) ?? pool.text.trim()
  return found === ''
    ? String(schemaInstance(schema))
    : found.slice(0, Number(schema['maxLength'] ?? 4000))
}

const arrayFor = (name: string, schema: JsonSchema, pool: Pool, root: JsonSchema): unknown[] => {
  const items = flatSchema((schema['items'] as JsonSchema | undefined) ?? {}, root)
  const max = Number(schema['maxItems'] ?? 100)
  if (['number', 'integer'].includes(schemaType(items))) {
    const values = pool.numbers.splice(0).map((number) => boundedNumber(number.value, items))
    if (values.length > 0) return values.slice(0, max)
  }
  const isText = schemaType(items) === 'string' && !('enum' in items)
  if (isText && pool.quoted.length > 0) return pool.quoted.splice(0).slice(0, max)
  if (schemaType(items) === 'string') return [valueFor(name, items, pool, root, undefined)]
  return schemaInstance(schema, root) as unknown[]
}

const enumFor = (choices: unknown[], text: string): unknown =>
  choices.find(
    (choice) => typeof choice === 'string' && text.toLowerCase().includes(choice.toLowerCase()),
  ) ?? choices[0]

const valueFor = (
  name: string,
  schema: JsonSchema,
  pool: Pool,
  root: JsonSchema,
  number: number | undefined,
): unknown => {
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['enum'])) return enumFor(schema['enum'], pool.text)
  switch (schemaType(schema)) {
    case 'number':
    case 'integer':
      return number === undefined ? schemaInstance(schema, root) : boundedNumber(number, schema)
    case 'object':
      return objectFor(schema, pool, root)
    case 'array':
      return arrayFor(name, schema, pool, root)
    case 'string':
      return stringFor(name, schema, pool)
    case 'boolean':
      return 'default' in schema
        ? schema['default']
        : new RegExp(spacedName(name), 'i').test(pool.text)
    default:
      return schemaInstance(schema, root)
  }
}

const objectFor = (schema: JsonSchema, pool: Pool, root: JsonSchema): Record<string, unknown> => {
  const properties = propertiesOf(schema).map(([name, value]): [string, JsonSchema] => [
    name,
    flatSchema(value, root),
  ])
  const numbers = shareNumbers(properties, pool)
  const required = requiredOf(schema)
  const filled: Record<string, unknown> = {}
  for (const [name, property] of properties) {
    const isNumber = ['number', 'integer'].includes(schemaType(property))
    const isText = schemaType(property) === 'string' && !('enum' in property)
    // An optional property is filled only when the text has something of its own for it; with no required ones the first text is.
    const wanted =
      required.has(name) ||
      numbers.has(name) ||
      (required.size === 0 && !isNumber && (!isText || Object.keys(filled).length === 0))
    if (wanted) filled[name] = valueFor(name, property, pool, root, numbers.get(name))
  }
  return filled
}

/** True when a function needs numbers and the text has none: to call it would be to make them up. */
export const lacksNumbers = (text: string, parameters: JsonSchema): boolean => {
  const schema = flatSchema(parameters, parameters)
  const required = requiredOf(schema)
  const needs = propertiesOf(schema).some(
    ([name, value]) =>
      required.has(name) &&
      ['number', 'integer'].includes(schemaType(value)) &&
      !('default' in value),
  )
  return needs && findNumbers(text).length === 0
}

/**
 * Arguments for a function out of a user's text, by the function's JSON Schema: numbers by unit, by name, then by order; quoted and
 * named words, else the whole text, for strings. What the text lacks gets the schema's smallest value. Deterministic.
 */
export const fillArguments = (text: string, parameters: JsonSchema): Record<string, unknown> => {
  const pool = { text, numbers: findNumbers(text), quoted: quotedTexts(text) }
  return objectFor(flatSchema(parameters, parameters), pool, parameters)
}
