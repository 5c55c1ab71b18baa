import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  FileBatchObject,
  StoreFileContent,
  StoreFileList,
  StoreFileObject,
  type StoreFileStatus,
} from '@melzi/contract/vector-store-file.ts'
import { SearchPage } from '@melzi/contract/vector-store-search.ts'
import { VectorStoreList, VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api } from '../support/factories.ts'

const ASSISTANTS = { purpose: 'assistants' }

/** The store file once it is at rest. */
const settled = async (api: Api, storeId: string, fileId: string): Promise<StoreFileObject> => {
  const until = Date.now() + 20_000
  for (;;) {
    const path = `/vector_stores/${storeId}/files/${fileId}`
    const file = StoreFileObject.parse(await api.get(path))
    if (file.status !== 'in_progress') return file
    assert.ok(Date.now() < until, 'the file is still being indexed')
    await sleep(50)
  }
}

const settledBatch = async (api: Api, storeId: string, id: string): Promise<FileBatchObject> => {
  const until = Date.now() + 30_000
  for (;;) {
    const path = `/vector_stores/${storeId}/file_batches/${id}`
    const batch = FileBatchObject.parse(await api.get(path))
    if (batch.status !== 'in_progress') return batch
    assert.ok(Date.now() < until, JSON.stringify(batch))
    await sleep(50)
  }
}

const found = async (api: Api, storeId: string, query: unknown, fields: object = {}) => {
  const body = { query, ...fields }
  const page = SearchPage.parse(await api.post(`/vector_stores/${storeId}/search`, body))
  return page.data
}

// behaviour.md 3 and 14.
for (const engine of ['sqlite', 'postgres'] as const) {
  describe(
    `vector stores on ${engine}`,
    engine === 'postgres' ? skipUnless('postgresql') : {},
    () => {
      let server: BootedServer
      let api: Api
      let storeId = ''

      /** Puts a text into a store and waits until it is at rest. */
      const add = async (text: string, name: string, fields: object = {}, store = storeId) => {
        const { id } = await api.file(text, name, ASSISTANTS)
        await api.post(`/vector_stores/${store}/files`, { file_id: id, ...fields })
        return settled(api, store, id)
      }

      before(async () => {
        server = await bootServer({ engine, env: { MELZI_POLL_MS: '100' } })
        api = new Api(server)
        storeId = (await api.post<VectorStoreObject>('/vector_stores', { name: 'shared' })).id
      })
      after(() => server?.[Symbol.asyncDispose]())

      it('are made, read, listed, changed and deleted', async () => {
        const made = VectorStoreObject.parse(await api.post('/vector_stores'))
        assert.match(made.id, /^vs_[0-9A-Za-z]{24}$/)
        assert.deepEqual(
          { ...made, id: '', created_at: 0, last_active_at: 0 },
          {
            id: '',
            object: 'vector_store',
            created_at: 0,
            name: null,
            description: null,
            usage_bytes: 0,
            file_counts: { in_progress: 0, completed: 0, failed: 0, cancelled: 0, total: 0 },
            status: 'completed',
            expires_after: null,
            expires_at: null,
            last_active_at: 0,
            metadata: {},
          },
        )
        const path = `/vector_stores/${made.id}`
        const changed = await api.post<VectorStoreObject>(path, {
          name: 'Handbook',
          metadata: { a: 'b' },
          expires_after: { anchor: 'last_active_at', days: 2 },
        })
        assert.equal(changed.name, 'Handbook')
        assert.deepEqual(changed.metadata, { a: 'b' })
        assert.equal(changed.expires_at, (changed.last_active_at ?? 0) + 2 * 86_400)
        assert.equal((await api.get<VectorStoreObject>(path)).expires_at, changed.expires_at)
        const cleared = await api.post<VectorStoreObject>(path, { expires_after: null, name: null })
        assert.equal(cleared.expires_after, null)
        assert.equal(cleared.name, null)
        assert.deepEqual(cleared.metadata, { a: 'b' })
        const list = VectorStoreList.parse(await api.get('/vector_stores?limit=1'))
        assert.equal(list.first_id, made.id)
        assert.equal(list.has_more, true)
        const rest = await api.get<VectorStoreList>(`/vector_stores?after=${made.id}`)
        assert.ok(rest.data.some(({ id }) => id === storeId))
        assert.deepEqual(await api.delete(path), {
          id: made.id,
          object: 'vector_store.deleted',
          deleted: true,
        })
        await api.refused('GET', path, undefined, {
          status: 404,
          message: `No vector store found with id '${made.id}'.`,
        })
      })

      it('index a text file and find what it says', async () => {
        const file = await add(
          '達哥是誰？達哥是達文西的助手。\n\nThe café opens at nine.',
          'notes.txt',
          {
            attributes: { year: 2024, lang: 'zh', draft: false },
          },
        )
        assert.deepEqual(file.last_error, null)
        assert.equal(file.status, 'completed')
        assert.ok(file.usage_bytes > 0)
        assert.deepEqual(file.chunking_strategy, {
          type: 'static',
          static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 },
        })
        for (const query of ['達哥', '助', 'CAFÉ', '達文西的助手是誰', 'when does the café open']) {
          const [hit] = await found(api, storeId, query)
          assert.equal(hit?.file_id, file.id, query)
          assert.equal(hit.filename, 'notes.txt')
          assert.deepEqual(hit.attributes, { year: 2024, lang: 'zh', draft: false })
          assert.match(hit.content[0]?.text ?? '', /達哥/)
          assert.ok(hit.score > 0 && hit.score <= 1)
        }
        assert.deepEqual(await found(api, storeId, '哥達'), [])
        assert.deepEqual(await found(api, storeId, '?!'), [])
        const text = await api.get(`/vector_stores/${storeId}/files/${file.id}/content`)
        assert.match(StoreFileContent.parse(text).data[0]?.text ?? '', /^達哥是誰/)
        const store = await api.get<VectorStoreObject>(`/vector_stores/${storeId}`)
        assert.equal(store.status, 'completed')
        assert.equal(store.file_counts.completed, store.file_counts.total)
        assert.ok(store.usage_bytes >= file.usage_bytes)
      })

      it('filter by attributes, limit results and keep a threshold', async () => {
        const store = await api.post<VectorStoreObject>('/vector_stores')
        const years = [2020, 2021, 2022]
        for (const year of years) {
          await add(
            `The harvest report of a year, number ${year}.`,
            `${year}.txt`,
            {
              attributes: { year, kind: year === 2020 ? 'old' : 'new', final: year !== 2022 },
            },
            store.id,
          )
        }
        const names = async (filters: object) =>
          (await found(api, store.id, 'harvest report', { filters }))
            .map(({ filename }) => filename)
            .toSorted()
        const key = 'year'
        assert.deepEqual(await names({ type: 'eq', key, value: 2021 }), ['2021.txt'])
        assert.deepEqual(await names({ type: 'ne', key, value: 2021 }), ['2020.txt', '2022.txt'])
        assert.deepEqual(await names({ type: 'gt', key, value: 2020 }), ['2021.txt', '2022.txt'])
        assert.deepEqual(await names({ type: 'lte', key, value: 2020.5 }), ['2020.txt'])
        assert.deepEqual(await names({ type: 'in', key, value: [2020, 2022] }), [
          '2020.txt',
          '2022.txt',
        ])
        assert.deepEqual(await names({ type: 'nin', key: 'kind', value: ['new'] }), ['2020.txt'])
        assert.deepEqual(await names({ type: 'eq', key: 'final', value: false }), ['2022.txt'])
        assert.deepEqual(await names({ type: 'eq', key: 'final', value: 'false' }), [])
        assert.deepEqual(
          await names({
            type: 'or',
            filters: [
              { type: 'eq', key: 'kind', value: 'old' },
              {
                type: 'and',
                filters: [
                  { type: 'gte', key, value: 2022 },
                  { type: 'eq', key: 'kind', value: 'new' },
                ],
              },
            ],
          }),
          ['2020.txt', '2022.txt'],
        )
        assert.equal((await found(api, store.id, 'harvest', { max_num_results: 2 })).length, 2)
        const strict = { ranking_options: { ranker: 'auto', score_threshold: 0.9 } }
        const [best, ...others] = await found(api, store.id, 'report number 2022', strict)
        assert.equal(best?.filename, '2022.txt')
        assert.deepEqual(others, [])
      })

      it('change attributes, list by status, and remove a file from the store only', async () => {
        const file = await add('one two three', 'numbers.md')
        const path = `/vector_stores/${storeId}/files/${file.id}`
        const changed = await api.post<StoreFileObject>(path, { attributes: { shelf: 'A' } })
        assert.deepEqual(changed.attributes, { shelf: 'A' })
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

      it('refuse what is malformed', async () => {
        const rows: [string, string, unknown, object][] = [
          [
            'POST',
            '/vector_stores',
            { file_ids: ['file-nope'] },
            { status: 404, message: 'No such File object: file-nope', param: 'id' },
          ],
          [
            'POST',
            '/vector_stores',
            { expires_after: { anchor: 'last_active_at', days: 0 } },
            { status: 400, param: 'expires_after.days', code: 'integer_below_min_value' },
          ],
          [
            'POST',
            '/vector_stores',
            { nme: 'x' },
            { status: 400, param: 'nme', code: 'unknown_parameter' },
          ],
          [
            'POST',
            `/vector_stores/${storeId}/files`,
            {},
            { status: 400, param: 'file_id', code: 'missing_required_parameter' },
          ],
          [
            'POST',
            `/vector_stores/${storeId}/files`,
            {
              file_id: 'x',
              chunking_strategy: {
                type: 'static',
                static: { max_chunk_size_tokens: 100, chunk_overlap_tokens: 51 },
              },
            },
            { status: 400, param: 'chunking_strategy.static.chunk_overlap_tokens' },
          ],
          [
            'POST',
            `/vector_stores/${storeId}/file_batches`,
            {},
            { status: 400, param: 'file_ids', code: 'missing_required_parameter' },
          ],
          [
            'POST',
            `/vector_stores/${storeId}/file_batches`,
            { file_ids: ['a'], files: [{ file_id: 'b' }] },
            { status: 400, param: 'files' },
          ],
          [
            'POST',
            `/vector_stores/${storeId}/search`,
            {},
            { status: 400, param: 'query', code: 'missing_required_parameter' },
          ],
          [
            'POST',
            `/vector_stores/${storeId}/search`,
            { query: 'x', max_num_results: 51 },
            { status: 400, param: 'max_num_results', code: 'integer_above_max_value' },
          ],
          [
            'POST',
            `/vector_stores/${storeId}/search`,
            { query: 'x', filters: { type: 'like', key: 'a', value: 'b' } },
            { status: 400, code: 'invalid_value', param: 'filters.type' },
          ],
          ['GET', '/vector_stores?limit=0', undefined, { status: 400, param: 'limit' }],
          [
            'GET',
            `/vector_stores/${storeId}/files?filter=done`,
            undefined,
            { status: 400, param: 'filter' },
          ],
          ['GET', `/vector_stores/${storeId}/file_batches/vsfb_nope`, undefined, { status: 404 }],
          ['DELETE', '/vector_stores/vs_nope', undefined, { status: 404 }],
        ]
        for (const [method, path, body, refusal] of rows)
          await api.refused(method, path, body, refusal as { status: number })
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
