import assert from 'node:assert/strict'
import type { SearchPage } from '@melzi/contract/vector-store-search.ts'
import type { Bench } from '../bench.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 14. */
const { rows, good, error } = rowsOf('search')
export const searchRows = rows

const QUERY = 'harbour clock'
const search = async (bench: Bench, fields: object): Promise<SearchPage> => {
  const { store } = await bench.filled()
  return bench.api.post(`/vector_stores/${store.id}/search`, { query: QUERY, ...fields })
}

good('searchVectorStore', 'finds, best first', 'D', async (bench) => {
  const { files } = await bench.filled()
  const page = await search(bench, {})
  assert.deepEqual([page.object, page.search_query], ['vector_store.search_results.page', [QUERY]])
  assert.deepEqual([page.has_more, page.next_page], [false, null])
  const [best] = page.data
  assert.deepEqual([best?.file_id, best?.filename], [files[0]?.id, files[0]?.filename])
  assert.deepEqual(best?.attributes, { shelf: 'A' })
  assert.match(best?.content[0]?.text ?? '', /harbour clock/)
  const scores = page.data.map(({ score }) => score)
  assert.deepEqual(
    scores,
    scores.toSorted((a, b) => b - a),
  )
})
good('searchVectorStore', 'queries as a list', 'D', async (bench) => {
  const page = await search(bench, { query: [QUERY, 'owls'] })
  assert.deepEqual(page.search_query, [QUERY, 'owls'])
})
good('searchVectorStore', 'max_num_results', 'D', async (bench) => {
  const page = await search(bench, { query: 'clock pears owls trains', max_num_results: 1 })
  assert.equal(page.data.length, 1)
})
const filters: [what: string, filter: object, matches: boolean][] = [
  ['eq', { type: 'eq', key: 'shelf', value: 'A' }, true],
  ['ne', { type: 'ne', key: 'shelf', value: 'A' }, false],
  ['in', { type: 'in', key: 'shelf', value: ['A', 'B'] }, true],
  ['nin', { type: 'nin', key: 'shelf', value: ['A', 'B'] }, false],
  [
    'and, or, nested',
    {
      type: 'and',
      filters: [
        { type: 'eq', key: 'shelf', value: 'A' },
        {
          type: 'or',
          filters: [
            { type: 'eq', key: 'shelf', value: 'B' },
            { type: 'eq', key: 'shelf', value: 'A' },
          ],
        },
      ],
    },
    true,
  ],
]
for (const [what, filter, matches] of filters)
  good('searchVectorStore', `filters: ${what}`, 'D', async (bench) => {
    const { files } = await bench.filled()
    const { data } = await search(bench, { filters: filter })
    assert.equal(
      data.some(({ file_id }) => file_id === files[0]?.id),
      matches,
    )
  })
good('searchVectorStore', 'filters: gt gte lt lte on numbers', 'D', async (bench) => {
  const [store, file] = [await bench.newStore(), await bench.newFile()]
  const body = { file_id: file.id, attributes: { year: 2021 } }
  await bench.api.post(`/vector_stores/${store.id}/files`, body)
  await bench.indexed(store.id, file.id)
  for (const [type, value, count] of [
    ['gt', 2020, 1],
    ['gt', 2021, 0],
    ['gte', 2021, 1],
    ['lt', 2021, 0],
    ['lte', 2021, 1],
  ] as const) {
    const page = await bench.api.post<SearchPage>(`/vector_stores/${store.id}/search`, {
      query: QUERY,
      filters: { type, key: 'year', value },
    })
    assert.equal(page.data.length, count, `${type} ${value}`)
  }
})
for (const ranker of ['none', 'auto', 'default-2024-11-15'])
  good('searchVectorStore', `ranker ${ranker}`, 'D', async (bench) => {
    const page = await search(bench, { ranking_options: { ranker, score_threshold: 0 } })
    assert.ok(page.data.length > 0)
  })
good('searchVectorStore', 'score_threshold keeps to itself', 'D', async (bench) => {
  const page = await search(bench, { ranking_options: { score_threshold: 0.5 } })
  assert.ok(page.data.every(({ score }) => score >= 0.5))
})
error('searchVectorStore', 'a filter there is not', 'D', async (bench) => {
  const { store } = await bench.filled()
  const body = { query: QUERY, filters: { type: 'like', key: 'a', value: 'b' } }
  await bench.api.refused('POST', `/vector_stores/${store.id}/search`, { body }, { status: 400 })
})
error('searchVectorStore', 'a score_threshold of 2', 'T', async (bench) => {
  const { store } = await bench.filled()
  const body = { query: QUERY, ranking_options: { score_threshold: 2 } }
  const param = 'ranking_options.score_threshold'
  const refusal = { status: 400, param, code: 'decimal_above_max_value' }
  await bench.api.refused('POST', `/vector_stores/${store.id}/search`, { body }, refusal)
})
