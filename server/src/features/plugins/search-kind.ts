import { SearchRequest } from '@melzi/contract/vector-store-search.ts'
import { AppError } from '../../platform/errors.ts'
import type { Owner } from '../../platform/principal.ts'
import type { JsonObject } from '../../plugins/manifest.ts'
import type { PluginJob, PluginKind } from '../../plugins/plugin-kind.ts'
import type { SandboxResult } from '../../plugins/python/sandbox-driver.ts'
import { failedResult } from '../../plugins/python/sandbox-result.ts'

/** A passage of a file, as search in a vector store gives it. */
interface FoundPassage {
  filename: string
  /** 0 to 1. */
  score: number
  text: string
}

/**
 * Searches a vector store as this person.
 * @throws AppError 404 when it is not his, 400 when it has expired
 */
export type SearchStore = (
  owner: Owner,
  id: string,
  request: SearchRequest,
) => Promise<{ passages: readonly FoundPassage[] }>

const DEFAULT_TOP = 5
const MOST = 50
/** Characters of a question: a longer one is no question. */
const LONGEST_QUERY = 10_000

const PARAMETERS: JsonObject = {
  type: 'object',
  properties: {
    query: { type: 'string', description: 'What to look for, in plain words.' },
    top: {
      type: 'integer',
      minimum: 1,
      maximum: MOST,
      description: `How many passages to give; ${DEFAULT_TOP} when left out.`,
    },
  },
  required: ['query'],
}

/**
 * Plugins of the type AzureCognitiveSearch: one function that searches the vector store which the plugin's owner picked, whoever
 * calls. The owner's right to the store is asked at every call, so that a store he lost or deleted is searched no longer.
 */
export const createSearchKind = (search: SearchStore): PluginKind => ({
  functions: ({ functionName, manifest }) => [
    {
      operation: null,
      name: functionName,
      description: manifest.descriptionForModel,
      parameters: manifest.parameters ?? PARAMETERS,
    },
  ],
  describe: async () => null,
  call: async (job, signal) => {
    const started = performance.now()
    const { vectorStoreId: id, ownerId: personId, workspaceId } = job
    if (id === null) {
      return failedResult(
        'unavailable',
        'The plugin has no vector store to search; its owner has to pick one.',
      )
    }
    const asked = readArguments(job.arguments)
    if (typeof asked === 'string') return failedResult('arguments', asked)
    try {
      const request = SearchRequest.parse({ query: asked.query, max_num_results: asked.top })
      const { passages } = await search({ workspaceId, personId }, id, request)
      signal.throwIfAborted()
      return resultOf(passages, performance.now() - started)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      return failedResult(
        'unavailable',
        `The plugin's vector store was not searched: ${error.message}`,
      )
    }
  },
})

/** What is asked, or a sentence for the model on what is wrong. */
const readArguments = (given: PluginJob['arguments']): { query: string; top: number } | string => {
  const { query, top = DEFAULT_TOP } = given
  if (typeof query !== 'string' || query.trim() === '')
    return "The argument 'query' must be a text that says what to look for."
  if (query.length > LONGEST_QUERY)
    return `The argument 'query' must have ${LONGEST_QUERY} characters at most.`
  // models write numbers as texts at times
  const count = typeof top === 'string' ? Number(top) : (top ?? DEFAULT_TOP)
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1)
    return `The argument 'top' must be a whole number from 1 to ${MOST}.`
  return { query, top: Math.min(count, MOST) }
}

const resultOf = (passages: readonly FoundPassage[], ms: number): SandboxResult => {
  const output =
    passages.length === 0
      ? 'Nothing was found.'
      : JSON.stringify(
          passages.map(({ filename, score, text }) => ({
            file: filename,
            score: Math.round(score * 1000) / 1000,
            text,
          })),
        )
  return {
    ok: true,
    output,
    stdout: '',
    stderr: '',
    truncated: false,
    error: null,
    pictures: [],
    usage: { ms: Math.round(ms), cpuMs: 0, peakMiB: 0, http: [] },
  }
}
