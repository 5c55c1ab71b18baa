import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FileBatchObject } from '@melzi/contract/vector-store-file.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { createKnowledge, type SearchQuery } from '../server/src/features/vector-stores/search.ts'
import { createEmbedder, type Embedder } from '../server/src/knowledge/embeddings/embedder.ts'
import { VectorIndex } from '../server/src/knowledge/vectors/vector-index.ts'
import { systemClock } from '../server/src/platform/clock.ts'
import { createLog } from '../server/src/platform/log.ts'
import { openStore } from '../server/src/platform/store/open-store.ts'
import { bootServer } from '../server/tests/support/boot.ts'
import { Api } from '../server/tests/support/factories.ts'
import type { MiniLmServer } from '../server/tests/support/minilm-server.ts'
import { usePostgres } from '../server/tests/support/postgres.ts'
import { ASSISTANTS, found } from '../server/tests/support/vector-stores.ts'
import type { RankedPassage } from './ranking-quality.ts'
import type { SearchSet } from './search-set.ts'

/** The search set in vector stores of the booted program, to be asked questions. */

export const ENGINES = ['sqlite', 'postgres'] as const
export type Engine = (typeof ENGINES)[number]

/** How the documents are cut: as the wire does by itself, and finer. */
export const CHUNKINGS = [
  { name: '800 tokens, 400 repeated', chunking: { maxTokens: 800, overlapTokens: 400 } },
  { name: '200 tokens, 50 repeated', chunking: { maxTokens: 200, overlapTokens: 50 } },
] as const

export type Asked = Pick<SearchQuery, 'textOnly' | 'weights'>

export interface FilledStores extends AsyncDisposable {
  /** Asks the server. @param cut the place of a chunking in CHUNKINGS */
  ask(cut: number, question: string, ranker: 'none' | 'auto'): Promise<RankedPassage[]>
  /** Asks the same search in this process on the same database, in ways for which the wire has no word. */
  askWithin(cut: number, question: string, asked: Asked): Promise<RankedPassage[]>
}

const MAX_RESULTS = 10
const INDEX_TIMEOUT_MS = 600_000

const fill = async (api: Api, set: SearchSet, cut: (typeof CHUNKINGS)[number]): Promise<string> => {
  const store = await api.post<VectorStoreObject>('/vector_stores', { name: cut.name })
  const files: string[] = []
  for (const { name, text } of set.documents)
    files.push((await api.file(text, path.basename(name), ASSISTANTS)).id)
  const { maxTokens, overlapTokens } = cut.chunking
  const batch = await api.post<FileBatchObject>(`/vector_stores/${store.id}/file_batches`, {
    file_ids: files,
    chunking_strategy: {
      type: 'static',
      static: { max_chunk_size_tokens: maxTokens, chunk_overlap_tokens: overlapTokens },
    },
  })
  for (const until = Date.now() + INDEX_TIMEOUT_MS; ; await sleep(200)) {
    const at = `/vector_stores/${store.id}/file_batches/${batch.id}`
    const { status, file_counts: counts } = await api.get<FileBatchObject>(at)
    if (status === 'completed' && counts.completed === files.length) return store.id
    if (status !== 'in_progress' || Date.now() > until)
      throw new Error(`not all documents were indexed: ${status} ${JSON.stringify(counts)}`)
  }
}

/** Embeds every question once, however often it is asked. */
const remembering = (embedder: Embedder): Embedder => {
  const known = new Map<string, Promise<number[][]>>()
  return {
    model: embedder.model,
    embed(texts, signal) {
      const key = JSON.stringify(texts)
      const vectors = known.get(key) ?? embedder.embed(texts, signal)
      known.set(key, vectors)
      return vectors
    },
  }
}

/**
 * Boots the program on an empty database and puts the set into one store for each chunking, through the wire.
 * @param model null for full text alone
 * @throws Error when a document is not indexed within ten minutes
 */
export const fillStores = async (
  engine: Engine,
  set: SearchSet,
  model: MiniLmServer | null,
  cuts: readonly (typeof CHUNKINGS)[number][] = CHUNKINGS,
): Promise<FilledStores> => {
  await using resources = new AsyncDisposableStack()
  const database =
    engine === 'postgres'
      ? resources.use(await resources.use(await usePostgres()).createDatabase())
      : null
  const server = resources.use(
    await bootServer({
      env: {
        ...(database === null ? {} : { DATABASE_URL: database.url }),
        ...(model === null
          ? {}
          : { MELZI_EMBEDDINGS_BASE_URL: model.url, MELZI_EMBEDDINGS_MODEL: model.model }),
      },
    }),
  )
  const api = new Api(server)
  const ids: string[] = []
  for (const cut of cuts) ids.push(await fill(api, set, cut))

  const store = resources.use(
    await openStore(
      database === null
        ? { kind: 'sqlite', file: path.join(server.dataDir, 'melzi.db') }
        : { kind: 'postgres', url: database.url, poolSize: 2 },
      { migrate: false, exclusive: false },
    ),
  )
  const owner = await store.get<{ workspace_id: string }>(
    'select workspace_id from vector_stores where id = ?1',
    [ids[0] ?? ''],
  )
  const workspaceId = owner?.workspace_id ?? ''
  const knowledge = createKnowledge({
    store,
    clock: systemClock,
    log: createLog('warn'),
    embedder:
      model === null
        ? null
        : remembering(createEmbedder({ baseUrl: model.url, apiKey: null, model: model.model })),
    vectors: resources.use(new VectorIndex()),
  })
  const owned = resources.move()
  return {
    async ask(cut, question, ranker) {
      const options = { max_num_results: MAX_RESULTS, ranking_options: { ranker } }
      const results = await found(api, ids[cut] ?? '', question, options)
      return results.map(({ filename, content }) => ({ filename, text: content[0]?.text ?? '' }))
    },
    askWithin: (cut, question, asked) =>
      knowledge.search({
        workspaceId,
        storeIds: [ids[cut] ?? ''],
        query: question,
        maxResults: MAX_RESULTS,
        scoreThreshold: 0,
        ...asked,
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
