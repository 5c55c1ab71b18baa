/** Parameters of an operation: how each argument becomes part of the request. */
import { isObject, type JsonObject } from '../manifest-fields.ts'
import type { AddArgument } from './collect-arguments.ts'
import type { InputPlan, ParameterPlace } from './document-plan.ts'
import { DocumentError } from './document-error.ts'
import type { DocumentRefs } from './document-refs.ts'
import { isJsonType } from './media-type.ts'
import { fallbackOf, type SchemaShaper } from './schema-shaper.ts'
import { serializationOf } from './serialization-of.ts'

/** A parameter that is not the model's to give: the plugin's credentials, or the caller's token. */
export interface HiddenParameter {
  place: 'header' | 'query'
  name: string
}

const PLACES: readonly ParameterPlace[] = ['path', 'query', 'header', 'cookie']
/** Headers that the specification leaves out of parameters, and those that the connection decides. */
const IGNORED_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
const MOST_PARAMETERS = 500

/**
 * Parameters of a path and of its operation, which wins; in the order path, query, header, cookie.
 * @throws DocumentError
 */
export const gatherParameters = (lists: readonly unknown[], refs: DocumentRefs): JsonObject[] => {
  const byName = new Map<string, JsonObject>()
  for (const list of lists) {
    if (!Array.isArray(list)) continue
    if (list.length > MOST_PARAMETERS)
      throw new DocumentError(
        `An operation of the document has more than ${MOST_PARAMETERS} parameters.`,
      )
    for (const item of list) {
      const parameter = refs.object(item)
      if (parameter === null) continue
      byName.set(JSON.stringify([parameter.in, parameter.name]), parameter)
    }
  }
  return PLACES.flatMap((place) =>
    [...byName.values()].filter((parameter) => parameter.in === place),
  )
}

/** The inputs of one operation; each becomes an argument by `add`. */
export const planInputs = (
  parameters: readonly JsonObject[],
  path: string,
  hidden: readonly HiddenParameter[],
  deps: { shaper: SchemaShaper; add: AddArgument },
): InputPlan[] => {
  const { shaper, add } = deps
  const inTemplate = new Set([...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name ?? ''))
  const inputs: InputPlan[] = []
  const push = (parameter: JsonObject, place: ParameterPlace, name: string) => {
    const media = isObject(parameter.content) ? Object.entries(parameter.content)[0] : undefined
    const schema = media === undefined ? parameter.schema : isObject(media[1]) && media[1].schema
    const shaped = shaper.shape(schema, 1)
    const description = shaper.text(parameter.description)
    const described = description === '' ? shaped : { ...shaped, description }
    const isRequired = parameter.required === true || place === 'path'
    const fallback = isRequired ? fallbackOf(shaped) : null
    const required = isRequired && fallback === null
    // What can only be one thing is not the model's to say.
    const isFixed = fallback !== null && shaped.default === undefined
    const argument = isFixed ? null : add({ name, place, schema: described, required })
    const serialization =
      media !== undefined && isJsonType(media[0])
        ? { style: 'form' as const, explode: false, asJson: true }
        : serializationOf(parameter, place)
    const allowReserved = place === 'query' && parameter.allowReserved === true
    inputs.push({ argument, place, name, ...serialization, allowReserved, fallback })
  }
  for (const parameter of parameters) {
    const place = PLACES.find((one) => one === parameter.in)
    const { name } = parameter
    if (place === undefined || typeof name !== 'string' || name === '') continue
    if (place === 'path' && !inTemplate.has(name)) continue
    if (place === 'header' && (!HEADER_NAME.test(name) || IGNORED_HEADERS.has(name.toLowerCase())))
      continue
    if (hidden.some((one) => isHidden(one, place, name))) continue
    push(parameter, place, name)
    if (place === 'path') inTemplate.delete(name)
  }
  // The template counts, though the document forgot to describe what stands in it.
  for (const name of inTemplate) push({ schema: { type: 'string' } }, 'path', name)
  return inputs
}

const isHidden = (hidden: HiddenParameter, place: ParameterPlace, name: string): boolean =>
  hidden.place === place &&
  (place === 'header' ? hidden.name.toLowerCase() === name.toLowerCase() : hidden.name === name)
