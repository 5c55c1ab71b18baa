/** JSON Schema as nested lists of fields. */
import type { JsonSchema } from '@melzi/contract/reference/components.ts'
import { markup, isEmpty, joined, none, type Html } from './markup.ts'
import type { Voice } from './voice.ts'

const REFERENCE = '#/components/schemas/'
/** Whether a schema says what a request may hold or what a reply does. */
export type Side = 'sent' | 'answered'

/** Choices of more characters are a list of their own below the field. */
const SHORT_CHOICE = 40

/** The name a schema refers to; null for one that is written out. */
export const nameOf = (schema: JsonSchema): string | null =>
  schema.$ref?.startsWith(REFERENCE) === true ? schema.$ref.slice(REFERENCE.length) : null

const link = (name: string): Html => markup`<a class="type" href="#${name}">${name}</a>`

const code = (value: unknown): Html => markup`<code>${JSON.stringify(value)}</code>`

const variantsOf = (schema: JsonSchema): JsonSchema[] => schema.oneOf ?? schema.anyOf ?? []

const isLong = (choice: readonly unknown[]): boolean => choice.join('').length > SHORT_CHOICE

const hasFields = (schema: JsonSchema): boolean => Object.keys(schema.properties ?? {}).length > 0

export const createSchemaHtml = ({ words, say }: Voice) => {
  const space = markup` `
  const or = markup` <span class="word">${words.or}</span> `

  /** A type in a few words: a name, a list of one, a choice. */
  const typeOf = (schema: JsonSchema): Html => {
    const name = nameOf(schema)
    if (name !== null) return link(name)
    if (schema.const !== undefined) return code(schema.const)
    if (schema.enum !== undefined)
      return isLong(schema.enum) ? markup`string` : joined(schema.enum.map(code), or)
    const variants = variantsOf(schema)
    if (variants.length > 0) {
      const types = new Map(variants.map((variant) => [typeOf(variant).text, typeOf(variant)]))
      return joined([...types.values()], or)
    }
    if (Array.isArray(schema.type))
      return joined(
        schema.type.map((type) => markup`${type}`),
        or,
      )
    if (schema.type === 'array' && schema.items !== undefined)
      return markup`<span class="word">${words.listOf}</span> ${typeOf(schema.items)}`
    if (schema.format === 'binary') return markup`${words.bytes}`
    const { additionalProperties: values } = schema
    if (schema.type === 'object' && !hasFields(schema) && typeof values === 'object')
      return Object.keys(values).length === 0
        ? markup`object`
        : markup`<span class="word">${words.mapOf}</span> ${typeOf(values)}`
    return markup`${schema.type ?? words.any}`
  }

  const range = (from: number | undefined, to: number | undefined, unit: string): Html => {
    if (from === undefined && to === undefined) return none
    const text = from === undefined ? `≤ ${to}` : to === undefined ? `≥ ${from}` : `${from} – ${to}`
    return markup`<span class="limit">${text}${unit === '' ? '' : ` ${unit}`}</span>`
  }

  /** What a value is held to. Looks through "or null". */
  const limitsOf = (schema: JsonSchema): Html => {
    const parts = variantsOf(schema).filter(({ type }) => type !== 'null')
    const held = parts.length === 1 && parts[0] !== undefined ? parts[0] : schema
    const limits = [
      range(held.minimum, held.maximum, ''),
      range(held.minLength, held.maxLength, words.characters),
      range(held.minItems, held.maxItems, words.entries),
      held.pattern === undefined
        ? none
        : markup`<span class="limit">${words.pattern} <code>${held.pattern}</code></span>`,
      schema.default === undefined
        ? none
        : markup`<span class="limit">${words.byDefault} ${code(schema.default)}</span>`,
    ]
    return joined(
      limits.filter((limit) => !isEmpty(limit)),
      space,
    )
  }

  /** The choice of a long enumeration, also inside a list or beside null. */
  const choiceOf = (schema: JsonSchema): Html => {
    const { enum: choice, items } = schema
    if (choice !== undefined && isLong(choice))
      return markup`<p class="choice">${joined(choice.map(code), space)}</p>`
    if (items !== undefined) return choiceOf(items)
    return joined(variantsOf(schema).map(choiceOf), none)
  }

  /** What is worth a word: that a request must have a field, that a reply may lack one. */
  const presence = (isRequired: boolean, side: Side): Html => {
    if (isRequired)
      return side === 'sent' ? markup`<span class="required">${words.required}</span> ` : none
    return side === 'sent' ? none : markup`<span class="optional">${words.optional}</span> `
  }

  const field = (name: string, schema: JsonSchema, isRequired: boolean, side: Side): Html => {
    const { description } = schema
    const note = description === undefined ? none : markup`<p class="note">${say(description)}</p>`
    return markup`<li><div class="field"><code class="name">${name}</code>
<span class="types">${typeOf(schema)}</span> ${presence(isRequired, side)}${limitsOf(schema)}</div>
${note}${choiceOf(schema)}${inside(schema, side)}</li>
`
  }

  /** The fields of an object; '' for what has none. */
  const fields = (schema: JsonSchema, side: Side): Html => {
    const { properties = {}, required = [] } = schema
    const rows = Object.entries(properties).map(([name, inner]) =>
      field(name, inner, required.includes(name), side),
    )
    return rows.length === 0 ? none : markup`<ul class="fields">${rows}</ul>`
  }

  /** What is written out inside a field: of an object, of a list's items, of each variant of a choice. */
  const inside = (schema: JsonSchema, side: Side): Html => {
    if (nameOf(schema) !== null) return none
    if (hasFields(schema)) return fields(schema, side)
    if (schema.items !== undefined) return inside(schema.items, side)
    const variants = variantsOf(schema).filter((variant) => !isEmpty(inside(variant, side)))
    if (variants.length === 1 && variants[0] !== undefined) return inside(variants[0], side)
    return joined(
      variants.map((variant) => markup`<div class="variant">${inside(variant, side)}</div>`),
      none,
    )
  }

  return {
    typeOf,
    field,

    /** A whole schema: its type in a word where it is no object, and all its fields. */
    whole: (schema: JsonSchema, side: Side): Html => {
      const content = inside(schema, side)
      const about = markup`${choiceOf(schema)}${content}`
      if (hasFields(schema)) return about
      if (isEmpty(content) || variantsOf(schema).some((variant) => nameOf(variant) !== null))
        return markup`<p class="is">${typeOf(schema)} ${limitsOf(schema)}</p>\n${about}`
      return about
    },
  }
}

export type SchemaHtml = ReturnType<typeof createSchemaHtml>
