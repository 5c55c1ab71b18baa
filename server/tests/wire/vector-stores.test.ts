import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { StoreFileContent } from '@melzi/contract/vector-store-file.ts'
import { VectorStoreList, VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api } from '../support/factories.ts'
import { addText, found } from '../support/vector-stores.ts'

// behaviour.md 3 and 14.
for (const engine of ['sqlite', 'postgres'] as const) {
  describe(
    `vector stores on ${engine}`,
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
            melzi: { search: 'text' },
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
    },
  )
}
