import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import { openFeatureStore, type FeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { VectorIndex } from '../../knowledge/vectors/vector-index.ts'
import { AppError } from '../../platform/errors.ts'
import { createLog } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import { DiskBlobs } from '../../platform/blobs/disk-blobs.ts'
import { createFileService } from '../files/service.ts'
import { Indexer } from './indexer.ts'
import { createKnowledge } from './search.ts'
import { createVectorStoreService, type VectorStoreService } from './service.ts'

const DAY_MS = 86_400_000

// Expiry counts days, so the clock is ours (behaviour.md 14).
onEachEngine('expiry of vector stores', (engine) => {
  let house: FeatureStore
  let stores: VectorStoreService
  let owner: Principal
  let now = Date.UTC(2026, 0, 1)
  const clock = { now: () => now }

  before(async () => {
    house = await openFeatureStore(engine)
    const { store } = house
    const log = createLog('silent')
    const files = createFileService({ store, clock, blobs: new DiskBlobs(house.dir) })
    const indexer = new Indexer({
      store,
      clock,
      log,
      work: async () => undefined,
      leaseMs: 1_000,
      pollMs: 1_000,
      concurrency: 1,
    })
    const knowledge = createKnowledge({
      store,
      clock,
      log,
      embedder: null,
      vectors: new VectorIndex(),
    })
    stores = createVectorStoreService({ store, clock, files, indexer, knowledge })
    owner = await house.person()
  })

  const make = (days: number) =>
    stores.create(owner, {
      name: null,
      description: null,
      metadata: {},
      file_ids: [],
      chunking_strategy: null,
      expires_after: { anchor: 'last_active_at', days },
    })
  const search = (id: string) =>
    stores.search(owner, id, { query: 'x', rewrite_query: false, max_num_results: 1 })
  const isRefused = (error: unknown) =>
    error instanceof AppError && error.status === 400 && /has expired/.test(error.message)

  it('leaves a question as it is where nothing rewrites', async () => {
    const { store } = await make(2)
    const request = { query: 'x', rewrite_query: true, max_num_results: 1 }
    assert.deepEqual((await stores.search(owner, store.id, request)).queries, ['x'])
  })

  it('comes after the days, and then the store answers no search and takes no file', async () => {
    const { store, expiresAt } = await make(2)
    assert.equal(expiresAt, store.createdAt + 2 * 86_400)
    now += 2 * DAY_MS - 1_000
    assert.equal((await stores.get(owner, store.id)).status, 'completed')
    now += 1_000
    assert.equal((await stores.get(owner, store.id)).status, 'expired')
    await assert.rejects(search(store.id), isRefused)
    const entry = { file_id: 'file-x', chunking_strategy: null, attributes: {} }
    await assert.rejects(stores.addFile(owner, store.id, entry), isRefused)
  })

  it('is put off by every use', async () => {
    const { store } = await make(2)
    now += DAY_MS
    await search(store.id)
    now += DAY_MS
    const used = await stores.get(owner, store.id)
    assert.equal(used.status, 'completed')
    assert.equal(used.expiresAt, store.createdAt + 3 * 86_400)
  })
})
