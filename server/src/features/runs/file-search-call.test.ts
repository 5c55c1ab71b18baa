import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SearchQuery } from '../vector-stores/search.ts'
import type { Passage } from '../vector-stores/service.ts'
import { citationsOf, passagesText, rankingOptionsOf, searchFiles } from './file-search-call.ts'
import type { RunRecord, StoredFileSearch } from './run-record.ts'

const CALL: StoredFileSearch = {
  id: 'call_1',
  type: 'file_search',
  file_search: { results: [] },
  arguments: '{"query":"leave"}',
  retrieval: null,
}

const SCOPE = { storeIds: ['vs_1'], contextTokens: null, promptTokens: null }

const runWith = (model: string, fileSearch: object, namesFiles = true) =>
  ({
    workspaceId: 'ws_1',
    model,
    namesFiles,
    toolResources: { file_search: { vector_store_ids: ['vs_1'] } },
    tools: [{ type: 'file_search', file_search: fileSearch }],
  }) as Pick<RunRecord, 'workspaceId' | 'model' | 'tools' | 'namesFiles' | 'toolResources'>

/** @param storeIds where each text is found; else in the assistant's store */
const searched = async (
  run: ReturnType<typeof runWith>,
  texts: readonly string[],
  storeIds: readonly string[] = [],
) => {
  const asked: SearchQuery[] = []
  const search = async (query: SearchQuery): Promise<Passage[]> => {
    asked.push(query)
    return texts.map((text, at) => ({
      storeId: storeIds[at] ?? 'vs_1',
      fileId: `file-${at}`,
      filename: `${at}.txt`,
      score: 1,
      attributes: { of: at },
      text,
    }))
  }
  const signal = new AbortController().signal
  const call = await searchFiles({ search }, run, SCOPE, CALL, 7, signal)
  return { asked: asked[0], call }
}

describe('a call of file_search', () => {
  it('asks for what the tool says, and for less where the model is small', async () => {
    const hybrid = { embedding_weight: 2, text_weight: 0.5 }
    const ranking = { ranker: 'auto', score_threshold: 0.4, hybrid_search: hybrid }
    const run = runWith('m', { max_num_results: 3, ranking_options: ranking })
    const { asked } = await searched(run, [])
    assert.deepEqual(
      [asked?.maxResults, asked?.scoreThreshold, asked?.weights],
      [3, 0.4, { embedding: 2, text: 0.5 }],
    )
    assert.deepEqual(rankingOptionsOf(run), ranking)
    assert.equal((await searched(runWith('m', {}), [])).asked?.maxResults, 20)
    assert.equal((await searched(runWith('gpt-3.5-turbo', {}), [])).asked?.maxResults, 5)
  })

  it('keeps to 16,000 tokens, and to 4,000 where the model is small, the best passage always there', async () => {
    const texts = ['字'.repeat(6_000), '字'.repeat(6_000), '字'.repeat(6_000)]
    const count = async (model: string) =>
      (await searched(runWith(model, {}), texts)).call.file_search.results?.length
    assert.equal(await count('m'), 2)
    assert.equal(await count('gpt-3.5-turbo'), 1)
  })

  it('marks passages so that answers can cite them', async () => {
    const { call } = await searched(runWith('m', {}), ['Ten days.', 'Other.'])
    assert.equal(passagesText(call), '【7:0†0.txt】\nTen days.\n\n【7:1†1.txt】\nOther.')
    assert.deepEqual(citationsOf(call)[0], ['【7:0†0.txt】', 'file-0'])
    assert.deepEqual(citationsOf(call)[3], ['7:1', 'file-1'])
  })

  it("names no file of the assistant where its maker does not, and the thread's own", async () => {
    const run = runWith('m', {}, false)
    const { call } = await searched(run, ['Ten days.', 'Other.'], ['vs_1', 'vs_thread'])
    assert.equal(passagesText(call), '【7:0†source】\nTen days.\n\n【7:1†1.txt】\nOther.')
    assert.deepEqual(citationsOf(call), [
      ['【7:1†1.txt】', 'file-1'],
      ['7:1', 'file-1'],
    ])
    const shown = call.file_search.results?.map(({ file_name, attributes }) => [
      file_name,
      attributes,
    ])
    assert.deepEqual(shown, [
      ['source', {}],
      ['1.txt', { of: 1 }],
    ])
  })
})
