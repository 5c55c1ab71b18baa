import { createHash } from 'node:crypto'
import { systemClock, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { BoundedCache } from '../../platform/store/bounded-cache.ts'
import { createPluginCredentials } from '../auth-headers.ts'
import type { PluginApi, PluginManifest } from '../manifest.ts'
import type { PluginKind } from '../plugin-kind.ts'
import { callOperation } from './call-operation.ts'
import type { DocumentPlan } from './document-plan.ts'
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

/** Plans of this many documents are kept ready for calls. */
const KEPT = 50

/**
 * Plugins of OpenAPI documents: each operation that is ticked is a function, and a call is one request to the document's server.
 */
export const createOpenApiKind = (options: OpenApiKindOptions = {}): PluginKind => {
  const { clock = systemClock, reach = {}, readDocument = createReadDocument() } = options
  const credentials = createPluginCredentials({ clock, egress: reach })
  const plans = new BoundedCache<DocumentPlan>(KEPT)
  return {
    functions: ({ document }) =>
      document === null
        ? []
        : parsePlan(document).operations.map(({ operation, name, description, parameters }) => ({
            operation,
            name,
            description,
            parameters,
          })),

    describe: async ({ manifest }, signal) => {
      const api = apiOf(manifest)
      const loaded = await textOf(api, reach, signal)
      const task = {
        text: loaded.text,
        documentUrl: loaded.url,
        ticked: manifest.functions,
        askBefore: manifest.askBefore === true ? [] : manifest.askBefore,
        hidden: hiddenParameters(api),
      }
      return readDocument(task, api.text === null ? 'api.url' : 'melzi.document', signal)
    },

    call: async (job, signal) => {
      const api = apiOf(job.manifest)
      const { document } = job
      const plan =
        document === null
          ? { hosts: [], operations: [] }
          : plans.get(digest(document), () => parsePlan(document))
      return callOperation(job, api, plan, { reach, credentials }, signal)
    },
  }
}

const digest = (document: string) => createHash('sha256').update(document).digest('base64')

const parsePlan = (document: string): DocumentPlan => JSON.parse(document) as DocumentPlan

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
