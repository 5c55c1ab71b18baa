/** Holds vectors and finds the nearest by looking at each: exact, and away from the server's event loop. */
import { parentPort } from 'node:worker_threads'
import { VectorMatrix } from './vector-matrix.ts'
import type { Hit, ToWorker } from './vector-protocol.ts'

/** A store's vectors, by their length: a model that was changed leaves vectors of another. */
const stores = new Map<string, Map<number, VectorMatrix>>()

const put = (message: Extract<ToWorker, { type: 'put' }>): void => {
  const { store, entry, ids, vectors } = message
  if (ids.length === 0) return
  const dimensions = vectors.length / ids.length
  const matrices = stores.get(store) ?? new Map<number, VectorMatrix>()
  stores.set(store, matrices)
  const matrix = matrices.get(dimensions) ?? new VectorMatrix(dimensions)
  matrices.set(dimensions, matrix)
  matrix.add(entry, ids, vectors)
}

/** Keeps the best `limit`, best first. */
const keep = (hits: Hit[], hit: Hit, limit: number): void => {
  let at = hits.length
  while (at > 0 && hits[at - 1]!.score < hit.score) at -= 1
  hits.splice(at, 0, hit)
  if (hits.length > limit) hits.pop()
}

const scan = (message: Extract<ToWorker, { type: 'search' }>): Hit[] => {
  const { query, limit } = message
  const allowed = message.entries === null ? null : new Set(message.entries)
  const hits: Hit[] = []
  let worst = -Infinity
  for (const store of message.stores) {
    stores
      .get(store)
      ?.get(query.length)
      ?.scan(query, allowed, (id, score) => {
        if (score <= worst) return
        keep(hits, { id, score }, limit)
        if (hits.length === limit) worst = hits.at(-1)!.score
      })
  }
  return hits
}

parentPort?.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'put':
      put(message)
      return
    case 'drop': {
      const entries = new Set(message.entries)
      for (const matrix of stores.get(message.store)?.values() ?? []) matrix.drop(entries)
      return
    }
    case 'drop store':
      stores.delete(message.store)
      return
    case 'search':
      parentPort?.postMessage({ id: message.id, hits: scan(message) })
  }
})
