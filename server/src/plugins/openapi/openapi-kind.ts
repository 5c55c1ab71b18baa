import { createHash } from 'node:crypto'
import { systemClock, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { BoundedCache } from '../../platform/store/bounded-cache.ts'
import { createPluginCredentials } from '../auth-headers.ts'
import type { PluginApi, PluginManifest } from '../manifest.ts'
import type { PluginKind } from '../plugin-kind.ts'
import { callOperation } from './call-operation.ts'
import type { DocumentPlan, OperationPlan } from './document-plan.ts'
import { loadDocument, type Reach } from './load-document.ts'
import type { HiddenParameter } from './plan-inputs.ts'
import { createReadDocument, type ReadDocument } from './read-document.ts'

type OpenApi = Extract<PluginApi, { kind: 'openapi' }>

export interface OpenApiKindOptions {
  /** Of the life of access tokens. */
  clock?: Clock
  /** Which hosts beside the public ones may be asked. */
  reach?: Reach
  readDocument?: ReadDocument
}

/** Plans of so many characters together are kept ready for calls; in memory they are several times as large. */
const KEPT = 16_000_000

/**
 * Plugins of OpenAPI documents: each operation that is ticked is a function, and a call is one request to the document's server.
 */
export const createOpenApiKind = (options: OpenApiKindOptions = {}): PluginKind => {
  const { clock = systemClock, reach = {}, readDocument = createReadDocument() } = options
  const credentials = createPluginCredentials({ clock, egress: reach })
  const plans = new BoundedCache<DocumentPlan>(KEPT)
  return {
    functions: ({ document, manifest }) => {
      if (document === null) return []
      const { operations } = parsePlan(document)
      checkTicks(manifest, operations)
      return operations.map(({ operation, name, description, parameters }) => ({
        operation,
        name,
        description,
        parameters,
      }))
    },

    describe: async ({ manifest }, owner, signal) => {
      const api = apiOf(manifest)
      const loaded = await textOf(api, reach, signal)
      const task = {
        text: loaded.text,
        documentUrl: loaded.url,
        ticked: manifest.functions,
        hidden: hiddenParameters(api),
      }
      const param = api.text === null ? 'api.url' : 'melzi.document'
      return readDocument(task, param, owner, signal)
    },

    call: async (job, signal) => {
      const api = apiOf(job.manifest)
      const { document } = job
      const plan =
        document === null
          ? { operations: [] }
          : plans.get(digest(document), () => parsePlan(document), document.length)
      return callOperation(job, api, plan, { reach, credentials }, signal)
    },
  }
}

const digest = (document: string) => createHash('sha256').update(document).digest('base64')

const parsePlan = (document: string): DocumentPlan => JSON.parse(document) as DocumentPlan

/** @throws AppError 400 for an operation that is named and is not there, or is ticked and was not kept */
const checkTicks = (
  { functions, askBefore }: PluginManifest,
  operations: readonly OperationPlan[],
): void => {
  const byName = new Map(operations.map((one) => [one.operation, one]))
  const refuse = (message: string, param: string): never => {
    throw errors.invalid(message, param, 'invalid_value')
  }
  const checkNames = (names: readonly string[], param: string) => {
    const wrong = names.findIndex((name) => !byName.has(name))
    if (wrong < 0) return
    const some = [...byName.keys()].slice(0, 10).map((name) => `'${name}'`)
    const more = byName.size > some.length ? `, and ${byName.size - some.length} more` : ''
    refuse(
      `The document has no operation '${names[wrong]}'. It has: ${some.join(', ')}${more}.`,
      `${param}[${wrong}]`,
    )
  }
  checkNames(functions ?? [], 'melzi.functions')
  checkNames(askBefore === true ? [] : askBefore, 'melzi.ask_before')
  const on = functions ?? [...byName.keys()]
  const absent = on.findIndex((name) => byName.get(name)?.request === null)
  if (absent < 0) return
  refuse(
    `'${on[absent]}' was not kept when the document was read: it is too large as a whole, or this operation could not be read. Import the plugin file again with it ticked.`,
    functions === null ? 'melzi.functions' : `melzi.functions[${absent}]`,
  )
}

const apiOf = ({ api }: PluginManifest): OpenApi => {
  if (api.kind === 'openapi') return api
  throw new Error(`a plugin of kind ${api.kind} is no OpenAPI plugin`)
}

const textOf = async (
  api: OpenApi,
  reach: Reach,
  signal: AbortSignal,
): Promise<{ text: string; url: string | null }> => {
  if (api.text !== null) return { text: api.text, url: api.url }
  if (api.url === null)
    throw errors.invalid(
      "Missing required parameter: 'api.url'.",
      'api.url',
      'missing_required_parameter',
    )
  return loadDocument(api.url, reach, signal)
}

/** Parameters that the plugin gives itself are not the model's to give. */
const hiddenParameters = ({ auth, userHeader }: OpenApi): HiddenParameter[] => [
  ...(auth.type === 'api_key' ? [{ place: auth.in, name: auth.name }] : []),
  ...(userHeader === null ? [] : [{ place: 'header' as const, name: userHeader }]),
]
