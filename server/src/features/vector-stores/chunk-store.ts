import type { Attributes } from '@melzi/contract/vector-store-file.ts'
import type { QueryTerm } from '../../knowledge/bigrams.ts'
import type { ExtractedChunk } from '../../knowledge/extract/extract-protocol.ts'
import type { Reader, SqlValue, Tx } from '../../platform/store/store.ts'
import type { EntryRecord } from './entry-store.ts'

export interface NewChunk extends ExtractedChunk {
  position: number
  /** SHA-256 of the text, hex. */
  hash: string
}

/** A chunk that was found, with what is told of its file. */
export interface FoundChunk {
  id: number
  storeId: string
  fileId: string
  filename: string
  attributes: Attributes
  text: string
}

/** What is searched: completed files of these stores that fulfil the condition. */
export interface Scope {
  workspaceId: string
  /** At least one. */
  storeIds: readonly string[]
  /** A condition on `f`, the row of vector_store_files, which adds its parameters; null for all. */
  filter: ((params: SqlValue[]) => string) | null
}

/** The term by which the index knows a store's chunks: its id without the prefix, which the tokenizer would cut off. */
export const bare = (storeId: string): string => storeId.slice(storeId.indexOf('_') + 1)

/** PostgreSQL holds positions up to 16,383, and 256 of one lexeme. */
const MAX_POSITION = 16_383
const MAX_POSITIONS = 255

/** Terms consist of letters and digits: nothing in them needs quoting. */
const toTsvector = (storeId: string, terms: string): string => {
  const places = new Map<string, number[]>()
  for (const [index, term] of terms.split(' ').entries()) {
    if (term === '') continue
    const known = places.get(term)
    const place = Math.min(index + 1, MAX_POSITION)
    if (known === undefined) places.set(term, [place])
    else if (known.length < MAX_POSITIONS && known.at(-1) !== place) known.push(place)
  }
  return [`'@${bare(storeId)}'`]
    .concat([...places].map(([term, at]) => `'${term}':${at.join(',')}`))
    .join(' ')
}

/** Writes chunks of an entry with their terms. Found from the moment on when the entry is completed. */
export const insertChunks = async (
  tx: Tx,
  entry: EntryRecord,
  chunks: readonly NewChunk[],
): Promise<void> => {
  for (const chunk of chunks) {
    const values = [
      entry.workspaceId,
      entry.storeId,
      entry.entryId,
      chunk.position,
      chunk.start,
      chunk.tokens,
      chunk.text,
      chunk.hash,
    ]
    if (tx.engine === 'postgres') {
      await tx.run(
        `insert into vector_chunks (workspace_id, store_id, entry_id, position, start_at, tokens, body, hash, terms)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, cast(?9 as tsvector))`,
        [...values, toTsvector(entry.storeId, chunk.terms)],
      )
      continue
    }
    const row = await tx.get<{ id: number }>(
      `insert into vector_chunks (workspace_id, store_id, entry_id, position, start_at, tokens, body, hash)
       values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) returning id`,
      values,
    )
    await tx.run('insert into vector_chunk_terms (rowid, store, terms) values (?1, ?2, ?3)', [
      row?.id ?? null,
      bare(entry.storeId),
      chunk.terms,
    ])
  }
}

export const deleteChunks = async (
  tx: Tx,
  entry: Pick<EntryRecord, 'workspaceId' | 'entryId'>,
): Promise<void> => {
  await tx.run('delete from vector_chunks where workspace_id = ?1 and entry_id = ?2', [
    entry.workspaceId,
    entry.entryId,
  ])
}

/** An entry's chunks in order. */
export const readChunks = (
  db: Reader,
  entry: Pick<EntryRecord, 'workspaceId' | 'entryId'>,
): Promise<{ start_at: number; body: string }[]> =>
  db.all(
    'select start_at, body from vector_chunks where workspace_id = ?1 and entry_id = ?2 order by position',
    [entry.workspaceId, entry.entryId],
  )

const matchFts5 = (storeIds: readonly string[] | null, terms: readonly QueryTerm[]): string => {
  const wanted = terms.map(({ term, prefix }) => `"${term}"${prefix ? '*' : ''}`).join(' OR ')
  if (storeIds === null) return `terms : (${wanted})`
  const stores = storeIds.map((id) => `"${bare(id)}"`).join(' OR ')
  return `(store : (${stores})) AND (terms : (${wanted}))`
}

const matchTsquery = (storeIds: readonly string[], terms: readonly QueryTerm[]): string => {
  const stores = storeIds.map((id) => `'@${bare(id)}'`).join(' | ')
  const wanted = terms.map(({ term, prefix }) => `'${term}'${prefix ? ':*' : ''}`).join(' | ')
  return `(${stores}) & (${wanted})`
}

/** The condition of a scope on `f`, the row of vector_store_files. @param params gets what it needs */
export const storesAndFilter = (scope: Scope, params: SqlValue[]): string => {
  const stores = scope.storeIds.map((id) => `?${params.push(id)}`).join(', ')
  const filter = scope.filter === null ? '' : ` and ${scope.filter(params)}`
  return `f.store_id in (${stores}) and f.status = 'completed'${filter}`
}

/** Matches whose rows are looked at: a few more than asked for, since chunks of files that are not completed may be among them. */
const SPARE = 1.25
/** When too few were left of those. */
const MORE_SPARE = 10

/** From this share on the index is not asked for the stores' chunks only, which takes longer than passing over the others'. */
const LARGE_SHARE = 0.5

/**
 * The chunks that hold most of the terms, rarer terms counting more on SQLite (BM25); best first.
 * @param share how much of all chunks these stores hold, 0 to 1; 0 when it is not known
 */
export const searchTerms = async (
  db: Reader,
  scope: Scope,
  terms: readonly QueryTerm[],
  limit: number,
  share = 0,
): Promise<number[]> => {
  if (terms.length === 0) return []
  const match = (most: number | null) =>
    matchTerms(db, scope, terms, limit, { inStores: true, most })
  // With a filter every match is looked at; without one the best are taken first, which spares their rows.
  if (scope.filter !== null) return match(null)
  const isLarge = db.engine === 'sqlite' && share >= LARGE_SHARE
  const most = Math.ceil((limit * SPARE) / (isLarge ? share : 1))
  const found = await matchTerms(db, scope, terms, limit, { inStores: !isLarge, most })
  return found.length === limit ? found : match(limit * MORE_SPARE)
}

const matchTerms = async (
  db: Reader,
  scope: Scope,
  terms: readonly QueryTerm[],
  limit: number,
  { inStores, most }: { inStores: boolean; most: number | null },
): Promise<number[]> => {
  const isPostgres = db.engine === 'postgres'
  const match = isPostgres
    ? matchTsquery(scope.storeIds, terms)
    : matchFts5(inStores ? scope.storeIds : null, terms)
  const params: SqlValue[] = [scope.workspaceId, match]
  const spare = most === null ? '' : `limit ?${params.push(most)}`
  const matches = isPostgres
    ? `select id, -ts_rank(terms, cast(?2 as tsquery), 1) as place from vector_chunks
       where workspace_id = ?1 and terms @@ cast(?2 as tsquery) order by place ${spare}`
    : `select rowid as id, bm25(vector_chunk_terms, 0.0, 1.0) as place from vector_chunk_terms
       where vector_chunk_terms match ?2 order by place ${spare}`
  const condition = storesAndFilter(scope, params)
  const rows = await db.all<{ id: number }>(
    // cross join: SQLite keeps this order, and does not walk through all chunks of a workspace instead
    `select c.id from (${matches}) m cross join vector_chunks c cross join vector_store_files f
     where c.workspace_id = ?1 and c.id = m.id and f.workspace_id = c.workspace_id and f.entry_id = c.entry_id and ${condition}
     order by m.place, c.id limit ?${params.push(limit)}`,
    params,
  )
  return rows.map(({ id }) => id)
}

/** The completed entries in scope. */
export const entriesInScope = async (db: Reader, scope: Scope): Promise<string[]> => {
  const params: SqlValue[] = [scope.workspaceId]
  const rows = await db.all<{ entry_id: string }>(
    `select f.entry_id from vector_store_files f where f.workspace_id = ?1 and ${storesAndFilter(scope, params)}`,
    params,
  )
  return rows.map((row) => row.entry_id)
}

/** A mark of what completed entries a store has: it changes when one is added or goes. */
export const completedMark = async (
  db: Reader,
  workspaceId: string,
  storeId: string,
): Promise<string> => {
  const row = await db.get<{ files: number; newest: number | null }>(
    `select count(*) as files, max(completed_ms) as newest from vector_store_files
     where workspace_id = ?1 and store_id = ?2 and status = 'completed'`,
    [workspaceId, storeId],
  )
  return `${row?.files ?? 0} ${row?.newest ?? 0}`
}

/** Chunks by their ids, in no order; those that are gone are left out. */
export const readFound = async (
  db: Reader,
  workspaceId: string,
  ids: readonly number[],
): Promise<FoundChunk[]> => {
  if (ids.length === 0) return []
  const rows = await db.all<{
    id: number
    store_id: string
    file_id: string
    filename: string
    attributes: string
    body: string
  }>(
    // Joined from the ids on: asked for `c.id in (…)`, SQLite walks through all chunks of the workspace, 100,000 in 10 ms.
    `with wanted (id) as (values ${ids.map((_, i) => `(cast(?${i + 2} as bigint))`).join(', ')})
     select c.id, f.store_id, f.id as file_id, f.filename, f.attributes, c.body
     from wanted w cross join vector_chunks c cross join vector_store_files f
     where c.workspace_id = ?1 and c.id = w.id and f.workspace_id = c.workspace_id and f.entry_id = c.entry_id and f.status = 'completed'`,
    [workspaceId, ...ids],
  )
  return rows.map((row) => ({
    id: row.id,
    storeId: row.store_id,
    fileId: row.file_id,
    filename: row.filename,
    attributes: JSON.parse(row.attributes) as Attributes,
    text: row.body,
  }))
}
