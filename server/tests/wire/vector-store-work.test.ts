import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FileBatchObject, StoreFileObject } from '@melzi/contract/vector-store-file.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api } from '../support/factories.ts'
import { startScriptedEmbeddings, type ScriptedEmbeddings } from '../support/scripted-embeddings.ts'
import { ASSISTANTS, addText, found, settled, settledBatch } from '../support/vector-stores.ts'

// Indexing as background work, with embeddings: it survives kill -9, is cancelled, tried again, and made once for each text.
for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`indexing on ${engine}`, engine === 'postgres' ? skipUnless('postgresql') : {}, () => {
    let embeddings: ScriptedEmbeddings
    let server: BootedServer
    let api: Api
    let storeId = ''

    before(async () => {
      embeddings = await startScriptedEmbeddings()
      server = await bootServer({
        engine,
        env: {
          MELZI_POLL_MS: '100',
          MELZI_LEASE_MS: '1500',
          MELZI_EMBEDDINGS_MODEL: 'scripted',
          MELZI_EMBEDDINGS_BASE_URL: embeddings.url,
          MELZI_EMBEDDINGS_API_KEY: 'sk-scripted-embeddings',
        },
      })
      api = new Api(server)
      storeId = (await api.post<VectorStoreObject>('/vector_stores')).id
    })
    after(async () => {
      await server?.[Symbol.asyncDispose]()
      await embeddings?.[Symbol.asyncDispose]()
    })

    const upload = async (texts: readonly string[]) => {
      const ids: string[] = []
      for (const [i, text] of texts.entries())
        ids.push((await api.file(text, `${i}.txt`, ASSISTANTS)).id)
      return ids
    }
    const batchOf = (ids: string[]) =>
      api.post<FileBatchObject>(`/vector_stores/${storeId}/file_batches`, { file_ids: ids })

    it('finds by meaning what shares no word, and joins it with the words', async () => {
      const car = await addText(api, storeId, 'the automobile needs repair', 'car.txt')
      await addText(api, storeId, 'the garden needs water', 'garden.txt')
      const [hit, next] = await found(api, storeId, 'vehicle repair')
      assert.equal(hit?.file_id, car.id)
      assert.ok(hit.score > (next?.score ?? 0))
      const [byMeaning] = await found(api, storeId, 'vehicle')
      assert.equal(byMeaning?.file_id, car.id)
      const filters = { type: 'eq', key: 'none', value: 'x' }
      assert.deepEqual(await found(api, storeId, 'vehicle', { filters }), [])
      const textOnly = { ranking_options: { ranker: 'none' } }
      assert.deepEqual(await found(api, storeId, 'vehicle', textOnly), [])
      await api.delete(`/vector_stores/${storeId}/files/${car.id}`)
      const left = await found(api, storeId, 'vehicle')
      assert.ok(left.every(({ file_id: id }) => id !== car.id))
    })

    it('embeds a text once, also for another store', async () => {
      const text = 'a text that is embedded once'
      await addText(api, storeId, text, 'once.txt')
      const other = await api.post<VectorStoreObject>('/vector_stores')
      assert.deepEqual(other.melzi, { search: 'text_and_vectors' })
      await addText(api, other.id, text, 'again.txt')
      assert.equal(embeddings.texts.filter((one) => one === text).length, 1)
    })

    it('asks again after a fault that passes, and fails with the provider’s words after one that does not', async () => {
      embeddings.refuse(500)
      const file = await addText(api, storeId, 'tried twice', 'twice.txt')
      assert.equal(file.status, 'completed')
      embeddings.refuse(401)
      const failed = await addText(api, storeId, 'never embedded', 'never.txt')
      assert.equal(failed.status, 'failed')
      assert.equal(failed.last_error?.code, 'server_error')
      assert.match(failed.last_error.message, /answered 401: scripted refusal/)
      assert.ok(!server.logs.includes('sk-scripted-embeddings'))
    })

    it('searches by text alone while the provider is away', async () => {
      embeddings.refuse(401)
      const [hit] = await found(api, storeId, 'twice')
      assert.equal(hit?.filename, 'twice.txt')
    })

    it('cancels what is not done', async () => {
      const release = embeddings.hold()
      const ids = await upload(['cancel one', 'cancel two', 'cancel three'])
      const batch = await batchOf(ids)
      assert.equal(batch.status, 'in_progress')
      const store = await api.get<VectorStoreObject>(`/vector_stores/${storeId}`)
      assert.equal(store.status, 'in_progress')
      const cancelled = await api.post<FileBatchObject>(
        `/vector_stores/${storeId}/file_batches/${batch.id}/cancel`,
      )
      assert.equal(cancelled.status, 'cancelled')
      assert.equal(cancelled.file_counts.cancelled, 3)
      release()
      await sleep(300)
      for (const id of ids) {
        const file = await api.get<StoreFileObject>(`/vector_stores/${storeId}/files/${id}`)
        assert.equal(file.status, 'cancelled')
      }
      assert.deepEqual(
        await found(api, storeId, 'cancel', { ranking_options: { ranker: 'none' } }),
        [],
      )
    })

    it('goes on after kill -9, with every file once', async () => {
      const release = embeddings.hold()
      const ids = await upload(Array.from({ length: 8 }, (_, i) => `resumed number ${i}`))
      const batch = await batchOf(ids)
      await sleep(400)
      await server.kill('SIGKILL')
      release()
      await server.restart()
      const done = await settledBatch(api, storeId, batch.id)
      assert.equal(done.status, 'completed')
      assert.equal(done.file_counts.completed, 8)
      const hits = await found(api, storeId, 'resumed', {
        max_num_results: 50,
        ranking_options: { ranker: 'none' },
      })
      assert.equal(hits.length, 8)
      assert.equal(new Set(hits.map(({ file_id: id }) => id)).size, 8)
    })

    it('leaves nothing behind when a file goes while it is indexed', async () => {
      const release = embeddings.hold()
      const [id = ''] = await upload(['deleted midway'])
      await api.post(`/vector_stores/${storeId}/files`, { file_id: id })
      await sleep(200)
      await api.delete(`/files/${id}`)
      release()
      await sleep(200)
      await api.refused('GET', `/vector_stores/${storeId}/files/${id}`, undefined, { status: 404 })
      const file = await addText(api, storeId, 'after the deletion', 'after.txt')
      assert.equal((await settled(api, storeId, file.id)).status, 'completed')
    })
  })
}
