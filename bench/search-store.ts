/** Program: a store of many chunks, searched as a run searches it, and by the bare statement and the bare scan. */
import path from 'node:path'
import { createKnowledge } from '../server/src/features/vector-stores/search.ts'
import { insertChunks, type NewChunk } from '../server/src/features/vector-stores/chunk-store.ts'
import { insertEmbeddings } from '../server/src/features/vector-stores/embedding-store.ts'
import {
  insertEntries,
  type EntryRecord,
} from '../server/src/features/vector-stores/entry-store.ts'
import { completeEntry } from '../server/src/features/vector-stores/job-store.ts'
import { insertStore } from '../server/src/features/vector-stores/store.ts'
import { TermFrequency } from '../server/src/features/vector-stores/term-frequency.ts'
import { indexTerms, queryTerms } from '../server/src/knowledge/bigrams.ts'
import { toBytes, readFloats } from '../server/src/knowledge/vectors/vector-bytes.ts'
import { VectorIndex } from '../server/src/knowledge/vectors/vector-index.ts'
import { VectorMatrix } from '../server/src/knowledge/vectors/vector-matrix.ts'
import { systemClock } from '../server/src/platform/clock.ts'
import { createLog } from '../server/src/platform/log.ts'
import { openStore } from '../server/src/platform/store/open-store.ts'
import { argument, doJobs } from './jobs.ts'
import { createMixedText } from './mixed-text.ts'

export interface SearchSetup {
  folder: string
  dimensions: number
}

export type SearchKind = 'text' | 'vectors' | 'joined' | 'bare statement' | 'bare scan'

export interface FillJob {
  kind: 'fill'
  /** Chunks that are there, and that are to be there then. */
  from: number
  to: number
}

export interface SearchJob {
  kind: SearchKind
  /** Which of the questions, from 0 on; the same number is the same question. */
  from: number
  count: number
}

const CHUNKS_PER_FILE = 100
const FILES_PER_COMMIT = 10
const CHUNK_TOKENS = 400
const FOUND = 10
const QUESTIONS = 500
const WORKSPACE = 'ws_bench'
const STORE = 'vs_bench'
const OWNER = 'person_bench'
const MODEL = 'bench'

const { folder, dimensions } = argument<SearchSetup>()
const file = path.join(folder, 'melzi.db')
const store = await openStore({ kind: 'sqlite', file }, { migrate: true, exclusive: true })

const text = createMixedText(1)
const matrix = new VectorMatrix(dimensions)
/** Pieces of texts that are in the store. */
const questions: string[] = []

await store.write('bench.owner', async (tx) => {
  await tx.run("insert into workspaces (id, name, created_at) values (?1, 'Bench', 1)", [WORKSPACE])
  await tx.run("insert into people (id, name, email, created_at) values (?1, 'Bench', null, 1)", [
    OWNER,
  ])
  await insertStore(tx, {
    workspaceId: WORKSPACE,
    id: STORE,
    ownerId: OWNER,
    madeBy: null,
    createdAt: 1,
    name: null,
    description: null,
    metadata: {},
    expiresAfterDays: null,
    lastActiveAt: 1,
  })
})

const question = (paragraph: string): string => {
  const start = Math.floor((text.random() * paragraph.length) / 2)
  const isLatin = paragraph.charCodeAt(0) < 0x80
  return paragraph.slice(start, start + (isLatin ? 60 : 20))
}

const fill = async ({ from, to }: FillJob): Promise<void> => {
  for (let first = from; first < to; first += CHUNKS_PER_FILE * FILES_PER_COMMIT) {
    await store.write('bench.files', async (tx) => {
      for (let at = first; at < Math.min(to, first + CHUNKS_PER_FILE * FILES_PER_COMMIT);) {
        const entry: EntryRecord = {
          workspaceId: WORKSPACE,
          storeId: STORE,
          fileId: `file-${at}`,
          entryId: `vsf_${at}`,
          batchId: null,
          createdAt: 1,
          filename: `${at}.txt`,
          status: 'in_progress',
          lastError: null,
          attributes: {},
          maxTokens: 800,
          overlapTokens: 400,
          usageBytes: 1,
          attempt: 1,
          tries: 0,
        }
        await tx.run(
          "insert into files (workspace_id, id, owner_id, created_at, purpose, filename, bytes) values (?1, ?2, ?3, 1, 'assistants', 'a', 1)",
          [WORKSPACE, entry.fileId, OWNER],
        )
        await insertEntries(tx, [entry], 1)
        const count = Math.min(CHUNKS_PER_FILE, to - at)
        const chunks: NewChunk[] = []
        const vectors = new Map<string, Uint8Array>()
        for (let position = 0; position < count; position += 1) {
          const body = text.paragraph(CHUNK_TOKENS)
          const hash = `${at + position}`
          chunks.push({
            text: body,
            terms: indexTerms(body).join(' '),
            start: 0,
            tokens: CHUNK_TOKENS,
            position,
            hash,
          })
          const bytes = toBytes(text.vector(dimensions))
          vectors.set(hash, bytes)
          const numbers = new Float32Array(dimensions)
          readFloats(bytes, numbers, 0)
          matrix.add(entry.entryId, Float64Array.of(at + position + 1), numbers)
          if (questions.length < QUESTIONS && position % 50 === 0) questions.push(question(body))
        }
        await insertEmbeddings(tx, WORKSPACE, MODEL, vectors, 1)
        await insertChunks(tx, entry, chunks)
        await completeEntry(tx, entry, 1, 1)
        at += count
      }
    })
  }
}

/** Which question is asked. */
let place = 0
const asked = Array.from({ length: QUESTIONS }, () => text.vector(dimensions))
const vectors = new VectorIndex()
const knowledge = createKnowledge({
  store,
  clock: systemClock,
  log: createLog('warn'),
  // What a provider takes is its own affair.
  embedder: {
    model: MODEL,
    embed: async (texts) => texts.map(() => asked[place] ?? []),
  },
  vectors,
})
const frequency = new TermFrequency(systemClock)

const bareStatement = async (query: string): Promise<void> => {
  const { telling } = await frequency.selective(store, queryTerms(query))
  const match = `(store : ("bench")) AND (terms : (${telling.map(({ term }) => `"${term}"`).join(' OR ')}))`
  await store.all(
    `select rowid as id from vector_chunk_terms where vector_chunk_terms match ?1 order by bm25(vector_chunk_terms, 0.0, 1.0) limit ?2`,
    [match, FOUND],
  )
}

const bareScan = (vector: readonly number[]): void => {
  const query = new Float32Array(dimensions)
  readFloats(toBytes(vector), query, 0)
  let best = -Infinity
  matrix.scan(query, null, (_, score) => {
    if (score > best) best = score
  })
}

const search = async (kind: SearchKind, index: number): Promise<void> => {
  place = index % questions.length
  const query = questions[place] ?? ''
  const vector = asked[place] ?? []
  const scope = { workspaceId: WORKSPACE, storeIds: [STORE], maxResults: FOUND, scoreThreshold: 0 }
  if (kind === 'bare statement') return bareStatement(query)
  if (kind === 'bare scan') return bareScan(vector)
  // A question without a letter has no terms.
  const words = kind === 'vectors' ? '?' : query
  const found = await knowledge.search({ ...scope, query: words, textOnly: kind === 'text' })
  if (found.length === 0) throw new Error(`nothing was found for '${words}'`)
}

/** @returns the time of each search in ms */
const work = async (job: SearchJob | FillJob): Promise<number[]> => {
  if (job.kind === 'fill') {
    await fill(job)
    return []
  }
  const { kind, from, count } = job
  const times: number[] = []
  for (let i = from; i < from + count; i += 1) {
    const start = performance.now()
    await search(kind, i)
    times.push(performance.now() - start)
  }
  return times
}

doJobs(null, work)
