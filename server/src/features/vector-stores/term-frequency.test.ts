import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import { openFeatureStore, type FeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { indexTerms, queryTerms } from '../../knowledge/bigrams.ts'
import { systemClock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import { insertChunks } from './chunk-store.ts'
import { insertEntries, type EntryRecord } from './entry-store.ts'
import { insertStore } from './store.ts'
import { TermFrequency } from './term-frequency.ts'

const CHUNKS = 200

onEachEngine('terms of a question', (engine) => {
  let house: FeatureStore

  before(async () => {
    house = await openFeatureStore(engine)
    const { store } = house
    const { workspaceId, personId } = await house.person()
    const entry: EntryRecord = {
      workspaceId,
      storeId: newId('vs_'),
      fileId: newId('file-'),
      entryId: newId('vsf_'),
      batchId: null,
      createdAt: 1,
      filename: 'a.txt',
      status: 'in_progress',
      lastError: null,
      attributes: {},
      maxTokens: 800,
      overlapTokens: 400,
      usageBytes: 0,
      attempt: 1,
      tries: 0,
    }
    await store.write('test.entry', async (tx) => {
      await insertStore(tx, {
        workspaceId,
        id: entry.storeId,
        ownerId: personId,
        createdAt: 1,
        name: null,
        description: null,
        metadata: {},
        expiresAfterDays: null,
        lastActiveAt: 1,
      })
      await tx.run(
        `insert into files (workspace_id, id, owner_id, created_at, purpose, filename, bytes) values (?1, ?2, ?3, 1, 'assistants', 'a', 1)`,
        [workspaceId, entry.fileId, personId],
      )
      await insertEntries(tx, [entry], 1)
      const chunks = Array.from({ length: CHUNKS }, (_, position) => {
        const text = `handbook 手冊 ${position % 2 === 0 ? 'even' : 'odd'} number${position}`
        return { text, terms: indexTerms(text), start: 0, tokens: 4, position, hash: `${position}` }
      })
      await insertChunks(tx, entry, chunks)
    })
    if (engine.name === 'postgres')
      await store.write('test.analyze', (tx) => tx.run('analyze vector_chunks'))
  })

  const left = async (question: string, minChunks: number) => {
    const frequency = new TermFrequency(systemClock, minChunks)
    const terms = await frequency.selective(house.store, queryTerms(question))
    return terms.map(({ term }) => term)
  }

  it('lose those that stand in most chunks', async () => {
    assert.deepEqual(await left('handbook 手冊 number7', 1), ['number7'])
    assert.deepEqual(await left('handbook unheard', 1), ['unheard'])
  })

  it('keep the rarest when all are frequent', async () => {
    assert.deepEqual((await left('handbook even 手冊 odd', 1)).toSorted(), ['even', 'odd'])
    assert.deepEqual(await left('handbook', 1), ['handbook'])
  })

  it('keep all while there are few chunks', async () => {
    assert.deepEqual(await left('handbook number7', CHUNKS + 1), ['handbook', 'number7'])
  })
})
