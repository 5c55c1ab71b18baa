import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Readable } from 'node:stream'
import { entryRecord, insertFileRow, storeRecord } from '../../../tests/support/store-rows.ts'
import { openFeatureStore, type FeatureStore } from '../../../tests/support/feature-store.ts'
import { startPglite, type PgliteServer } from '../../../tests/support/pglite.ts'
import { startScriptedEmbeddings } from '../../../tests/support/scripted-embeddings.ts'
import type { Hit } from '../../knowledge/vectors/vector-protocol.ts'
import { toBytes } from '../../knowledge/vectors/vector-bytes.ts'
import { createEmbedder } from '../../knowledge/embeddings/embedder.ts'
import { Extractor } from '../../knowledge/extract/extractor.ts'
import { VectorIndex } from '../../knowledge/vectors/vector-index.ts'
import { systemClock } from '../../platform/clock.ts'
import { createLog } from '../../platform/log.ts'
import type { Principal } from '../../platform/principal.ts'
import { openStore } from '../../platform/store/open-store.ts'
import type { Store } from '../../platform/store/store.ts'
import { insertChunks, type Scope } from './chunk-store.ts'
import { insertEmbeddings } from './embedding-store.ts'
import { deleteEntry, insertEntries, type EntryRecord } from './entry-store.ts'
import { completeEntry } from './job-store.ts'
import { findExtension, searchIndex } from './pgvector-store.ts'
import { openPgvector, type Pgvector } from './pgvector.ts'
import { indexEntry, type IndexEntryDeps } from './index-entry.ts'
import { createKnowledge } from './search.ts'
import { insertStore } from './store.ts'

const MODEL = "a model's vectors"
const log = createLog('silent')

/** A vector of length 1 in a space of 16, told by the angle in degrees. */
const at = (angle: number): number[] =>
  [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)].concat(
    Array.from({ length: 14 }, () => 0),
  )
const EAST = at(0)

// The real extension, in PGlite: no Debian package has it for the PostgreSQL of the other tests.
describe('vectors in pgvector', () => {
  let pglite: PgliteServer
  let store: Store
  let house: FeatureStore
  let owner: Principal
  let pgvector: Pgvector

  before(async () => {
    pglite = await startPglite()
    store = await openStore(pglite.config, { migrate: true, exclusive: true })
    const freshStore = async () => store
    house = await openFeatureStore({
      name: 'postgres',
      freshConfig: async () => pglite.config,
      freshStore,
    })
    owner = await house.person()
  })
  after(async () => {
    await pgvector?.[Symbol.asyncDispose]()
    await house?.[Symbol.asyncDispose]()
    await store?.[Symbol.asyncDispose]()
    await pglite?.[Symbol.asyncDispose]()
  })

  const open = async () => {
    const opened = await openPgvector({ store, log, model: MODEL })
    assert.ok(opened !== null)
    return opened
  }

  const makeStore = async (): Promise<string> => {
    const record = storeRecord(owner)
    await store.write('test.store', (tx) => insertStore(tx, record))
    return record.id
  }

  /** An entry whose chunks have these vectors; a chunk's position is its place in the list. */
  const addEntry = async (
    storeId: string,
    vectors: readonly number[][],
    options: {
      through: Pgvector | null
      complete: boolean
      attributes?: EntryRecord['attributes']
    },
  ): Promise<EntryRecord> => {
    const entry = entryRecord(owner, storeId, options.attributes)
    const chunks = vectors.map((_, position) => {
      const hash = `${entry.entryId} ${position}`
      return { text: hash, terms: '', start: 0, tokens: 1, position, hash }
    })
    const bytes = new Map(
      chunks.map(({ hash, position }) => [hash, toBytes(vectors[position] ?? [])]),
    )
    await options.through?.prepare(vectors[0]?.length ?? 0)
    await store.write('test.entry', async (tx) => {
      await insertFileRow(tx, owner, entry.fileId)
      await insertEntries(tx, [entry], 1)
      await insertEmbeddings(tx, owner.workspaceId, MODEL, bytes, 1)
      await insertChunks(tx, entry, chunks)
      await options.through?.write(tx, entry, -1)
      if (options.complete) await completeEntry(tx, entry, 1, 1)
    })
    return entry
  }

  const scopeOf = (storeId: string): Scope => ({
    workspaceId: owner.workspaceId,
    storeIds: [storeId],
    filter: null,
  })

  /** The angles of what is found, by the cosine. */
  const angles = (hits: readonly Hit[] | null) =>
    hits?.map(({ score }) => Math.round((Math.acos(Math.min(1, score)) * 180) / Math.PI)) ?? null

  /** What is found once the vectors are copied; null when they are not in 10 s. */
  const copied = async (storeId: string): Promise<Hit[] | null> => {
    const until = Date.now() + 10_000
    let hits: Hit[] | null = null
    while (hits === null && Date.now() < until) {
      await sleep(20)
      hits = await pgvector.search(scopeOf(storeId), EAST, 9)
    }
    return hits
  }

  const countRows = async () =>
    (await store.get<{ rows: number }>('select count(*) as rows from vector_chunk_vectors'))?.rows

  it('makes the extension where the server has it', async () => {
    assert.equal((await findExtension(store)).state, 'creatable')
    pgvector = await open()
    assert.equal((await findExtension(store)).state, 'ready')
    // A second node, and the next start, find what is there.
    await (await open())[Symbol.asyncDispose]()
  })

  it('finds the nearest of completed entries of the stores asked for', async () => {
    const [mine, other] = [await makeStore(), await makeStore()]
    await addEntry(mine, [at(90), at(10)], { through: pgvector, complete: true })
    await addEntry(mine, [at(20)], { through: pgvector, complete: true })
    await addEntry(mine, [at(1)], { through: pgvector, complete: false })
    await addEntry(other, [at(2)], { through: pgvector, complete: true })
    assert.deepEqual(angles(await pgvector.search(scopeOf(mine), EAST, 2)), [10, 20])
    const both = { ...scopeOf(mine), storeIds: [mine, other] }
    assert.deepEqual(angles(await pgvector.search(both, EAST, 9)), [2, 10, 20, 90])
    assert.deepEqual(
      angles(await pgvector.search({ ...both, workspaceId: 'ws_other' }, EAST, 9)),
      [],
    )
  })

  it('filters before ranking', async () => {
    const storeId = await makeStore()
    const kept = await addEntry(storeId, [at(50)], { through: pgvector, complete: true })
    await addEntry(storeId, [at(5)], { through: pgvector, complete: true })
    const filter: Scope['filter'] = (params) => `f.entry_id = ?${params.push(kept.entryId)}`
    const hits = await pgvector.search({ ...scopeOf(storeId), filter }, EAST, 1)
    assert.deepEqual(angles(hits), [50])
  })

  it('forgets the vectors of an entry with the entry', async () => {
    const storeId = await makeStore()
    const rows = await countRows()
    const entry = await addEntry(storeId, [at(1), at(2)], { through: pgvector, complete: true })
    assert.equal(await countRows(), (rows ?? 0) + 2)
    await store.write('test.delete', (tx) => deleteEntry(tx, entry))
    assert.equal(await countRows(), rows)
  })

  it('keeps vectors of different lengths apart', async () => {
    const storeId = await makeStore()
    await addEntry(storeId, [at(7)], { through: pgvector, complete: true })
    const short = [[0, 1, 0]]
    await addEntry(storeId, short, { through: pgvector, complete: true })
    assert.deepEqual(angles(await pgvector.search(scopeOf(storeId), EAST, 9)), [7])
    assert.deepEqual(angles(await pgvector.search(scopeOf(storeId), [1, 0, 0], 9)), [90])
    assert.deepEqual(await pgvector.search(scopeOf(storeId), [1, 0], 9), [])
    const long = Array.from({ length: 4_200 }, (_, i) => (i === 0 ? 1 : 0))
    await addEntry(storeId, [long], { through: pgvector, complete: true })
    assert.deepEqual(angles(await pgvector.search(scopeOf(storeId), long, 9)), [0])
  })

  it('copies what was made without it, and has no answer until then', async () => {
    const storeId = await makeStore()
    await addEntry(storeId, [at(30), at(40)], { through: null, complete: true })
    assert.equal(await pgvector.search(scopeOf(storeId), EAST, 9), null)
    assert.deepEqual(angles(await copied(storeId)), [30, 40])
    await addEntry(storeId, [at(3)], { through: null, complete: true })
    assert.equal(await pgvector.search(scopeOf(storeId), EAST, 9), null)
  })

  it('takes what is indexed, before it is found', async () => {
    await using embeddings = await startScriptedEmbeddings()
    await using extractor = new Extractor()
    const settings = { baseUrl: embeddings.url, apiKey: null, model: MODEL }
    const embedder = createEmbedder(settings)
    const storeId = await makeStore()
    const index = async (text: string) => {
      const bare = await addEntry(storeId, [], { through: null, complete: false })
      const files: IndexEntryDeps['files'] = {
        find: async (_, workspaceId, id) => ({
          workspaceId,
          id,
          ownerId: owner.personId,
          madeBy: null,
          createdAt: 1,
          expiresAt: null,
          purpose: 'assistants',
          filename: bare.filename,
          bytes: Buffer.byteLength(text),
        }),
        openContent: async () => Readable.from([Buffer.from(text)]),
      }
      await store.write('test.due', (tx) =>
        tx.run('update vector_store_files set due_ms = 1 where entry_id = ?1', [bare.entryId]),
      )
      const deps = { store, clock: systemClock, log, files, extractor, embedder, pgvector }
      await indexEntry(deps, bare, new AbortController().signal)
    }
    const before = (await countRows()) ?? 0
    await index('the automobile needs repair')
    await index('the garden needs water')
    // A text that has its vector already.
    await index('the automobile needs repair')
    assert.equal(await countRows(), before + 3)
    const knowledge = createKnowledge({
      store,
      clock: systemClock,
      log,
      embedder,
      vectors: new VectorIndex(),
      pgvector,
    })
    const { workspaceId } = owner
    const asked = { workspaceId, storeIds: [storeId], maxResults: 3, scoreThreshold: 0 }
    const passages = await knowledge.search({ ...asked, query: 'vehicle' })
    assert.deepEqual(
      passages.map(({ text }) => text.split(' ')[1]),
      ['automobile', 'automobile', 'garden'],
    )
  })

  it('finds by the index what it finds by looking at each', async () => {
    const storeId = await makeStore()
    const spread = Array.from({ length: 300 }, (_, i) => at((i * 37) % 180))
    await addEntry(storeId, spread, { through: pgvector, complete: true })
    const space = await store.get<{ id: number }>(
      'select id from vector_spaces where model = ?1 and dimensions = 16',
      [MODEL],
    )
    const search = { space: space?.id ?? 0, dimensions: 16, maxTuples: 20_000 }
    const byIndex = await store.write('test.search', (tx) =>
      searchIndex(tx, scopeOf(storeId), search, toBytes(EAST), 20),
    )
    const oneByOne = await pgvector.search(scopeOf(storeId), EAST, 20)
    assert.deepEqual(angles(byIndex), angles(oneByOne))
    const plan = await store.write('test.plan', async (tx) => {
      await tx.run('set local enable_seqscan = off')
      await tx.run('set local enable_sort = off')
      return tx.all(
        `explain select chunk_id from vector_chunk_vectors where space = ${search.space}
         order by cast(embedding as halfvec(16)) <#> cast(cast(?1 as vector) as halfvec(16)) limit 9`,
        [`[${EAST.join(',')}]`],
      )
    })
    assert.match(JSON.stringify(plan), new RegExp(`vector_chunk_vectors_space_${search.space}`))
  })

  it('begins anew after the extension was dropped', async () => {
    const storeId = await makeStore()
    await addEntry(storeId, [at(11)], { through: pgvector, complete: true })
    await pgvector[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await pglite.exec('drop extension vector cascade; deallocate all')
    store = await openStore(pglite.config, { migrate: true, exclusive: true })
    pgvector = await open()
    assert.equal(await pgvector.search(scopeOf(storeId), EAST, 9), null)
    assert.deepEqual(angles(await copied(storeId)), [11])
  })
})

describe('without pgvector', () => {
  it('says why, and the server searches by itself', async () => {
    await using pglite = await startPglite(false)
    await using store = await openStore(pglite.config, { migrate: true, exclusive: true })
    const found = await findExtension(store)
    assert.deepEqual(found, { state: 'unusable', why: 'the PostgreSQL server does not have it' })
    assert.equal(await openPgvector({ store, log, model: MODEL }), null)
  })

  it('starts where this user may not create it', async () => {
    await using pglite = await startPglite()
    await using store = await openStore(pglite.config, { migrate: true, exclusive: true })
    await store.write('test.lower', async (tx) => {
      await tx.run('create role lowly')
      await tx.run('set role lowly')
    })
    assert.equal(await openPgvector({ store, log, model: MODEL }), null)
    assert.equal((await findExtension(store)).state, 'creatable')
  })
})
