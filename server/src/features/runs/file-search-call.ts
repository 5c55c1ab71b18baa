import type { FileSearchResult } from '@melzi/contract/run-step.ts'
import type { RankingOptions } from '@melzi/contract/tool.ts'
import type { UsageEntry } from '../usage/service.ts'
import { countTokens } from '../../knowledge/token-cost.ts'
import type { Knowledge, Passage } from '../vector-stores/service.ts'
import { citationMark } from './answer-marks.ts'
import type { RunRecord, StoredFileSearch } from './run-record.ts'

/** Passages and their tokens that a search gives at the most (behaviour.md 14). */
const LIMITS = { results: 20, tokens: 16_000 }
const SMALL_LIMITS = { results: 5, tokens: 4_000 }
const SMALL_MODEL = /^gpt-3\.5/
/** Part of a model's context that one search may fill: more than one is made in a run, and question and answer need room. */
const CONTEXT_SHARE = 1 / 4
/** Part of the run's own budget of prompt tokens that it may fill: the conversation is to be sent with it once more. */
const BUDGET_SHARE = 1 / 2

/** What a file_search call shows of its ranking where the client left it out (behaviour.md 4, 12). */
const DEFAULT_RANKING: RankingOptions = { ranker: 'default_2024_08_21', score_threshold: 0 }

/** In place of a file's name, as OpenAI's own marks have it. */
const NAMELESS = 'source'

/**
 * Whether a run's reader may not be told which file a passage is of: one of the assistant's that its maker does not name. The thread's own
 * files are the reader's.
 */
const isUnnamed = (
  { namesFiles, toolResources }: Pick<RunRecord, 'namesFiles' | 'toolResources'>,
  { storeId }: Passage,
): boolean => !namesFiles && toolResources.file_search?.vector_store_ids?.includes(storeId) === true

const settingsOf = (run: Pick<RunRecord, 'tools'>) => {
  const tool = run.tools.find(({ type }) => type === 'file_search')
  return tool?.type === 'file_search' ? (tool.file_search ?? {}) : {}
}

export const rankingOptionsOf = (run: Pick<RunRecord, 'tools'>): RankingOptions => {
  const { ranking_options: options } = settingsOf(run)
  if (options === undefined) return DEFAULT_RANKING
  const { ranker, score_threshold: threshold, hybrid_search: hybrid } = options
  return {
    ranker: ranker ?? 'default_2024_08_21',
    score_threshold: threshold,
    ...(hybrid == null ? {} : { hybrid_search: hybrid }),
  }
}

/** The question in a call's arguments; null when there is none to be read. */
const questionIn = (argumentsText: string): string | null => {
  try {
    const value: unknown = JSON.parse(argumentsText)
    if (typeof value !== 'object' || value === null) return null
    const { query } = value as Record<string, unknown>
    return typeof query === 'string' && query.trim() !== '' ? query : null
  } catch {
    return null
  }
}

export interface SearchScope {
  /** Live stores of assistant and thread. */
  storeIds: readonly string[]
  /** Of the run's model; null when unknown. */
  contextTokens: number | null
  /** What this search's share of the run's `max_prompt_tokens` is; null for no limit. */
  promptTokens: number | null
  /** Whose usage it is; absent: nobody's. */
  by?: UsageEntry['by']
}

/**
 * Makes a search that the model asked for.
 * @param retrieval first number of its citation marks
 */
export const searchFiles = async (
  knowledge: Pick<Knowledge, 'search'>,
  run: Pick<RunRecord, 'workspaceId' | 'tools' | 'model' | 'namesFiles' | 'toolResources'>,
  { storeIds, contextTokens, promptTokens, by }: SearchScope,
  call: StoredFileSearch,
  retrieval: number,
  signal: AbortSignal,
): Promise<StoredFileSearch> => {
  const query = questionIn(call.arguments)
  const ranking = rankingOptionsOf(run)
  const { hybrid_search: hybrid } = ranking
  const limits = SMALL_MODEL.test(run.model) ? SMALL_LIMITS : LIMITS
  const passages =
    query === null
      ? []
      : await knowledge.search({
          workspaceId: run.workspaceId,
          storeIds,
          query,
          maxResults: settingsOf(run).max_num_results ?? limits.results,
          scoreThreshold: ranking.score_threshold,
          ...(hybrid == null
            ? {}
            : { weights: { embedding: hybrid.embedding_weight, text: hybrid.text_weight } }),
          signal,
          ...(by && { by }),
        })
  const results: FileSearchResult[] = []
  let room = Math.min(
    limits.tokens,
    (contextTokens ?? Infinity) * CONTEXT_SHARE,
    (promptTokens ?? Infinity) * BUDGET_SHARE,
  )
  const unnamed: number[] = []
  for (const passage of passages) {
    const { fileId, filename, score, attributes, text } = passage
    room -= countTokens(text)
    if (room < 0 && results.length > 0) break
    const content = [{ type: 'text' as const, text }]
    // what the model is not told it cannot repeat
    const isHidden = isUnnamed(run, passage)
    if (isHidden) unnamed.push(results.length)
    results.push({
      file_id: fileId,
      file_name: isHidden ? NAMELESS : filename,
      score,
      attributes: isHidden ? {} : attributes,
      content,
    })
  }
  const file_search = { ...call.file_search, results }
  return { ...call, file_search, retrieval, ...(unnamed.length > 0 ? { unnamed } : {}) }
}

/**
 * The files behind a search's citation marks, by mark and by `retrieval:position`. A passage whose file is not named has none: its mark stays
 * text, since an annotation tells the file's id.
 */
export const citationsOf = (call: StoredFileSearch): [string, string][] => {
  const { retrieval, unnamed } = call
  if (retrieval === null) return []
  return (call.file_search.results ?? []).flatMap((result, place): [string, string][] =>
    unnamed?.includes(place) === true
      ? []
      : [
          [citationMark(retrieval, place, result.file_name), result.file_id],
          [`${retrieval}:${place}`, result.file_id],
        ],
  )
}

/** What the model is told of a search. */
export const passagesText = ({
  arguments: given,
  retrieval,
  file_search: { results = [] },
}: StoredFileSearch): string => {
  if (questionIn(given) === null) {
    return 'The search was not made: its arguments must be an object with the text "query".'
  }
  if (results.length === 0) return 'No passage was found.'
  const passages = results.map(({ file_name: name, content }, place) => {
    const text = (content ?? []).map((part) => part.text).join('\n')
    return `${citationMark(retrieval ?? 0, place, name)}\n${text}`
  })
  return passages.join('\n\n')
}
