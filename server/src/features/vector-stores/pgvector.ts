import { toBytes } from '../../knowledge/vectors/vector-bytes.ts'
import type { Hit } from '../../knowledge/vectors/vector-protocol.ts'
import type { Logger } from '../../platform/log.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import { completedMark, type Scope } from './chunk-store.ts'
import type { EntryRecord } from './entry-store.ts'
import {
  canIndex,
  copyVectors,
  countVectors,
  createExtension,
  createSpace,
  createTables,
  estimateVectors,
  findExtension,
  findSpace,
  lengthsOf,
  readSpaces,
  scanVectors,
  searchIndex,
  uncopiedEntries,
} from './pgvector-store.ts'

/**
 * So many vectors are looked at one by one: exact, and as quick as the index. Measured on PGlite with 20,000 of 128 numbers, 100 wanted:
 * looking takes 4 ms for 5,600 and 17 ms for 20,000; the index 5 ms where the stores hold most vectors, 27 ms where they hold 2 %.
 */
const SCAN_ROWS = 5_000
/** The index meets other stores' vectors too: it looks at this many for each that is wanted, times the share of the stores in all. */
const TUPLES_PER_HIT = 4
const MIN_TUPLES = 20_000
/** Above it looking at the stores' own vectors is the better choice. */
const MAX_TUPLES = 200_000

export interface PgvectorDeps {
  store: Store
  log: Logger
  /** Of the embeddings. */
  model: string
}

/**
 * Makes the extension ready where the server has it and this user may create it. Gives null, and the log the reason, where it is of no use:
 * vectors are then searched in a worker thread.
 */
export const openPgvector = async (deps: PgvectorDeps): Promise<Pgvector | null> => {
  const { store, log } = deps
  if (store.engine !== 'postgres') return null
  try {
    if ((await findExtension(store)).state === 'creatable')
      await store.write('pgvector.create-extension', createExtension)
    const found = await findExtension(store)
    if (found.state !== 'ready') {
      const why = found.state === 'unusable' ? found.why : 'it could not be created'
      log.info({ why }, 'pgvector is not used; vectors are searched in a worker thread')
      return null
    }
    await store.write('pgvector.create-tables', createTables)
    log.info({ version: found.version }, 'vectors are searched by pgvector')
    return new Pgvector(deps, await readSpaces(store, deps.model))
  } catch (error) {
    log.warn({ err: error }, 'pgvector cannot be used; vectors are searched in a worker thread')
    return null
  }
}

/** Vectors kept and searched in the database. */
export class Pgvector implements AsyncDisposable {
  readonly #deps: PgvectorDeps
  /** By the length of their vectors. */
  readonly #spaces: Map<number, number>
  /** Stores whose completed entries all have their vectors here, by the mark they had then. */
  readonly #complete = new Map<string, string>()
  readonly #copying = new Map<string, Promise<void>>()
  #closing = false

  /** @param spaces of the model, by the length of their vectors */
  constructor(deps: PgvectorDeps, spaces: Map<number, number>) {
    this.#deps = deps
    this.#spaces = spaces
  }

  /** Ready to take vectors of this length. Before the unit that writes them, since it makes an index. */
  async prepare(dimensions: number): Promise<void> {
    if (this.#spaces.has(dimensions)) return
    const { store, model } = this.#deps
    const space = await store.write('pgvector.create-space', (tx) =>
      createSpace(tx, model, dimensions),
    )
    this.#spaces.set(dimensions, space)
  }

  /** Writes the vectors of chunks after a position, in the unit that wrote them. */
  write(tx: Tx, entry: EntryRecord, after: number): Promise<void> {
    return copyVectors(tx, entry, this.#deps.model, this.#spaces, after)
  }

  /** The nearest chunks, best first; null while vectors that were made before are still copied here. */
  async search(scope: Scope, question: readonly number[], limit: number): Promise<Hit[] | null> {
    const complete = await Promise.all(
      scope.storeIds.map((id) => this.#isComplete(scope.workspaceId, id)),
    )
    if (complete.includes(false)) return null
    const { store, model } = this.#deps
    const dimensions = question.length
    const space = this.#spaces.get(dimensions) ?? (await findSpace(store, model, dimensions))
    if (space === null) return []
    this.#spaces.set(dimensions, space)
    const query = toBytes(question)
    const maxTuples = canIndex(dimensions) ? await this.#tuples(scope, space, limit) : null
    if (maxTuples !== null) {
      const hits = await store.write('pgvector.search', (tx) =>
        searchIndex(tx, scope, { space, dimensions, maxTuples }, query, limit),
      )
      if (hits.length === limit) return hits
    }
    return scanVectors(store, scope, space, query, limit)
  }

  /** Stops the copying where it is; the next start goes on with it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true
    await Promise.all(this.#copying.values())
  }

  /** How many vectors the index may look at; null when the scope is better looked at one by one. */
  async #tuples(scope: Scope, space: number, limit: number): Promise<number | null> {
    const { store } = this.#deps
    const held = await countVectors(store, scope, space, SCAN_ROWS + 1)
    if (held <= SCAN_ROWS) return null
    const all = await estimateVectors(store)
    // What is not counted further is at least this; a share that is too small is noticed by too few hits.
    const tuples = Math.max(MIN_TUPLES, Math.ceil((TUPLES_PER_HIT * limit * all) / held))
    return Math.min(tuples, MAX_TUPLES)
  }

  async #isComplete(workspaceId: string, storeId: string): Promise<boolean> {
    const { store, model } = this.#deps
    if (this.#copying.has(storeId)) return false
    const mark = await completedMark(store, workspaceId, storeId)
    if (this.#complete.get(storeId) === mark) return true
    const missing = await uncopiedEntries(store, workspaceId, storeId, model)
    if (missing.length === 0) {
      this.#complete.set(storeId, mark)
      return true
    }
    if (!this.#copying.has(storeId) && !this.#closing) {
      const copying = this.#copy(workspaceId, storeId, missing)
      this.#copying.set(storeId, copying)
    }
    return false
  }

  /** Never rejects: what is not copied is found by the worker thread, and copied after the next question. */
  async #copy(workspaceId: string, storeId: string, entries: readonly string[]): Promise<void> {
    const { store, log, model } = this.#deps
    try {
      for (const entryId of entries) {
        if (this.#closing) return
        const place = { workspaceId, storeId, entryId }
        for (const length of await lengthsOf(store, place, model)) await this.prepare(length)
        await store.write('pgvector.copy', (tx) => copyVectors(tx, place, model, this.#spaces, -1))
      }
      log.info({ storeId, count: entries.length }, 'vectors of files were copied to pgvector')
    } catch (error) {
      log.warn({ err: error, storeId }, 'vectors could not be copied to pgvector')
    } finally {
      this.#copying.delete(storeId)
    }
  }
}
