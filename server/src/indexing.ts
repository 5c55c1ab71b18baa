import type { Config } from './config/config.ts'
import type { ModelsConfig } from './config/models-settings.ts'
import type { FileService } from './features/files/service.ts'
import { meteredModel, type MeterDeps } from './features/passthrough/meter.ts'
import { createToolResources } from './features/tool-resources/service.ts'
import { indexEntry } from './features/vector-stores/index-entry.ts'
import { Indexer } from './features/vector-stores/indexer.ts'
import { openPgvector } from './features/vector-stores/pgvector.ts'
import { createKnowledge } from './features/vector-stores/search.ts'
import { createVectorStoreService } from './features/vector-stores/service.ts'
import { createEmbedder } from './knowledge/embeddings/embedder.ts'
import { Extractor } from './knowledge/extract/extractor.ts'
import { VectorIndex } from './knowledge/vectors/vector-index.ts'
import type { ModelRegistry } from './models/language-model.ts'
import { rewriteQuestions } from './models/rewrite-questions.ts'
import type { Owner } from './platform/principal.ts'

export interface IndexingDeps extends MeterDeps {
  config: Config
  modelsConfig: ModelsConfig
  models: ModelRegistry
  files: FileService
}

/** Builds what makes files searchable, for context.ts. What lives is closed with the stack. */
export const createIndexing = async (stack: AsyncDisposableStack, deps: IndexingDeps) => {
  const { config, store, clock, log, files } = deps
  const { leaseMs, pollMs } = config.runs
  const { embeddings, workers } = config.knowledge
  const embedder = embeddings === null ? null : createEmbedder(embeddings)
  const vectors = stack.use(new VectorIndex())
  const pgvector = stack.use(
    embedder === null ? null : await openPgvector({ store, log, model: embedder.model }),
  )
  const extractor = stack.use(new Extractor({ processes: workers }))
  const indexing = { store, clock, log, files, extractor, embedder, pgvector }
  const indexer = stack.use(
    new Indexer({
      store,
      clock,
      log,
      leaseMs,
      pollMs,
      concurrency: workers,
      work: (entry, signal) => indexEntry(indexing, entry, signal),
    }),
  )
  const knowledge = createKnowledge({ store, clock, log, embedder, vectors, pgvector })
  const rewrite = createRewrite(deps, deps.models, deps.modelsConfig)
  const vectorStores = createVectorStoreService({
    store,
    clock,
    files,
    indexer,
    knowledge,
    rewrite,
  })
  const toolResources = createToolResources({
    clock,
    files,
    stores: vectorStores,
    announce: vectorStores.announce,
  })
  return { embedder, indexer, knowledge, vectorStores, toolResources }
}

/** By the default model; null for the demo model, which would answer the question instead. */
const createRewrite = (meter: MeterDeps, models: ModelRegistry, config: ModelsConfig) => {
  if (config.kind === 'demo') return null
  const name = config.default
  return async (owner: Owner, questions: readonly string[]): Promise<readonly string[]> => {
    const found = models.find(name)
    if (found === null) return questions
    const model = meteredModel(meter, { model: found, name, owner })
    return rewriteQuestions({ model, name, log: meter.log }, questions)
  }
}
