/** Reading of DaVinci plugin files (plugins.md 1). The text as imported is what is kept; this is only a view of it. */
import { errors } from '../platform/errors.ts'
import { DEEPEST_JSON, isTooDeep } from './json-depth.ts'
import { parseLooseJson } from './loose-json.ts'
import type { Json } from './python/sandbox-driver.ts'

export type JsonObject = { [key: string]: Json }

export interface PluginManifest {
  /** Any text, unique per owner. */
  id: string
  nameForHuman: string
  nameForModel: string
  descriptionForHuman: string
  /** The function's description. */
  descriptionForModel: string
  /** Python source. */
  source: string
  /** The output is the answer, with no second model pass (server-run mode and the panel). */
  directResponse: boolean
  usageHint: string | null
  /** JSON Schema of the arguments from `melzi.parameters`; null when the file has none. */
  parameters: JsonObject | null
  /** Hosts from `melzi.network`; null when the file does not say. */
  hosts: readonly string[] | 'public' | null
  /** Milliseconds, from `melzi.timeout_seconds`; null when the file does not say. */
  timeoutMs: number | null
}

/** UTF-8 bytes of the longest plugin file taken. */
export const LONGEST_PLUGIN_FILE = 1_048_576
const LONGEST_ID = 256
/** The guide's clients give up after 30 s (plugins.md 3). */
const LONGEST_TIMEOUT_SECONDS = 25
/** A name without a dot is an internal host, of use where the operator has opened it; `*.` needs a domain below the top. */
const HOST = /^(?:\*\.(?=[^.]+\.)|)(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9][a-z0-9-]*$/i
const MELZI_KEYS = new Set(['parameters', 'secrets', 'network', 'timeout_seconds', 'packages'])

/**
 * Reads a plugin file. Unknown fields are no error (they stay in the text); absent names and descriptions fall back to each other.
 * @throws AppError 400 naming the field: not JSON, too long, a missing or mistyped field, a kind or demand this server cannot run
 */
export const parsePluginFile = (text: string): PluginManifest => {
  const file = readObject(text)
  const nameForModel = optionalText(file, 'name_for_model')
  const nameForHuman = optionalText(file, 'name_for_human')
  const id = typeof file.id === 'number' ? String(file.id) : optionalText(file, 'id')
  const knownId = id.trim() || nameForModel.trim() || nameForHuman.trim()
  if (knownId === '') throw missing('id')
  if (knownId.length > LONGEST_ID) {
    throw errors.invalid(
      `Invalid 'id': string too long. Expected a string with maximum length ${LONGEST_ID}, but got a string with length ${knownId.length} instead.`,
      'id',
      'string_above_max_length',
    )
  }
  const descriptionForHuman = optionalText(file, 'description_for_human')
  const python = readPython(file)
  return {
    id: knownId,
    nameForHuman: nameForHuman || nameForModel || knownId,
    nameForModel: nameForModel || knownId,
    descriptionForHuman,
    descriptionForModel: optionalText(file, 'description_for_model') || descriptionForHuman,
    source: requiredText(python, 'source', 'api.python.source'),
    directResponse: python.direct_response === true || python.direct_response === 'true',
    usageHint: typeof python.usage_hint === 'string' ? python.usage_hint : null,
    ...readMelzi(file.melzi),
  }
}

const readObject = (text: string): JsonObject => {
  const bytes = Buffer.byteLength(text)
  if (bytes > LONGEST_PLUGIN_FILE) {
    throw errors.invalid(
      `The plugin file has ${bytes} bytes. The limit is ${LONGEST_PLUGIN_FILE} bytes.`,
    )
  }
  let value: unknown
  try {
    value = parseLooseJson(text)
  } catch (error) {
    throw errors.invalid(
      `The plugin file is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  if (!isObject(value))
    throw errors.invalid(`The plugin file must hold a JSON object, not ${nameOf(value)}.`)
  return value
}

const readPython = (file: JsonObject): JsonObject => {
  if (file.api === undefined) throw missing('api')
  if (!isObject(file.api)) throw wrongType('api', 'an object', file.api)
  const type = file.api.type ?? (isObject(file.api.python) ? 'python' : undefined)
  if (type === undefined) throw missing('api.type')
  if (typeof type !== 'string') throw wrongType('api.type', 'a string', type)
  if (type.toLowerCase() !== 'python') {
    throw errors.invalid(
      `Plugins of type '${type}' cannot run on this server yet, so the file was not imported. Supported values are: 'python'.`,
      'api.type',
      'invalid_value',
    )
  }
  if (file.api.python === undefined) throw missing('api.python')
  if (!isObject(file.api.python)) throw wrongType('api.python', 'an object', file.api.python)
  return file.api.python
}

const readMelzi = (
  melzi: Json | undefined,
): Pick<PluginManifest, 'parameters' | 'hosts' | 'timeoutMs'> => {
  if (melzi === undefined || melzi === null)
    return { parameters: null, hosts: null, timeoutMs: null }
  if (!isObject(melzi)) throw wrongType('melzi', 'an object', melzi)
  for (const key of Object.keys(melzi)) {
    if (!MELZI_KEYS.has(key)) {
      throw errors.invalid(
        `Unknown parameter: 'melzi.${key}'.`,
        `melzi.${key}`,
        'unknown_parameter',
      )
    }
  }
  refuseDemand(melzi, 'secrets', 'Plugin secrets')
  refuseDemand(melzi, 'packages', 'Extra Python packages')
  return {
    parameters: readParameters(melzi.parameters),
    hosts: readHosts(melzi.network),
    timeoutMs: readTimeout(melzi.timeout_seconds),
  }
}

/** A demand that cannot be met is refused at import: a plugin that comes in must work. */
const refuseDemand = (melzi: JsonObject, key: string, what: string): void => {
  const value = melzi[key]
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return
  throw errors.unsupported(
    `${what} are not supported by this server yet ('melzi.${key}').`,
    `melzi.${key}`,
  )
}

const readParameters = (schema: Json | undefined): JsonObject | null => {
  if (schema === undefined || schema === null) return null
  if (!isObject(schema)) throw wrongType('melzi.parameters', 'an object', schema)
  if (schema.type !== undefined && schema.type !== 'object') {
    throw errors.invalid(
      "Invalid 'melzi.parameters': the JSON Schema of the arguments must have the type 'object'.",
      'melzi.parameters.type',
      'invalid_value',
    )
  }
  if (schema.properties !== undefined && !isObject(schema.properties)) {
    throw wrongType('melzi.parameters.properties', 'an object', schema.properties)
  }
  if (isTooDeep(schema)) {
    throw errors.invalid(
      `Invalid 'melzi.parameters': the JSON Schema must not be nested more than ${DEEPEST_JSON} levels deep.`,
      'melzi.parameters',
      'invalid_value',
    )
  }
  return { type: 'object', properties: {}, ...schema }
}

const readHosts = (network: Json | undefined): readonly string[] | 'public' | null => {
  if (network === undefined || network === null) return null
  if (network === 'public') return 'public'
  if (!Array.isArray(network))
    throw wrongType('melzi.network', "an array of host names (or 'public')", network)
  return network.map((host, index) => {
    if (typeof host !== 'string') throw wrongType(`melzi.network[${index}]`, 'a string', host)
    if (HOST.test(host)) return host.toLowerCase()
    throw errors.invalid(
      `Invalid 'melzi.network[${index}]': '${host}' is not a host name such as 'api.example.com' or '*.example.com'.`,
      `melzi.network[${index}]`,
      'invalid_value',
    )
  })
}

const readTimeout = (seconds: Json | undefined): number | null => {
  if (seconds === undefined || seconds === null) return null
  if (typeof seconds !== 'number')
    throw wrongType('melzi.timeout_seconds', 'a decimal number', seconds)
  if (seconds > 0 && seconds <= LONGEST_TIMEOUT_SECONDS) return Math.ceil(seconds * 1000)
  throw errors.invalid(
    `Invalid 'melzi.timeout_seconds': expected a value > 0 and <= ${LONGEST_TIMEOUT_SECONDS}, but got ${seconds} instead.`,
    'melzi.timeout_seconds',
    seconds > 0 ? 'decimal_above_max_value' : 'decimal_below_min_value',
  )
}

const optionalText = (object: JsonObject, key: string): string => {
  const value = object[key]
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw wrongType(key, 'a string', value)
  return value
}

const requiredText = (object: JsonObject, key: string, path: string): string => {
  const value = object[key]
  if (value === undefined || value === null) throw missing(path)
  if (typeof value !== 'string') throw wrongType(path, 'a string', value)
  if (value.trim() === '')
    throw errors.invalid(`Invalid '${path}': expected a non-empty string.`, path, 'invalid_value')
  return value
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const nameOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal number'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

const missing = (path: string) =>
  errors.invalid(`Missing required parameter: '${path}'.`, path, 'missing_required_parameter')

const wrongType = (path: string, expected: string, value: unknown) =>
  errors.invalid(
    `Invalid type for '${path}': expected ${expected}, but got ${nameOf(value)} instead.`,
    path,
    'invalid_type',
  )
