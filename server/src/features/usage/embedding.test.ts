import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { it } from 'node:test'
import { createEmbedder } from '../../knowledge/embeddings/embedder.ts'
import { Extractor } from '../../knowledge/extract/extractor.ts'
import { VectorIndex } from '../../knowledge/vectors/vector-index.ts'
import { systemClock } from '../../platform/clock.ts'
import { createLog } from '../../platform/log.ts'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { startScriptedEmbeddings } from '../../../tests/support/scripted-embeddings.ts'
import { entryRecord, insertFileRow, storeRecord } from '../../../tests/support/store-rows.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'
import { insertEntries } from '../vector-stores/entry-store.ts'
import { indexEntry } from '../vector-stores/index-entry.ts'
import { createKnowledge } from '../vector-stores/search.ts'
import { insertStore } from '../vector-stores/store.ts'

const log = createLog('silent')
const TEXT = 'the automobile needs repair'

onEachEngine('embeddings in the ledger', (engine) => {
  it('are counted for the owner of a file and for who asks, by estimate where the provider does not tell', async () => {
    await using embeddings = await startScriptedEmbeddings()
    await using extractor = new Extractor()
    await using vectors = new VectorIndex()
    await using home = await openFeatureStore(engine)
    const { store } = home
    const owner = await home.person()
    const embedder = createEmbedder({ baseUrl: embeddings.url, apiKey: null, model: 'e' })
    const record = storeRecord(owner)
    const index = async () => {
      const entry = { ...entryRecord(owner, record.id), attempt: 1 }
      await store.write('test.entry', async (tx) => {
        await insertFileRow(tx, owner, entry.fileId)
        await insertEntries(tx, [entry], 1)
        await tx.run('update vector_store_files set attempt = 1, due_ms = 1 where entry_id = ?1', [
          entry.entryId,
        ])
      })
      const file = {
        workspaceId: owner.workspaceId,
        id: entry.fileId,
        ownerId: owner.personId,
        madeBy: null,
        createdAt: 1,
        expiresAt: null,
        purpose: 'assistants' as const,
        filename: 'a.txt',
        bytes: TEXT.length,
      }
      const files = {
        find: async () => file,
        openContent: async () => Readable.from([Buffer.from(TEXT)]),
      }
      const deps = { store, clock: systemClock, log, files, extractor, embedder }
      await indexEntry(deps, { ...entry, filename: 'a.txt' }, new AbortController().signal)
    }
    await store.write('test.store', (tx) => insertStore(tx, record))
    await index()
    // A text that has its vector already costs nothing.
    await index()
    const found = () =>
      store.all<Record<string, unknown>>(
        'select kind, model, person_id, key_id, prompt_tokens, estimated from usage_entries order by source',
      )
    const entry = { kind: 'embedding', model: 'e', person_id: owner.personId, estimated: 1 }
    assert.deepEqual(await found(), [{ ...entry, key_id: record.madeBy, prompt_tokens: 7 }])

    const knowledge = createKnowledge({ store, clock: systemClock, log, embedder, vectors })
    const asker = await home.person(owner.workspaceId)
    const by = { ...asker, assistantId: null, runId: null }
    const asked = { storeIds: [record.id], maxResults: 5, scoreThreshold: 0 }
    await knowledge.search({ workspaceId: owner.workspaceId, query: 'car', by, ...asked })
    const [, question] = await found()
    assert.equal(question?.['person_id'], asker.personId)
    assert.equal(question?.['prompt_tokens'], 1)
  })
})
