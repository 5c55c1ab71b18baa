/** The body of an operation's request: which of its media types is sent, and from which arguments. */
import { isObject, type JsonObject } from '../manifest-fields.ts'
import type { Json } from '../python/sandbox-driver.ts'
import type { AddArgument } from './collect-arguments.ts'
import type { BodyPlan, FieldPlan } from './document-plan.ts'
import type { DocumentRefs } from './document-refs.ts'
import { isJsonType, plainType } from './media-type.ts'
import { fallbackOf, requiredOf, type SchemaShaper } from './schema-shaper.ts'
import { serializationOf } from './serialization-of.ts'

/** The object a schema describes, put together from its references and `allOf`; null where it is not one object with known fields. */
interface ObjectView {
  properties: Map<string, Json>
  required: Set<string>
  isOpen: boolean
  /** It says that it has no fields. */
  isEmpty: boolean
}

const MOST_MEMBERS = 50
const FILE_HINT = 'Text that is sent as a file, or the name of a file of the conversation.'

/** @returns null where the operation takes no body */
export const planBody = (
  requestBody: unknown,
  deps: { refs: DocumentRefs; shaper: SchemaShaper; add: AddArgument },
): BodyPlan | null => {
  const { refs, shaper, add } = deps
  const given = refs.object(requestBody)
  const chosen = given === null ? null : chooseMedia(given.content)
  if (given === null || chosen === null) return null
  const { mediaType, media } = chosen
  const form = formOf(mediaType)
  const { schema, isOptional } = unwrapNull(media.schema, refs)
  const view = form === 'raw' ? null : viewObject(schema, refs)
  if (view?.isEmpty === true && given.required !== true) return null
  // Forms of 2.0 say of each field whether it is required, and nothing of the form.
  const needsForm =
    form !== 'json' && given.required === undefined && (view?.required.size ?? 0) > 0
  const required = (given.required === true || needsForm) && !isOptional
  if (view === null || view.properties.size === 0) {
    const shaped = form === 'raw' ? rawSchema(shaper.shape(schema)) : shaper.shape(schema)
    const description = shaper.text(given.description)
    const isBinary = form === 'raw' && !mediaType.startsWith('text/')
    const told = description === '' ? shaped : { ...shaped, description }
    const described = isBinary ? { ...told, description: join(told.description, FILE_HINT) } : told
    const whole = add({ name: 'body', place: 'body', schema: described, required })
    return { mediaType, form, required, whole, fields: [], isOpen: false }
  }
  const fields: FieldPlan[] = []
  for (const [name, property] of view.properties) {
    if (name === '__proto__' || shaper.isReadOnly(property)) continue
    const shaped = shaper.shape(property, 1)
    const isRequired = required && view.required.has(name)
    const fallback = isRequired ? fallbackOf(shaped) : null
    const encoding = isObject(media.encoding) ? refs.object(media.encoding[name]) : null
    const isFile = form === 'multipart' && holdsFile(refs.object(property), refs)
    const schema = isFile ? { ...shaped, description: join(shaped.description, FILE_HINT) } : shaped
    const argument = add({ name, place: 'body', schema, required: isRequired && fallback === null })
    const contentType = encoding?.contentType
    fields.push({
      argument,
      name,
      ...fieldSerialization(encoding, shaped),
      isFile,
      contentType: typeof contentType === 'string' ? (contentType.split(',')[0] ?? null) : null,
      fallback,
    })
  }
  return { mediaType, form, required, whole: null, fields, isOpen: form === 'json' && view.isOpen }
}

const join = (description: Json | undefined, more: string): string =>
  typeof description === 'string' && description !== ''
    ? `${description.replace(/[^.!?。！？]$/u, '$&.')} ${more}`
    : more

/** Without an encoding of their own, objects in forms are JSON and arrays repeat their key (3.1). */
const fieldSerialization = (encoding: JsonObject | null, schema: JsonObject) => {
  const says = encoding !== null && (encoding.style !== undefined || encoding.explode !== undefined)
  if (says) return serializationOf(encoding, 'query')
  const types = [schema.type].flat()
  const items = isObject(schema.items) ? [schema.items.type].flat() : []
  const asJson = types.includes('object') || items.includes('object') || items.includes('array')
  return { style: 'form' as const, explode: true, asJson }
}

const RANKS: readonly ((type: string) => boolean)[] = [
  (type) => type === 'application/json',
  // Of the ways to change a part, the one that is an object.
  (type) => type === 'application/merge-patch+json',
  isJsonType,
  (type) => type === 'application/x-www-form-urlencoded',
  (type) => type === 'multipart/form-data',
  (type) => type === '*/*' || type === 'application/*',
  (type) => type.startsWith('text/'),
  () => true,
]

const chooseMedia = (content: unknown): { mediaType: string; media: JsonObject } | null => {
  if (!isObject(content)) return null
  const types = Object.keys(content)
  for (const matches of RANKS) {
    const key = types.find((type) => matches(plainType(type)))
    if (key === undefined) continue
    const media = content[key]
    const mediaType = key.includes('*') || !MEDIA_TYPE.test(key) ? 'application/json' : key
    return { mediaType, media: isObject(media) ? media : {} }
  }
  return null
}

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[\x20-\x7e]*)?$/

const formOf = (mediaType: string): BodyPlan['form'] => {
  const type = plainType(mediaType)
  if (isJsonType(type)) return 'json'
  if (type === 'application/x-www-form-urlencoded') return 'urlencoded'
  return type === 'multipart/form-data' ? 'multipart' : 'raw'
}

/** What is sent as it is can only be given as text. */
const rawSchema = (shaped: JsonObject): JsonObject => {
  const { description } = shaped
  return { type: 'string', ...(description === undefined ? {} : { description }) }
}

/** `anyOf: [Item, null]`: a body that may be left out. */
const unwrapNull = (
  schema: unknown,
  refs: DocumentRefs,
): { schema: unknown; isOptional: boolean } => {
  const object = refs.object(schema)
  const choices = object?.anyOf ?? object?.oneOf
  if (!Array.isArray(choices) || choices.length > MOST_MEMBERS) return { schema, isOptional: false }
  const others = choices.filter((choice) => refs.object(choice)?.type !== 'null')
  return others.length === 1 && choices.length === 2
    ? { schema: others[0], isOptional: true }
    : { schema, isOptional: false }
}

const viewObject = (
  schema: unknown,
  refs: DocumentRefs,
  trail: readonly string[] = [],
): ObjectView | null => {
  const found = refs.follow(schema)
  if (found === null || found.trail.some((ref) => trail.includes(ref))) return null
  const { object } = found
  if (object.anyOf !== undefined || object.oneOf !== undefined) return null
  const types = [object.type ?? 'object'].flat()
  if (!types.includes('object')) return null
  const view: ObjectView = {
    properties: new Map(isObject(object.properties) ? Object.entries(object.properties) : []),
    required: new Set(requiredOf(object)),
    isOpen: object.additionalProperties === true || isObject(object.additionalProperties),
    isEmpty: false,
  }
  if (Array.isArray(object.allOf)) {
    for (const member of object.allOf.slice(0, MOST_MEMBERS)) {
      const part = viewObject(member, refs, [...trail, ...found.trail])
      if (part === null) return null
      for (const [name, property] of part.properties)
        if (!view.properties.has(name)) view.properties.set(name, property)
      for (const name of part.required) view.required.add(name)
      view.isOpen ||= part.isOpen
    }
  }
  view.isEmpty = isObject(object.properties) && view.properties.size === 0 && !view.isOpen
  return view
}

const holdsFile = (schema: JsonObject | null, refs: DocumentRefs): boolean => {
  if (schema === null) return false
  if ([schema.type].flat().includes('array')) {
    const items = refs.object(schema.items)
    return items !== null && isFileSchema(items)
  }
  if (Array.isArray(schema.anyOf))
    return schema.anyOf.slice(0, MOST_MEMBERS).some((one) => isFileSchema(refs.object(one) ?? {}))
  return isFileSchema(schema)
}

/** 3.0 and 2.0: `format: binary`; 3.1: a media type without a text encoding. */
const isFileSchema = (schema: JsonObject): boolean =>
  schema.format === 'binary' ||
  (typeof schema.contentMediaType === 'string' && schema.contentEncoding === undefined)
