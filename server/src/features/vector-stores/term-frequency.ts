import type { QueryTerm } from '../../knowledge/bigrams.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Reader } from '../../platform/store/store.ts'
import { bare } from './chunk-store.ts'

/** A term in more chunks than this says little, and ranking all of them costs most of a search's time. */
const FREQUENT_SHARE = 0.03
const FREQUENT_CHUNKS = 20_000
/** Below so many chunks every search is quick. */
const MIN_CHUNKS = 5_000
/** Counts are of yesterday's texts anyway, ms. */
const KEEP_MS = 10 * 60 * 1000
const MAX_KEPT = 50_000
/** Terms that are kept when all are frequent: the rarest. */
const KEPT_ANYWAY = 2

export interface SelectedTerms {
  telling: readonly QueryTerm[]
  /** The rarest of the frequent, for when no text holds a telling one: a word that was mistyped is the rarest of all. */
  otherwise: readonly QueryTerm[]
}

/** Tells which terms of a question are too frequent to look for. Counts are kept for ten minutes. */
export class TermFrequency {
  readonly #clock: Clock
  readonly #minChunks: number
  #counts = new Map<string, number>()
  #chunks = 0
  #readAt = -Infinity

  /** @param minChunks below so many chunks nothing is left out */
  constructor(clock: Clock, minChunks: number = MIN_CHUNKS) {
    this.#clock = clock
    this.#minChunks = minChunks
  }

  /** What to look for: the terms without the frequent ones, the two rarest when all are frequent. */
  async selective(db: Reader, terms: readonly QueryTerm[]): Promise<SelectedTerms> {
    const all = { telling: terms, otherwise: [] }
    if (terms.length < 2) return all
    await this.#refresh(db)
    if (this.#chunks < this.#minChunks) return all
    const counted: { term: QueryTerm; count: number }[] = []
    for (const term of terms) counted.push({ term, count: await this.#count(db, term) })
    const limit = Math.min(this.#chunks * FREQUENT_SHARE, FREQUENT_CHUNKS)
    const rare = counted.filter(({ count }) => count <= limit).map(({ term }) => term)
    const rarest = counted
      .filter(({ count }) => count > limit)
      .toSorted((a, b) => a.count - b.count)
      .slice(0, KEPT_ANYWAY)
      .map(({ term }) => term)
    return rare.length > 0
      ? { telling: rare, otherwise: rarest }
      : { telling: rarest, otherwise: [] }
  }

  /** How much of all chunks these stores hold, 0 to 1; 0 on PostgreSQL, which does not say. */
  async shareOf(db: Reader, storeIds: readonly string[]): Promise<number> {
    if (db.engine === 'postgres') return 0
    await this.#refresh(db)
    let held = 0
    // In lower case, as the tokenizer keeps it.
    for (const id of storeIds)
      held += await this.#count(db, { term: bare(id).toLowerCase(), prefix: false })
    return this.#chunks === 0 ? 0 : Math.min(1, held / this.#chunks)
  }

  async #refresh(db: Reader): Promise<void> {
    const now = this.#clock.now()
    if (now - this.#readAt < KEEP_MS && this.#counts.size < MAX_KEPT) return
    this.#readAt = now
    this.#counts = new Map()
    if (db.engine === 'sqlite') {
      const row = await db.get<{ chunks: number | null }>(
        'select max(id) as chunks from vector_chunks',
      )
      this.#chunks = row?.chunks ?? 0
      return
    }
    // What ANALYZE found: enough to know the frequent ones, and nothing of the rare.
    const table = await db.get<{ chunks: number }>(
      "select cast(reltuples as bigint) as chunks from pg_class where oid = cast('vector_chunks' as regclass)",
    )
    this.#chunks = table?.chunks ?? 0
    const rows = await db.all<{ term: string; share: number }>(
      `select unnest(cast(cast(most_common_elems as text) as text[])) as term, unnest(most_common_elem_freqs) as share
       from pg_stats where tablename = 'vector_chunks' and attname = 'terms' and schemaname = any (current_schemas(false))`,
    )
    for (const { term, share } of rows) {
      if (term !== null) this.#counts.set(term, share * this.#chunks)
    }
  }

  async #count(db: Reader, { term, prefix }: QueryTerm): Promise<number> {
    const known = this.#counts.get(term)
    if (known !== undefined) return known
    if (db.engine === 'postgres' || prefix) return 0
    const row = await db.get<{ chunks: number }>(
      'select doc as chunks from vector_term_counts where term = ?1',
      [term],
    )
    const count = row?.chunks ?? 0
    this.#counts.set(term, count)
    return count
  }
}
