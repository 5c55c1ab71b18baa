import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  FileBatchObject,
  StoreFileContent,
  StoreFileList,
  type StoreFileObject,
  type StoreFileStatus,
} from '@melzi/contract/vector-store-file.ts'
import type { VectorStoreList, VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api } from '../support/factories.ts'
import { ASSISTANTS, addText, found, settled, settledBatch } from '../support/vector-stores.ts'

// behaviour.md 3 and 14.
for (const engine of ['sqlite', 'postgres'] as const) {
  describe(
    `files of vector stores on ${engine}`,
    engine === 'postgres' ? skipUnless('postgresql') : {},
    () => {
      let server: BootedServer
      let api: Api
      let storeId = ''

      const add = (text: string, name: string, fields: object = {}, store = storeId) =>
        addText(api, store, text, name, fields)

      before(async () => {
        server = await bootServer({ engine, env: { MELZI_POLL_MS: '100' } })
        api = new Api(server)
        storeId = (await api.post<VectorStoreObject>('/vector_stores', { name: 'shared' })).id
      })
      after(() => server?.[Symbol.asyncDispose]())

      it('can be added by many clients at once', async () => {
        const path = `/vector_stores/${storeId}/files`
        for (let times = 0; times < 8; times += 1) {
          const file = await api.file('the same', 'same.txt', { purpose: 'assistants' })
          const body = { file_id: file.id }
          const added = await Promise.all(
            Array.from({ length: 6 }, () => api.request('POST', path, body)),
          )
          assert.deepEqual(
            added.map(({ status }) => status),
            added.map(() => 200),
          )
          await api.delete(`${path}/${file.id}`)
          await api.refused('GET', `${path}/${file.id}`, undefined, { status: 404 })
        }
      })

      it('change attributes, list by status, and remove a file from the store only', async () => {
        const file = await add('one two three', 'numbers.md')
        const path = `/vector_stores/${storeId}/files/${file.id}`
        const changed = await api.post<StoreFileObject>(path, { attributes: { shelf: 'A' } })
        assert.deepEqual(changed.attributes, { shelf: 'A' })
        for (const shelf of [2 ** 64, -(2 ** 53), 1e308, 0.5]) {
          const numbered = await api.post<StoreFileObject>(path, { attributes: { shelf } })
          assert.deepEqual(numbered.attributes, { shelf })
        }
        await api.post(path, { attributes: { shelf: 'A' } })
        const filters = { type: 'eq', key: 'shelf', value: 'A' }
        assert.equal((await found(api, storeId, 'three', { filters })).length, 1)
        await api.post(path, { attributes: null })
        assert.deepEqual(await found(api, storeId, 'three', { filters }), [])
        const files = `/vector_stores/${storeId}/files`
        const done = StoreFileList.parse(await api.get(`${files}?filter=completed&limit=100`))
        assert.equal(done.first_id, file.id)
        assert.deepEqual((await api.get<StoreFileList>(`${files}?filter=cancelled`)).data, [])
        assert.deepEqual(await api.delete(path), {
          id: file.id,
          object: 'vector_store.file.deleted',
          deleted: true,
        })
        assert.deepEqual(await found(api, storeId, 'three'), [])
        await api.get(`/files/${file.id}`)
        await api.refused('GET', path, undefined, {
          status: 404,
          message: `No file found with id '${file.id}' in vector store '${storeId}'.`,
        })
      })

      it('lose a file everywhere when it is deleted', async () => {
        const file = await add('ephemeral hippopotamus', 'gone.txt')
        assert.equal((await found(api, storeId, 'hippopotamus')).length, 1)
        const before = await api.get<VectorStoreObject>(`/vector_stores/${storeId}`)
        await api.delete(`/files/${file.id}`)
        assert.deepEqual(await found(api, storeId, 'hippopotamus'), [])
        const store = await api.get<VectorStoreObject>(`/vector_stores/${storeId}`)
        assert.equal(store.file_counts.total, before.file_counts.total - 1)
      })

      it('index anew what is added again, with its new settings', async () => {
        const text = Array.from({ length: 120 }, (_, i) => `Sentence number ${i} of many.`).join(
          ' ',
        )
        const first = await add(text, 'long.txt')
        const body = {
          file_id: first.id,
          chunking_strategy: {
            type: 'static',
            static: { max_chunk_size_tokens: 100, chunk_overlap_tokens: 50 },
          },
        }
        await api.post(`/vector_stores/${storeId}/files`, body)
        const again = await settled(api, storeId, first.id)
        assert.deepEqual(again.chunking_strategy, body.chunking_strategy)
        const path = `/vector_stores/${storeId}/files/${first.id}/content`
        const pieces = StoreFileContent.parse(await api.get(path)).data
        assert.ok(pieces.length > 5)
        assert.equal(
          pieces
            .map(({ text: piece }) => piece)
            .join(' ')
            .replaceAll(/\s+/g, ' '),
          text,
        )
      })

      it('say why a file cannot be read', async () => {
        const kinds: [string, string, StoreFileStatus, string, RegExp][] = [
          ['', 'empty.txt', 'failed', 'invalid_file', /empty/],
          ['%PDF-1.7 nothing', 'broken.pdf', 'failed', 'invalid_file', /damaged/],
          ['PK\u0003\u0004', 'broken.docx', 'failed', 'invalid_file', /damaged/],
          ['\u0000\u0001\u0002\u0003', 'data.bin', 'failed', 'unsupported_file', /neither text/],
          ['old', 'old.doc', 'failed', 'unsupported_file', /\.docx/],
        ]
        for (const [content, name, status, code, message] of kinds) {
          const file = await add(content, name)
          assert.equal(file.status, status, name)
          assert.equal(file.last_error?.code, code, name)
          assert.match(file.last_error.message, message)
          assert.equal(file.usage_bytes, 0)
          await api.refused(
            'GET',
            `/vector_stores/${storeId}/files/${file.id}/content`,
            undefined,
            {
              status: 400,
              message: /not available/,
            },
          )
        }
      })

      it('take batches, count them and list their files', async () => {
        const store = await api.post<VectorStoreObject>('/vector_stores')
        const ids: string[] = []
        for (let i = 0; i < 6; i += 1)
          ids.push((await api.file(`text ${i}`, `${i}.txt`, ASSISTANTS)).id)
        const bad = await api.file('', 'bad.txt', ASSISTANTS)
        const base = `/vector_stores/${store.id}/file_batches`
        const made = FileBatchObject.parse(
          await api.post(base, { file_ids: [...ids, bad.id, bad.id] }),
        )
        assert.match(made.id, /^vsfb_/)
        assert.equal(made.file_counts.total, 7)
        const done = await settledBatch(api, store.id, made.id)
        assert.equal(done.status, 'completed')
        assert.deepEqual(done.file_counts, {
          in_progress: 0,
          completed: 6,
          failed: 1,
          cancelled: 0,
          total: 7,
        })
        const files = `${base}/${made.id}/files`
        const failed = StoreFileList.parse(await api.get(`${files}?filter=failed`))
        assert.deepEqual(
          failed.data.map(({ id }) => id),
          [bad.id],
        )
        const page = await api.get<StoreFileList>(`${files}?order=asc&limit=4`)
        assert.deepEqual(
          page.data.map(({ id }) => id),
          ids.slice(0, 4),
        )
        const next = await api.get<StoreFileList>(`${files}?order=asc&after=${page.last_id}`)
        assert.deepEqual(
          next.data.map(({ id }) => id),
          [...ids.slice(4), bad.id],
        )
        assert.equal(
          (await api.post<FileBatchObject>(`${base}/${made.id}/cancel`)).status,
          'completed',
        )
        const other = await api.post<FileBatchObject>(base, {
          files: [{ file_id: ids[0], attributes: { n: 1 } }, { file_id: ids[1] }],
        })
        await settledBatch(api, store.id, other.id)
        const one = await api.get<StoreFileObject>(`/vector_stores/${store.id}/files/${ids[0]}`)
        assert.deepEqual(one.attributes, { n: 1 })
      })

      it("are nobody else's business", async () => {
        const mine = await add('secret', 'secret.txt')
        const batch = await api.post<FileBatchObject>(`/vector_stores/${storeId}/file_batches`, {
          file_ids: [mine.id],
        })
        const other = new Api(await server.keyOf('Salaì'))
        const theirs = await other.post<VectorStoreObject>('/vector_stores')
        const one = `/vector_stores/${storeId}`
        const rows: [string, string, unknown?][] = [
          ['GET', one],
          ['POST', one, { name: 'stolen' }],
          ['DELETE', one],
          ['GET', `${one}/files`],
          ['POST', `${one}/files`, { file_id: mine.id }],
          ['GET', `${one}/files/${mine.id}`],
          ['POST', `${one}/files/${mine.id}`, { attributes: {} }],
          ['DELETE', `${one}/files/${mine.id}`],
          ['GET', `${one}/files/${mine.id}/content`],
          ['POST', `${one}/file_batches`, { file_ids: [mine.id] }],
          ['GET', `${one}/file_batches/${batch.id}`],
          ['GET', `${one}/file_batches/${batch.id}/files`],
          ['POST', `${one}/file_batches/${batch.id}/cancel`],
          ['POST', `${one}/search`, { query: 'secret' }],
          ['POST', `/vector_stores/${theirs.id}/files`, { file_id: mine.id }],
          ['POST', `/vector_stores/${theirs.id}/file_batches`, { file_ids: [mine.id] }],
          ['POST', '/vector_stores', { file_ids: [mine.id] }],
        ]
        for (const [method, path, body] of rows)
          await other.refused(method, path, body, { status: 404 })
        const list = await other.get<VectorStoreList>('/vector_stores')
        assert.deepEqual(
          list.data.map(({ id }) => id),
          [theirs.id],
        )
        assert.deepEqual(await found(other, theirs.id, 'secret'), [])
      })
    },
  )
}
