import type { Config } from '../config/config.ts'
import type { SearchStore } from '../features/plugins/search-kind.ts'
import { createKnowledge } from '../features/vector-stores/search.ts'
import type { StoreWriter } from '../features/vector-stores/service.ts'
import { createEmbedder } from '../knowledge/embeddings/embedder.ts'
import { VectorIndex } from '../knowledge/vectors/vector-index.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { Store } from '../platform/store/store.ts'

/** Search in a vector store for one trial of a plugin: what it needs is opened for each search, and closed again. */
export const createStoreSearch =
  (deps: {
    config: Config
    store: Store
    clock: Clock
    log: Logger
    stores: Pick<StoreWriter, 'getLive'>
  }): SearchStore =>
  async (owner, id, { query, max_num_results: maxResults }) => {
    const { config, store, clock, log, stores } = deps
    const record = await stores.getLive(store, owner, id)
    const { embeddings } = config.knowledge
    const embedder = embeddings === null ? null : createEmbedder(embeddings)
    await using vectors = new VectorIndex()
    const knowledge = createKnowledge({ store, clock, log, embedder, vectors })
    const { workspaceId } = record
    const passages = await knowledge.search({
      workspaceId,
      storeIds: [id],
      query,
      maxResults,
      scoreThreshold: 0,
    })
    return { passages }
  }
