import { Worker } from 'node:worker_threads'
import type { FromWorker, Hit, ToWorker } from './vector-protocol.ts'

/** An entry's vectors, one after another, with the chunks they belong to. */
export interface VectorBlock {
  ids: Float64Array
  vectors: Float32Array
}

/** Where a store's vectors come from. */
export interface VectorSource {
  /** Of the store, in the whole server. */
  key: string
  /** Changes whenever the store's entries do. */
  mark: string
  entries(): Promise<readonly string[]>
  load(entry: string): Promise<VectorBlock>
}

interface Loaded {
  mark: string
  bytes: Map<string, number>
  lastUsed: number
}

/** What vectors may fill, in bytes: 170,000 of 768 numbers. The stores that were not asked for longest go first. */
const MAX_BYTES = 512 * 1024 * 1024

const total = (loaded: Loaded): number => [...loaded.bytes.values()].reduce((a, b) => a + b, 0)

/** Exact nearest neighbours in a worker thread, over stores that are loaded when they are first asked for and kept in step. */
export class VectorIndex implements AsyncDisposable {
  readonly #maxBytes: number
  readonly #stores = new Map<string, Loaded>()
  readonly #loading = new Map<string, Promise<void>>()
  readonly #asked = new Map<number, PromiseWithResolvers<Hit[]>>()
  #worker: Worker | null = null
  #count = 0

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes
  }

  /**
   * The chunks nearest to a question, best first.
   * @param entries only these, or null for all
   */
  async search(
    sources: readonly VectorSource[],
    entries: readonly string[] | null,
    query: Float32Array,
    limit: number,
  ): Promise<Hit[]> {
    for (const source of sources) await this.#bringUp(source)
    this.#count += 1
    const id = this.#count
    const answer = Promise.withResolvers<Hit[]>()
    this.#asked.set(id, answer)
    const stores = sources.map(({ key }) => key)
    this.#post({ type: 'search', id, stores, entries, query, limit })
    return answer.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
    this.#fail(new Error('the vector index is closed'))
  }

  /** One at a time for each store: a second question waits for the first one's loading. */
  async #bringUp(source: VectorSource): Promise<void> {
    while (this.#loading.has(source.key)) await this.#loading.get(source.key)
    const known = this.#stores.get(source.key)
    if (known?.mark === source.mark) {
      known.lastUsed = this.#count
      return
    }
    const loading = this.#load(source).finally(() => this.#loading.delete(source.key))
    this.#loading.set(source.key, loading)
    await loading
  }

  async #load(source: VectorSource): Promise<void> {
    const { key, mark } = source
    const loaded: Loaded = this.#stores.get(key) ?? { mark: '', bytes: new Map(), lastUsed: 0 }
    this.#stores.set(key, loaded)
    loaded.lastUsed = this.#count
    const present = new Set(await source.entries())
    const gone = [...loaded.bytes.keys()].filter((entry) => !present.has(entry))
    for (const entry of gone) loaded.bytes.delete(entry)
    if (gone.length > 0) this.#post({ type: 'drop', store: key, entries: gone })
    for (const entry of present) {
      if (loaded.bytes.has(entry)) continue
      const { ids, vectors } = await source.load(entry)
      loaded.bytes.set(entry, vectors.byteLength + ids.byteLength)
      this.#post({ type: 'put', store: key, entry, ids, vectors }, [
        ids.buffer as ArrayBuffer,
        vectors.buffer as ArrayBuffer,
      ])
    }
    loaded.mark = mark
    this.#makeRoom(key)
  }

  #makeRoom(keep: string): void {
    const others = [...this.#stores]
      .filter(([key]) => key !== keep && !this.#loading.has(key))
      .sort(([, a], [, b]) => a.lastUsed - b.lastUsed)
    let bytes = [...this.#stores.values()].reduce((sum, loaded) => sum + total(loaded), 0)
    for (const [key, loaded] of others) {
      if (bytes <= this.#maxBytes) return
      bytes -= total(loaded)
      this.#stores.delete(key)
      this.#post({ type: 'drop store', store: key })
    }
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker ??= this.#start()
    this.#worker.postMessage(message, transfer)
  }

  #start(): Worker {
    const worker = new Worker(new URL('vector-worker.ts', import.meta.url), {
      env: {},
      // Vectors lie outside the heap, and little else is made there.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    worker.unref()
    worker.on('message', ({ id, hits }: FromWorker) => {
      this.#asked.get(id)?.resolve(hits)
      this.#asked.delete(id)
    })
    worker.on('error', (error) => {
      // What it held is lost; the next question starts another and loads anew.
      if (this.#worker === worker) this.#worker = null
      this.#stores.clear()
      this.#fail(error)
    })
    return worker
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#asked.values()) reject(error)
    this.#asked.clear()
  }
}
