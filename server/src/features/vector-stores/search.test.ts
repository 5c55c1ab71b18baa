import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { entryRecord, insertFileRow, storeRecord } from '../../../tests/support/store-rows.ts'
import { openFeatureStore, type FeatureStore } from '../../../tests/support/feature-store.ts'
import { indexTerms } from '../../knowledge/bigrams.ts'
import { EmbeddingError } from '../../knowledge/embeddings/embedder.ts'
import { toBytes } from '../../knowledge/vectors/vector-bytes.ts'
import { VectorIndex } from '../../knowledge/vectors/vector-index.ts'
import { systemClock } from '../../platform/clock.ts'
import { createLog } from '../../platform/log.ts'
import { insertChunks } from './chunk-store.ts'
import { insertEmbeddings } from './embedding-store.ts'
import { insertEntries, type EntryRecord } from './entry-store.ts'
import { completeEntry } from './job-store.ts'
import { createKnowledge, type SearchQuery } from './search.ts'
import { insertStore } from './store.ts'

const MODEL = 'scripted'
/** The question's words stand in the first; the question's vector is that of the second. */
const CHUNKS = [
  { text: 'the word itself', vector: [0, 1] },
  { text: 'what it means', vector: [1, 0] },
]

describe('weights of the rankings', () => {
  let house: FeatureStore
  let entry: EntryRecord
  let vectors: VectorIndex
  let embeds: boolean | 'never' = true

  before(async () => {
    house = await openFeatureStore()
    vectors = new VectorIndex()
    const owner = await house.person()
    const { workspaceId } = owner
    const record = storeRecord(owner)
    entry = entryRecord(owner, record.id)
    await house.store.write('test.entry', async (tx) => {
      await insertStore(tx, record)
      await insertFileRow(tx, owner, entry.fileId)
      await insertEntries(tx, [entry], 1)
      const chunks = CHUNKS.map(({ text }, position) => {
        return {
          text,
          terms: indexTerms(text).join(' '),
          start: 0,
          tokens: 3,
          position,
          hash: `${position}`,
        }
      })
      const known = new Map(CHUNKS.map(({ vector }, hash) => [`${hash}`, toBytes(vector)]))
      await insertEmbeddings(tx, workspaceId, MODEL, known, 1)
      await insertChunks(tx, entry, chunks)
      await completeEntry(tx, entry, 1, 1)
    })
  })
  after(async () => {
    await vectors[Symbol.asyncDispose]()
    await house[Symbol.asyncDispose]()
  })

  const search = async (weights: SearchQuery['weights'], signal?: AbortSignal) => {
    const knowledge = createKnowledge({
      store: house.store,
      clock: systemClock,
      log: createLog('silent'),
      embedder: {
        model: MODEL,
        embed: async (texts, given) => {
          if (embeds === 'never') await sleep(60_000, undefined, { signal: given })
          if (!embeds) throw new EmbeddingError('down', false)
          return texts.map(() => [1, 0])
        },
      },
      vectors,
      questionWaitMs: 100,
    })
    const passages = await knowledge.search({
      workspaceId: entry.workspaceId,
      storeIds: [entry.storeId],
      query: 'word',
      maxResults: 5,
      scoreThreshold: 0,
      ...(weights === undefined ? {} : { weights }),
      ...(signal === undefined ? {} : { signal }),
    })
    return passages.map(({ text }) => text)
  }
  const [word, meaning] = CHUNKS.map(({ text }) => text)

  it('say which ranking goes first', async () => {
    // The vectors rank both, the text only one, which therefore has two places to count.
    assert.deepEqual(await search(undefined), [word, meaning])
    assert.deepEqual(await search({ text: 1, embedding: 4 }), [meaning, word])
    assert.deepEqual(await search({ text: 4, embedding: 1 }), [word, meaning])
  })

  it('leave a ranking out when they are 0', async () => {
    assert.deepEqual(await search({ text: 1, embedding: 0 }), [word])
    assert.deepEqual(await search({ text: 0, embedding: 1 }), [meaning, word])
  })

  it('do not silence the text when there are no vectors', async () => {
    embeds = false
    assert.deepEqual(await search({ text: 0, embedding: 1 }), [word])
    embeds = true
  })

  it('do not wait for a provider that does not answer', async () => {
    embeds = 'never'
    assert.deepEqual(await search(undefined), [word])
    const reason = new Error('the caller left')
    await assert.rejects(search(undefined, AbortSignal.abort(reason)), reason)
    embeds = true
  })
})
