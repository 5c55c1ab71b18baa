/** Melzi's own additions to a plugin file, under its one key `melzi` (plugins.md 1). */
import { errors } from '../platform/errors.ts'
import { DEEPEST_JSON, isTooDeep } from './json-depth.ts'
import { isObject, wrongType, type JsonObject } from './manifest-fields.ts'
import type { Json } from './python/sandbox-driver.ts'

export interface MelziBlock {
  /** JSON Schema of the arguments from `melzi.parameters`; null when the file has none. */
  parameters: JsonObject | null
  /** Hosts from `melzi.network`; null when the file does not say. */
  hosts: readonly string[] | 'public' | null
  /** Milliseconds, from `melzi.timeout_seconds`; null when the file does not say. */
  timeoutMs: number | null
  /** Names of the secrets it asks for; their values are kept apart, sealed. */
  secrets: readonly string[]
  /** Names of Python packages it needs besides those that are always there. */
  packages: readonly string[]
  /** Operations or tools that are functions; null: all. */
  functions: readonly string[] | null
  /** Operations or tools whose calls always stop the run and wait for the client; `true`: every call of the plugin. */
  askBefore: readonly string[] | true
}

/** The guide's clients give up after 30 s (plugins.md 3). */
const LONGEST_TIMEOUT_SECONDS = 25
/** A name without a dot is an internal host, of use where the operator has opened it; `*.` needs a domain below the top. */
const HOST = /^(?:\*\.(?=[^.]+\.)|)(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?\.)*[a-z0-9][a-z0-9-]*$/i
const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
const MOST_SECRETS = 32
const MOST_NAMES = 1000
/** What `melzi.packages` may name; requests and httpx are there anyway, and may be named. */
const PACKAGES = ['numpy', 'pandas', 'matplotlib', 'pillow', 'requests', 'httpx']
const KEYS = new Set([
  'parameters',
  'secrets',
  'network',
  'timeout_seconds',
  'packages',
  'functions',
  'ask_before',
  'auth',
  'user_header',
  'document',
])

/** @throws AppError 400 naming the field */
export const readMelziBlock = (melzi: JsonObject): MelziBlock => {
  for (const key of Object.keys(melzi)) {
    if (!KEYS.has(key)) {
      throw errors.invalid(
        `Unknown parameter: 'melzi.${key}'.`,
        `melzi.${key}`,
        'unknown_parameter',
      )
    }
  }
  return {
    parameters: readParameters(melzi.parameters),
    hosts: readHosts(melzi.network),
    timeoutMs: readTimeout(melzi.timeout_seconds),
    secrets: readSecrets(melzi.secrets),
    packages: readPackages(melzi.packages),
    functions: melzi.functions == null ? null : readNames(melzi.functions, 'melzi.functions'),
    askBefore: melzi.ask_before === true || readNames(melzi.ask_before, 'melzi.ask_before'),
  }
}

/** Whether a text can be the name of a secret. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name)

const readSecrets = (value: Json | undefined): readonly string[] => {
  const names = readNames(value, 'melzi.secrets')
  const wrong = names.findIndex((name) => !isSecretName(name))
  if (wrong >= 0) {
    throw errors.invalid(
      `Invalid 'melzi.secrets[${wrong}]': expected a name such as 'API_KEY' (letters, digits and underscores), never the secret itself.`,
      `melzi.secrets[${wrong}]`,
      'invalid_value',
    )
  }
  if (names.length > MOST_SECRETS) {
    throw errors.invalid(
      `Invalid 'melzi.secrets': a plugin may name ${MOST_SECRETS} secrets.`,
      'melzi.secrets',
      'array_above_max_length',
    )
  }
  return names
}

const readPackages = (value: Json | undefined): readonly string[] => {
  const names = readNames(value, 'melzi.packages').map((name) => name.toLowerCase())
  const unknown = names.findIndex((name) => !PACKAGES.includes(name))
  if (unknown >= 0) {
    throw errors.unsupported(
      `The Python package '${names[unknown]}' is not supported by this server. Supported values are: ${PACKAGES.map((name) => `'${name}'`).join(', ')}.`,
      `melzi.packages[${unknown}]`,
    )
  }
  return names
}

const readNames = (value: Json | undefined, path: string): string[] => {
  if (value === undefined || value === null || value === false) return []
  if (!Array.isArray(value)) throw wrongType(path, 'an array of strings', value)
  if (value.length > MOST_NAMES) {
    throw errors.invalid(
      `Invalid '${path}': array too long. Expected an array with maximum length ${MOST_NAMES}, but got an array with length ${value.length} instead.`,
      path,
      'array_above_max_length',
    )
  }
  return value.map((name, index) => {
    if (typeof name !== 'string') throw wrongType(`${path}[${index}]`, 'a string', name)
    return name
  })
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
