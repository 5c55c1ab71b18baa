/**
 * Brings a server's message down to what is used of it, before the SDK holds it against its schemas: a schema spends microseconds on
 * each fault, so that an answer made of faults would hold up the whole server.
 */
import { isObject, type JsonObject } from '../manifest-fields.ts'
import type { Json } from '../python/sandbox-driver.ts'

/** Parts of a result that are kept. */
const MOST_PARTS = 200
/** Tools of one page that are kept; who reads the pages refuses more. */
const MOST_TOOLS = 1_000

/** Changes `result` of a JSON-RPC message in place. */
export const reduceMessage = (message: unknown): void => {
  if (!isObject(message) || !isObject(message.result)) return
  const { result } = message
  delete result._meta
  if (Array.isArray(result.content)) result.content = partsOf(result.content)
  if (Array.isArray(result.tools)) result.tools = result.tools.slice(0, MOST_TOOLS).map(toolOf)
  // What it asks is not answered; that it asks is enough.
  if (isObject(result.inputRequests)) result.inputRequests = {}
}

const partsOf = (content: Json[]): Json[] => {
  const parts = content.slice(0, MOST_PARTS).map(partOf)
  const more = content.length - parts.length
  if (more > 0) parts.push(text(`[${more} more parts of the result have been left out here.]`))
  return parts
}

const partOf = (part: Json): JsonObject => {
  if (!isObject(part)) return UNKNOWN
  const { type } = part
  if (type === 'text' && typeof part.text === 'string') return text(part.text)
  if (type === 'image' || type === 'audio') return strings(part, type, ['data', 'mimeType'])
  if (type === 'resource_link') {
    return strings(part, type, ['uri', 'name'], ['description', 'mimeType'])
  }
  if (type !== 'resource' || !isObject(part.resource)) return UNKNOWN
  const body = typeof part.resource.text === 'string' ? 'text' : 'blob'
  const resource = strings(part.resource, 'resource', ['uri', body], ['mimeType'])
  if (resource === UNKNOWN) return UNKNOWN
  const { type: _type, ...rest } = resource
  return { type, resource: rest }
}

const text = (value: string): JsonObject => ({ type: 'text', text: value })

const UNKNOWN = text('[A part of the result that is not of the protocol.]')

/** These fields and no others, where they are texts; {@link UNKNOWN} when one that is needed is not. */
const strings = (
  from: JsonObject,
  type: string,
  needed: readonly string[],
  others: readonly string[] = [],
): JsonObject => {
  const kept: JsonObject = { type }
  for (const key of needed) {
    const value = from[key]
    if (typeof value !== 'string') return UNKNOWN
    kept[key] = value
  }
  for (const key of others) {
    const value = from[key]
    if (typeof value === 'string') kept[key] = value
  }
  return kept
}

const toolOf = (tool: Json): JsonObject => {
  if (!isObject(tool)) return { name: '', inputSchema: { type: 'object' } }
  const { title, description, inputSchema } = tool
  return {
    name: typeof tool.name === 'string' ? tool.name : '',
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    inputSchema: schemaOf(isObject(inputSchema) ? inputSchema : {}),
  }
}

const schemaOf = ({ properties, required, ...rest }: JsonObject): JsonObject => ({
  ...rest,
  type: 'object',
  ...(isObject(properties) ? { properties: schemasOf(properties) } : {}),
  ...(Array.isArray(required)
    ? { required: required.filter((name) => typeof name === 'string') }
    : {}),
})

const schemasOf = (properties: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(properties).filter(
      ([, schema]) => isObject(schema) || typeof schema === 'boolean',
    ),
  )
