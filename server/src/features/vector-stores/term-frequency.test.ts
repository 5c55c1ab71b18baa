import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import { entryRecord, insertFileRow, storeRecord } from '../../../tests/support/store-rows.ts'
import { openFeatureStore, type FeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { indexTerms, queryTerms } from '../../knowledge/bigrams.ts'
import { systemClock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import { insertChunks, searchTerms, type Scope } from './chunk-store.ts'
import { insertEntries } from './entry-store.ts'
import { completeEntry } from './job-store.ts'
import { insertStore } from './store.ts'
import { TermFrequency } from './term-frequency.ts'

const CHUNKS = 200
/** Chunks of the other store. */
const FEW = 50

onEachEngine('terms of a question', (engine) => {
  let house: FeatureStore
  let scope: Scope

  before(async () => {
    house = await openFeatureStore(engine)
    const { store } = house
    const owner = await house.person()
    const { workspaceId } = owner
    const record = storeRecord(owner)
    const entry = entryRecord(owner, record.id)
    await store.write('test.entry', async (tx) => {
      await insertStore(tx, record)
      await insertFileRow(tx, owner, entry.fileId)
      await insertEntries(tx, [entry], 1)
      const chunks = Array.from({ length: CHUNKS }, (_, position) => {
        const text = `handbook 手冊 ${position % 2 === 0 ? 'even' : 'odd'} number${position}`
        return {
          text,
          terms: indexTerms(text).join(' '),
          start: 0,
          tokens: 4,
          position,
          hash: `${position}`,
        }
      })
      await insertChunks(tx, entry, chunks)
      await completeEntry(tx, entry, 1, 1)
      // Beside them a small store whose chunks hold the terms in fewer words, and stand higher.
      const other = { ...entry, storeId: newId('vs_'), entryId: newId('vsf_') }
      await insertStore(tx, { ...record, id: other.storeId })
      await insertEntries(tx, [other], 1)
      const few = chunks
        .slice(0, FEW)
        .map((chunk) => ({ ...chunk, text: 'handbook', terms: 'handbook' }))
      await insertChunks(tx, other, few)
      await completeEntry(tx, other, 1, 1)
      scope = { workspaceId, storeIds: [entry.storeId], filter: null }
    })
    if (engine.name === 'postgres')
      await store.write('test.analyze', (tx) => tx.run('analyze vector_chunks'))
  })

  const left = async (question: string, minChunks: number) => {
    const frequency = new TermFrequency(systemClock, minChunks)
    const { telling } = await frequency.selective(house.store, queryTerms(question))
    return telling.map(({ term }) => term)
  }

  it('lose those that stand in most chunks', async () => {
    assert.deepEqual(await left('handbook 手冊 number7', 1), ['number7'])
    assert.deepEqual(await left('handbook unheard', 1), ['unheard'])
  })

  it('keep the rarest when all are frequent', async () => {
    assert.deepEqual((await left('handbook even 手冊 odd', 1)).toSorted(), ['even', 'odd'])
    assert.deepEqual(await left('handbook', 1), ['handbook'])
  })

  it('keep the rarest of the frequent in hand, should no text hold the others', async () => {
    const frequency = new TermFrequency(systemClock, 1)
    const terms = queryTerms('handbook mistypd even 手冊')
    const { telling, otherwise } = await frequency.selective(house.store, terms)
    assert.deepEqual(
      telling.map(({ term }) => term),
      ['mistypd'],
    )
    assert.equal(otherwise.length, 2)
    assert.ok(otherwise.some(({ term }) => term === 'even'))
  })

  it('keep all while there are few chunks', async () => {
    assert.deepEqual(await left('handbook number7', CHUNKS + FEW + 1), ['handbook', 'number7'])
  })

  it('are looked for in the stores alone, however large their share is taken to be', async () => {
    const terms = queryTerms('handbook')
    const exact = await searchTerms(house.store, scope, terms, 20)
    assert.equal(exact.length, 20)
    for (const share of [1, 0.8, 0.5])
      assert.deepEqual(await searchTerms(house.store, scope, terms, 20, share), exact)
    const frequency = new TermFrequency(systemClock, 1)
    const share = await frequency.shareOf(house.store, scope.storeIds)
    assert.equal(share, engine.name === 'sqlite' ? CHUNKS / (CHUNKS + FEW) : 0)
  })
})
