import { readFloats } from '../../knowledge/vectors/vector-bytes.ts'
import type { Hit } from '../../knowledge/vectors/vector-protocol.ts'
import type { Reader, SqlValue, Tx } from '../../platform/store/store.ts'
import { storesAndFilter, type Scope } from './chunk-store.ts'
import { readVectors } from './embedding-store.ts'
import type { EntryRecord } from './entry-store.ts'

/**
 * Vectors in PostgreSQL's extension `vector` (pgvector). The tables are no migration, since most servers lack the extension: they are
 * made when it is first found. A vector's row goes with its chunk. Vectors of one model and length are a space, with an index of their own.
 */

/** Nodes that start at once wait for each other here. Any number, the same in every Melzi. */
const LOCK = 7_763_528_914
/** The first with iterative scans, without which a filter leaves too few hits. */
const OLDEST = [0, 8] as const
/** What an HNSW index takes: numbers of a halfvec. */
const MAX_INDEXED = 4_000
/** Vectors read and written at a time. */
const PAGE = 64

const TABLES = [
  `create table if not exists vector_spaces (
     id bigint generated always as identity primary key, model text not null, dimensions bigint not null, unique (model, dimensions))`,
  `create table if not exists vector_chunk_vectors (
     workspace_id text collate "C" not null,
     chunk_id bigint not null,
     store_id text collate "C" not null,
     entry_id text collate "C" not null,
     space bigint not null references vector_spaces (id),
     embedding vector not null,
     primary key (workspace_id, chunk_id, space),
     foreign key (workspace_id, chunk_id) references vector_chunks (workspace_id, id) on delete cascade)`,
  `create index if not exists vector_chunk_vectors_by_entry on vector_chunk_vectors (workspace_id, store_id, entry_id, space)`,
]

/** What of pgvector a database has. */
export type Extension =
  | { state: 'ready'; version: string }
  /** The server has it, this database not yet. */
  | { state: 'creatable'; version: string }
  | { state: 'unusable'; why: string }

/** Looks for the extension, without changing anything. */
export const findExtension = async (db: Reader): Promise<Extension> => {
  if (db.engine !== 'postgres')
    return { state: 'unusable', why: 'it is an extension of PostgreSQL' }
  const row = await db.get<{ available: string; installed: string | null; visible: number }>(
    `select default_version as available, installed_version as installed, to_regtype('vector') is not null as visible
     from pg_available_extensions where name = 'vector'`,
  )
  if (row === null) return { state: 'unusable', why: 'the PostgreSQL server does not have it' }
  const version = row.installed ?? row.available
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    return { state: 'unusable', why: `version ${version} is older than ${OLDEST.join('.')}` }
  if (row.installed === null) return { state: 'creatable', version }
  return row.visible === 1
    ? { state: 'ready', version }
    : { state: 'unusable', why: 'its schema is not in the search_path' }
}

const lock = (tx: Tx) => tx.run('select pg_advisory_xact_lock(?1)', [LOCK])

/** @throws the driver's error, e.g. where this user may not */
export const createExtension = async (tx: Tx): Promise<void> => {
  await lock(tx)
  await tx.run('create extension if not exists vector')
}

export const createTables = async (tx: Tx): Promise<void> => {
  await lock(tx)
  const row = await tx.get<{ made: number; whole: number }>(
    `select to_regclass('vector_chunk_vectors') is not null as made, exists (select 1 from pg_attribute
       where attrelid = to_regclass('vector_chunk_vectors') and attname = 'embedding' and not attisdropped) as whole`,
  )
  // Asked first: `if not exists` wants the right to create also where there is nothing to do.
  if (row?.whole === 1) return
  // An extension that was dropped took the column along. All of it is copies.
  if (row?.made === 1) await tx.run('drop table vector_chunk_vectors, vector_spaces')
  for (const statement of TABLES) await tx.run(statement)
}

/** The space of a model's vectors of this length, made with its index when it is new. @returns its id */
export const createSpace = async (tx: Tx, model: string, dimensions: number): Promise<number> => {
  await lock(tx)
  await tx.run(
    'insert into vector_spaces (model, dimensions) values (?1, ?2) on conflict (model, dimensions) do nothing',
    [model, dimensions],
  )
  const space = (await findSpace(tx, model, dimensions)) ?? 0
  // Vectors have length 1, so the inner product ranks as the cosine does. Half precision halves the index; the score is of the whole.
  if (dimensions <= MAX_INDEXED) {
    await tx.run(
      `create index if not exists vector_chunk_vectors_space_${space} on vector_chunk_vectors
       using hnsw ((cast(embedding as halfvec(${dimensions}))) halfvec_ip_ops) where space = ${space}`,
    )
  }
  return space
}

/** The spaces of a model, by the length of their vectors. */
export const readSpaces = async (db: Reader, model: string): Promise<Map<number, number>> => {
  const rows = await db.all<{ id: number; dimensions: number }>(
    'select id, dimensions from vector_spaces where model = ?1',
    [model],
  )
  return new Map(rows.map(({ id, dimensions }) => [dimensions, id]))
}

export const findSpace = async (
  db: Reader,
  model: string,
  dimensions: number,
): Promise<number | null> => {
  const row = await db.get<{ id: number }>(
    'select id from vector_spaces where model = ?1 and dimensions = ?2',
    [model, dimensions],
  )
  return row?.id ?? null
}

const toText = (bytes: Uint8Array): string => {
  const numbers = new Float32Array(bytes.byteLength / 4)
  readFloats(bytes, numbers, 0)
  return `[${Array.from(numbers, (number) => number.toPrecision(8)).join(',')}]`
}

type Place = Pick<EntryRecord, 'workspaceId' | 'storeId' | 'entryId'>

/**
 * Copies the vectors of an entry's chunks after a position from `embeddings`.
 * @param spaces by the length of their vectors; vectors of another length are left out
 */
export const copyVectors = async (
  tx: Tx,
  { workspaceId, storeId, entryId }: Place,
  model: string,
  spaces: ReadonlyMap<number, number>,
  from: number,
): Promise<void> => {
  for (let after = from; ;) {
    const page = await readVectors(tx, { workspaceId, entryId, model, after }, PAGE)
    const rows = page.flatMap(({ id, vector }) => {
      const space = spaces.get(vector.byteLength / 4)
      return space === undefined ? [] : [[id, space, toText(vector)] as const]
    })
    if (rows.length > 0) {
      const marks = rows.map(
        (_, i) => `(?1, ?2, ?3, ?${i * 3 + 4}, ?${i * 3 + 5}, cast(?${i * 3 + 6} as vector))`,
      )
      await tx.run(
        `insert into vector_chunk_vectors (workspace_id, store_id, entry_id, chunk_id, space, embedding) values ${marks.join(', ')}
         on conflict (workspace_id, chunk_id, space) do nothing`,
        [workspaceId, storeId, entryId, ...rows.flat()],
      )
    }
    if (page.length < PAGE) return
    after = page.at(-1)?.position ?? after
  }
}

/** The lengths of the vectors an entry's chunks have. */
export const lengthsOf = async (db: Reader, place: Place, model: string): Promise<number[]> => {
  const rows = await db.all<{ bytes: number }>(
    `select distinct length(e.vector) as bytes from vector_chunks c
     join embeddings e on e.workspace_id = c.workspace_id and e.model = ?3 and e.hash = c.hash
     where c.workspace_id = ?1 and c.entry_id = ?2`,
    [place.workspaceId, place.entryId, model],
  )
  return rows.map(({ bytes }) => bytes / 4)
}

/** Completed entries of a store whose vectors are in `embeddings` and not here: made without the extension. */
export const uncopiedEntries = async (
  db: Reader,
  workspaceId: string,
  storeId: string,
  model: string,
): Promise<string[]> => {
  const rows = await db.all<{ entry_id: string }>(
    `select f.entry_id from vector_store_files f
     where f.workspace_id = ?1 and f.store_id = ?2 and f.status = 'completed'
       and not exists (
         select 1 from vector_chunk_vectors v join vector_spaces s on s.id = v.space and s.model = ?3
         where v.workspace_id = f.workspace_id and v.store_id = f.store_id and v.entry_id = f.entry_id)
       and exists (
         select 1 from vector_chunks c join embeddings e on e.workspace_id = c.workspace_id and e.model = ?3 and e.hash = c.hash
         where c.workspace_id = f.workspace_id and c.entry_id = f.entry_id)
     order by f.entry_id`,
    [workspaceId, storeId, model],
  )
  return rows.map((row) => row.entry_id)
}

const inScope = (scope: Scope, space: number, params: SqlValue[]): string => {
  const stores = scope.storeIds.map((id) => `?${params.push(id)}`).join(', ')
  return `v.workspace_id = ?1 and v.space = ${space} and v.store_id in (${stores})
    and exists (select 1 from vector_store_files f where f.workspace_id = v.workspace_id and f.entry_id = v.entry_id
      and ${storesAndFilter(scope, params)})`
}

/** How many vectors a scope holds, counted up to `most`. */
export const countVectors = async (
  db: Reader,
  scope: Scope,
  space: number,
  most: number,
): Promise<number> => {
  const params: SqlValue[] = [scope.workspaceId]
  const where = inScope(scope, space, params)
  const row = await db.get<{ rows: number }>(
    `select count(*) as rows from (select 1 from vector_chunk_vectors v where ${where} limit ?${params.push(most)}) held`,
    params,
  )
  return row?.rows ?? 0
}

/** How many vectors there are in all stores, as ANALYZE found; 0 before it ran. */
export const estimateVectors = async (db: Reader): Promise<number> => {
  const row = await db.get<{ rows: number }>(
    "select cast(reltuples as bigint) as rows from pg_class where oid = cast('vector_chunk_vectors' as regclass)",
  )
  return Math.max(0, row?.rows ?? 0)
}

/** The nearest of a scope by looking at each of its vectors, best first. */
export const scanVectors = async (
  db: Reader,
  scope: Scope,
  space: number,
  query: Uint8Array,
  limit: number,
): Promise<Hit[]> => {
  const params: SqlValue[] = [scope.workspaceId, toText(query)]
  // No index is made of the bare column: this order can only be had by looking.
  return db.all<{ id: number; score: number }>(
    `select v.chunk_id as id, -(v.embedding <#> cast(?2 as vector)) as score from vector_chunk_vectors v
     where ${inScope(scope, space, params)} order by v.embedding <#> cast(?2 as vector), v.chunk_id limit ?${params.push(limit)}`,
    params,
  )
}

export interface IndexSearch {
  space: number
  dimensions: number
  /** Vectors the index may look at, at most. */
  maxTuples: number
}

/** The nearest of a scope by the space's HNSW index, best first: nearly all of them, and fewer than `limit` when `maxTuples` is too low. */
export const searchIndex = async (
  tx: Tx,
  scope: Scope,
  { space, dimensions, maxTuples }: IndexSearch,
  query: Uint8Array,
  limit: number,
): Promise<Hit[]> => {
  await tx.run(`set local hnsw.iterative_scan = 'relaxed_order'`)
  await tx.run(`set local hnsw.ef_search = ${limit * 4}`)
  await tx.run(`set local hnsw.max_scan_tuples = ${maxTuples}`)
  await tx.run(`set local hnsw.scan_mem_multiplier = 4`)
  // Nothing else could give this order without a sort of everything.
  await tx.run('set local enable_seqscan = off')
  await tx.run('set local enable_sort = off')
  const params: SqlValue[] = [scope.workspaceId, toText(query)]
  const rows = await tx.all<{ id: number; score: number }>(
    `select v.chunk_id as id, -(v.embedding <#> cast(?2 as vector)) as score from vector_chunk_vectors v
     where ${inScope(scope, space, params)}
     order by cast(v.embedding as halfvec(${dimensions})) <#> cast(cast(?2 as vector) as halfvec(${dimensions})) limit ?${params.push(limit)}`,
    params,
  )
  return rows.toSorted((a, b) => b.score - a.score || a.id - b.id)
}

export const canIndex = (dimensions: number): boolean => dimensions <= MAX_INDEXED
