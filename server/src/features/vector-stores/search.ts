import type { Attributes } from '@melzi/contract/vector-store-file.ts'
import type { SearchFilter } from '@melzi/contract/vector-store-search.ts'
import { coverage, queryTerms, type QueryTerm } from '../../knowledge/bigrams.ts'
import { EmbeddingError, type Embedder } from '../../knowledge/embeddings/embedder.ts'
import { fuseRanks } from '../../knowledge/rank-fusion.ts'
import { readFloats, toBytes } from '../../knowledge/vectors/vector-bytes.ts'
import type {
  VectorBlock,
  VectorIndex,
  VectorSource,
} from '../../knowledge/vectors/vector-index.ts'
import type { Hit } from '../../knowledge/vectors/vector-protocol.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { Store } from '../../platform/store/store.ts'
import { embeddingEntry, keepUsage, noteUsage, type UsageEntry } from '../usage/service.ts'
import { completedMark, entriesInScope, readFound, searchTerms, type Scope } from './chunk-store.ts'
import { readVectors } from './embedding-store.ts'
import { filterSql } from './filter-sql.ts'
import type { Pgvector } from './pgvector.ts'
import { TermFrequency } from './term-frequency.ts'

/** A piece of a file that answers a question. */
export interface Passage {
  /** Where it was found. */
  storeId: string
  fileId: string
  filename: string
  /** 0 to 1, falling along the list. */
  score: number
  attributes: Attributes
  text: string
}

export interface SearchQuery {
  workspaceId: string
  storeIds: readonly string[]
  /** One question, or several ways of asking it. */
  query: string | readonly string[]
  maxResults: number
  /** 0 to 1: passages below are left out. */
  scoreThreshold: number
  filter?: SearchFilter | null
  /** Vectors are left out, also where there are some. */
  textOnly?: boolean
  /** What the rankings count for (`hybrid_search`); by default 1 each. A ranking of weight 0 is left out. */
  weights?: { text: number; embedding: number }
  signal?: AbortSignal
  /** Whose usage the vectors of its question are; absent: nobody's. */
  by?: UsageEntry['by']
}

export interface SearchDeps {
  store: Store
  clock: Clock
  log: Logger
  embedder: Embedder | null
  vectors: VectorIndex
  /** Where the database searches vectors itself; without it they are searched here. */
  pgvector?: Pgvector | null
  /** How long a search waits for the vectors of its question, in ms. */
  questionWaitMs?: number
}

/** The text serves alone sooner than most clients lose patience: a file may wait for its provider, a question may not. */
const QUESTION_WAIT_MS = 4_000
/** Candidates of each ranking before they are joined. */
const CANDIDATES = 100
/** Vectors read at a time. */
const PAGE = 500

/** Search in stores, whoever asks: rights are the caller's business. */
export type Knowledge = ReturnType<typeof createKnowledge>

export const createKnowledge = (deps: SearchDeps) => {
  const { store, clock, log, embedder, vectors, pgvector = null } = deps
  const { questionWaitMs = QUESTION_WAIT_MS } = deps
  const frequency = new TermFrequency(clock)

  const loadBlock = async (
    workspaceId: string,
    entryId: string,
    model: string,
  ): Promise<VectorBlock> => {
    const rows: { id: number; vector: Uint8Array }[] = []
    for (let after = -1; ;) {
      const page = await readVectors(store, { workspaceId, entryId, model, after }, PAGE)
      rows.push(...page)
      if (page.length < PAGE) break
      after = page.at(-1)?.position ?? after
    }
    const length = (rows[0]?.vector.byteLength ?? 0) / 4
    const block = {
      ids: new Float64Array(rows.length),
      vectors: new Float32Array(rows.length * length),
    }
    for (const [index, { id, vector }] of rows.entries()) {
      block.ids[index] = id
      readFloats(vector, block.vectors, index * length)
    }
    return block
  }

  const sourceOf = async (
    workspaceId: string,
    storeId: string,
    model: string,
  ): Promise<VectorSource> => ({
    key: storeId,
    mark: await completedMark(store, workspaceId, storeId),
    entries: () => entriesInScope(store, { workspaceId, storeIds: [storeId], filter: null }),
    load: (entryId) => loadBlock(workspaceId, entryId, model),
  })

  const searchTexts = async (
    scope: Scope,
    queries: readonly (readonly QueryTerm[])[],
  ): Promise<number[][]> => {
    const lists: number[][] = []
    const share = await frequency.shareOf(store, scope.storeIds)
    for (const terms of queries) {
      const { telling, otherwise } = await frequency.selective(store, terms)
      const found = await searchTerms(store, scope, telling, CANDIDATES, share)
      lists.push(
        found.length > 0 ? found : await searchTerms(store, scope, otherwise, CANDIDATES, share),
      )
    }
    return lists
  }

  const nearestChunks = async (
    scope: Scope,
    model: string,
    question: readonly number[],
  ): Promise<Hit[]> => {
    const inDatabase = await pgvector?.search(scope, question, CANDIDATES)
    if (inDatabase !== null && inDatabase !== undefined) return inDatabase
    const sources: VectorSource[] = []
    for (const id of scope.storeIds) sources.push(await sourceOf(scope.workspaceId, id, model))
    const entries = scope.filter === null ? null : await entriesInScope(store, scope)
    const query = new Float32Array(question.length)
    readFloats(toBytes(question), query, 0)
    return vectors.search(sources, entries, query, CANDIDATES)
  }

  const keep = async (used: readonly UsageEntry[]): Promise<void> => {
    if (used.length === 0) return
    await keepUsage({ store, log }, 'vector-store.search-usage', async (tx) => {
      for (const entry of used) await noteUsage(tx, entry)
    })
  }

  /** The nearest chunks with their cosine. Without a provider, or while it fails or is slow, there are none: text search serves alone. */
  const searchVectors = async (
    scope: Scope,
    queries: readonly string[],
    by: UsageEntry['by'] | undefined,
    signal: AbortSignal,
  ): Promise<Map<number, number>[]> => {
    if (embedder === null) return []
    const used: UsageEntry[] = []
    let questions: number[][]
    const limit = AbortSignal.timeout(questionWaitMs)
    try {
      const either = AbortSignal.any([signal, limit])
      questions = await embedder.embed(queries, either, (asked, tokens) => {
        if (by === undefined) return
        used.push(embeddingEntry(by, embedder.model, asked, tokens, seconds(clock.now())))
      })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof EmbeddingError) && !limit.aborted) throw error
      log.warn({ err: error }, 'the question was not embedded; searching by text alone')
      return []
    } finally {
      await keep(used)
    }
    const lists: Map<number, number>[] = []
    for (const question of questions) {
      const hits = await nearestChunks(scope, embedder.model, question)
      lists.push(new Map(hits.map(({ id, score }) => [id, score])))
    }
    return lists
  }

  return {
    /** Vectors need a provider of embeddings. */
    searchedBy: embedder === null ? ('text' as const) : ('text_and_vectors' as const),

    /**
     * The passages that answer a question best: full text and vectors joined by reciprocal rank. The score is the rank's share times the
     * evidence, which is the larger of cosine and the part of the question's terms that the passage holds.
     */
    async search(asked: SearchQuery): Promise<Passage[]> {
      const { workspaceId, storeIds, filter = null, signal = new AbortController().signal } = asked
      const queries = (typeof asked.query === 'string' ? [asked.query] : asked.query).filter(
        (query) => query.trim() !== '',
      )
      if (storeIds.length === 0 || queries.length === 0) return []
      const scope: Scope = {
        workspaceId,
        storeIds,
        filter: filter === null ? null : (params) => filterSql(filter, params),
      }
      const terms = queries.map(queryTerms)
      const weights = asked.weights ?? { text: 1, embedding: 1 }
      const noVectors = asked.textOnly === true || weights.embedding === 0
      // At the same time: the vectors are looked at in a thread of their own. Where there are none, the text serves alone, whatever its weight.
      const searched = noVectors
        ? Promise.resolve([])
        : searchVectors(scope, queries, asked.by, signal)
      const [nearest, texts] = await Promise.all([
        searched,
        weights.text > 0 || (await searched).length === 0 ? searchTexts(scope, terms) : [],
      ])
      const fused = fuseRanks([
        ...texts.map((ids) => ({ ids, weight: weights.text || 1 })),
        ...nearest.map((list) => ({ ids: [...list.keys()], weight: weights.embedding })),
      ])
      const best = fused.slice(0, asked.maxResults)
      const found = await readFound(
        store,
        workspaceId,
        best.map(({ id }) => id),
      )
      const byId = new Map(found.map((chunk) => [chunk.id, chunk]))
      const passages: Passage[] = []
      let ceiling = 1
      for (const { id, share } of best) {
        const chunk = byId.get(id)
        if (chunk === undefined) continue
        const cosine = Math.max(0, ...nearest.map((list) => list.get(id) ?? 0))
        ceiling = Math.min(ceiling, share * Math.max(cosine, bestCoverage(terms, chunk.text)))
        if (ceiling < asked.scoreThreshold) break
        const { storeId, fileId, filename, attributes, text } = chunk
        passages.push({ storeId, fileId, filename, score: ceiling, attributes, text })
      }
      return passages
    },
  }
}

const bestCoverage = (queries: readonly (readonly QueryTerm[])[], text: string): number =>
  Math.max(0, ...queries.map((terms) => coverage(terms, text)))
