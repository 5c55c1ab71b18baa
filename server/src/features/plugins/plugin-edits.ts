import type { ModifyPluginRequest } from '@melzi/contract/plugin-requests.ts'
import { errors } from '../../platform/errors.ts'
import { editPluginFile, type FieldEdit } from '../../plugins/edit-plugin-file.ts'
import { parsePluginFile, type PluginKindName } from '../../plugins/manifest.ts'
import type { Json } from '../../plugins/python/sandbox-driver.ts'

type Field = keyof Omit<ModifyPluginRequest, 'file' | 'vector_store_id' | 'test_arguments'>

/** The key below `api` that holds what the original format says of a kind. */
const KIND_KEY: Record<PluginKindName, string> = {
  python: 'python',
  openapi: 'openapi',
  mcp: 'mcp',
  search: 'azurecognitivesearch',
}

const PATHS: Record<Field, (kind: string) => readonly string[]> = {
  name_for_human: () => ['name_for_human'],
  name_for_model: () => ['name_for_model'],
  description_for_human: () => ['description_for_human'],
  description_for_model: () => ['description_for_model'],
  source: () => ['api', 'python', 'source'],
  url: () => ['api', 'url'],
  usage_hint: (kind) => ['api', kind, 'usage_hint'],
  direct_response: (kind) => ['api', kind, 'direct_response'],
  functions: () => ['melzi', 'functions'],
  ask_before: () => ['melzi', 'ask_before'],
  parameters: () => ['melzi', 'parameters'],
  network: () => ['melzi', 'network'],
  packages: () => ['melzi', 'packages'],
  timeout_seconds: () => ['melzi', 'timeout_seconds'],
  secrets: () => ['melzi', 'secrets'],
  auth: () => ['melzi', 'auth'],
  user_header: () => ['melzi', 'user_header'],
  document: () => ['melzi', 'document'],
}

/** Fields that only some kinds have. */
const ONLY_FOR: Partial<Record<Field, readonly PluginKindName[]>> = {
  source: ['python'],
  url: ['openapi', 'mcp'],
  auth: ['openapi', 'mcp'],
  user_header: ['openapi'],
  document: ['openapi'],
}

/**
 * A plugin file's text with the fields of a request changed, and nothing else.
 * @throws AppError 400 for a field that plugins of this kind have not got, and for a text that cannot be read
 */
export const applyEdits = (text: string, request: ModifyPluginRequest): string => {
  const whole = request.file ?? text
  if (!whole.isWellFormed()) {
    throw errors.invalid(
      "Invalid 'file': the text holds half of a character and cannot be kept as it is.",
      'file',
      'invalid_value',
    )
  }
  const { kind } = parsePluginFile(whole).api
  const edits: FieldEdit[] = []
  for (const field of Object.keys(PATHS) as Field[]) {
    const value = request[field] as Json | undefined
    if (value === undefined) continue
    if (ONLY_FOR[field]?.includes(kind) === false) {
      throw errors.invalid(
        `Invalid '${field}': a plugin of the kind '${kind}' has no such field.`,
        field,
        'invalid_value',
      )
    }
    edits.push({ path: PATHS[field](KIND_KEY[kind]), value })
  }
  return edits.length === 0 ? whole : editPluginFile(whole, edits)
}
