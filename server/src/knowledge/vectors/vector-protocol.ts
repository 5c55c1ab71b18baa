export interface Hit {
  /** Of the chunk. */
  id: number
  /** Cosine, -1 to 1. */
  score: number
}

export type ToWorker =
  | { type: 'put'; store: string; entry: string; ids: Float64Array; vectors: Float32Array }
  | { type: 'drop'; store: string; entries: readonly string[] }
  | { type: 'drop store'; store: string }
  | {
      type: 'search'
      id: number
      stores: readonly string[]
      /** Only these; null for all. */
      entries: readonly string[] | null
      query: Float32Array
      limit: number
    }

export interface FromWorker {
  id: number
  hits: Hit[]
}
