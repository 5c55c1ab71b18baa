/** Reading of DaVinci plugin files (plugins.md 1). The text as imported is what is kept; this is only a view of it. */
import { errors } from '../platform/errors.ts'
import { parseLooseJson } from './loose-json.ts'
import {
  isObject,
  missing,
  nameOf,
  optionalText,
  requiredText,
  wrongType,
  type JsonObject,
} from './manifest-fields.ts'
import { readMelziBlock, type MelziBlock } from './melzi-block.ts'
import { checkUrl, readAuth, secretsOfAuth, type PluginAuth } from './plugin-auth.ts'

export type { JsonObject } from './manifest-fields.ts'

/** What runs when the plugin is called. */
export type PluginApi =
  | { kind: 'python'; source: string }
  | {
      kind: 'openapi'
      /** Of the document; null when it is in the file. */
      url: string | null
      /** The document as it was pasted, `melzi.document`; it wins over the address. */
      text: string | null
      auth: PluginAuth
      /** Header that carries the caller's opaque token, such as `Davinci-Cookie`; null: none. */
      userHeader: string | null
    }
  | {
      kind: 'mcp'
      /** Of a server over streamable HTTP. */
      url: string | null
      /** A command's name in the operator's own configuration; exactly one of the two is set. */
      command: string | null
      auth: PluginAuth
    }
  /** AzureCognitiveSearch: search in a vector store that its importer picks. */
  | { kind: 'search'; indexName: string }

export type PluginKindName = PluginApi['kind']

export interface PluginManifest extends MelziBlock {
  /** Any text, unique per owner. */
  id: string
  nameForHuman: string
  nameForModel: string
  descriptionForHuman: string
  /** The function's description. */
  descriptionForModel: string
  /** The output is the answer, with no second model pass (server-run mode and the panel). */
  directResponse: boolean
  usageHint: string | null
  api: PluginApi
}

/** UTF-8 bytes of the longest plugin file taken. */
export const LONGEST_PLUGIN_FILE = 1_048_576
const LONGEST_ID = 256
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
/** Headers that are the request's own. */
const TAKEN_HEADERS = new Set(['host', 'content-type', 'content-length', 'accept', 'authorization'])

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
  const melzi = melziOf(file)
  const block = readMelziBlock(melzi)
  const api = readApi(file, melzi)
  const auth = 'auth' in api ? secretsOfAuth(api.auth) : []
  const { settings } = apiOf(file)
  return {
    ...block,
    secrets: [...new Set([...block.secrets, ...auth])],
    id: knownId,
    nameForHuman: nameForHuman || nameForModel || knownId,
    nameForModel: nameForModel || knownId,
    descriptionForHuman,
    descriptionForModel: optionalText(file, 'description_for_model') || descriptionForHuman,
    directResponse: settings.direct_response === true || settings.direct_response === 'true',
    usageHint: typeof settings.usage_hint === 'string' ? settings.usage_hint : null,
    api,
  }
}

/**
 * The JSON object a plugin file holds, unknown fields and all.
 * @throws AppError 400
 */
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

const melziOf = ({ melzi }: JsonObject): JsonObject => {
  if (melzi === undefined || melzi === null) return {}
  if (!isObject(melzi)) throw wrongType('melzi', 'an object', melzi)
  return melzi
}

/** `api`, its type in lower case, and what stands below the key of the type. */
const apiOf = (file: JsonObject): { api: JsonObject; type: string; settings: JsonObject } => {
  const { api } = file
  if (api === undefined) throw missing('api')
  if (!isObject(api)) throw wrongType('api', 'an object', api)
  const type = api.type ?? (isObject(api.python) ? 'python' : undefined)
  if (type === undefined) throw missing('api.type')
  if (typeof type !== 'string') throw wrongType('api.type', 'a string', type)
  const settings = api[type.toLowerCase()]
  return { api, type: type.toLowerCase(), settings: isObject(settings) ? settings : {} }
}

const readApi = (file: JsonObject, melzi: JsonObject): PluginApi => {
  const { api, type } = apiOf(file)
  switch (type) {
    case 'python': {
      if (api.python === undefined) throw missing('api.python')
      if (!isObject(api.python)) throw wrongType('api.python', 'an object', api.python)
      return { kind: 'python', source: requiredText(api.python, 'source', 'api.python.source') }
    }
    case 'openapi': {
      const url = addressOf(api)
      const text = optionalText(melzi, 'document', 'melzi.document')
      if (url === null && text.trim() === '') throw missing('api.url')
      return {
        kind: 'openapi',
        url,
        text: text.trim() === '' ? null : text,
        auth: readAuth(melzi.auth),
        userHeader: userHeaderOf(melzi),
      }
    }
    case 'mcp': {
      const url = addressOf(api)
      const command = optionalText(api, 'command', 'api.command') || null
      if (url === null && command === null) throw missing('api.url')
      if (url !== null && command !== null) {
        throw errors.invalid(
          "Invalid 'api': an MCP plugin has either a 'url' or a 'command', not both.",
          'api.command',
          'invalid_value',
        )
      }
      return { kind: 'mcp', url, command, auth: readAuth(melzi.auth) }
    }
    case 'azurecognitivesearch': {
      const search = api.azure_cognitive_search_params
      const path = 'api.azure_cognitive_search_params'
      if (search !== undefined && search !== null && !isObject(search))
        throw wrongType(path, 'an object', search)
      const indexName = isObject(search)
        ? optionalText(search, 'indexName', `${path}.indexName`)
        : ''
      return { kind: 'search', indexName }
    }
    default:
      throw errors.invalid(
        `Plugins of type '${type}' cannot run on this server, so the file was not imported. Supported values are: 'python', 'openapi', 'mcp', and 'AzureCognitiveSearch'.`,
        'api.type',
        'invalid_value',
      )
  }
}

const addressOf = (api: JsonObject): string | null => {
  const url = optionalText(api, 'url', 'api.url').trim()
  if (url === '') return null
  checkUrl(url, 'api.url')
  return url
}

const userHeaderOf = (melzi: JsonObject): string | null => {
  const name = melzi.user_header === true ? 'Davinci-Cookie' : melzi.user_header
  if (name === undefined || name === null || name === false) return null
  if (typeof name !== 'string') throw wrongType('melzi.user_header', 'a string', name)
  if (HEADER_NAME.test(name) && !TAKEN_HEADERS.has(name.toLowerCase())) return name
  throw errors.invalid(
    `Invalid 'melzi.user_header': '${name}' cannot be the name of the header for the user's token.`,
    'melzi.user_header',
    'invalid_value',
  )
}
