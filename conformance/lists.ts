import type { ListReply } from '@melzi/contract/list.ts'
import { outputsOf, type Bench } from './bench.ts'
import type { ListCase } from './paging-rows.ts'

/** What each list call lists. */

const COUNT = 5
const many = async (make: (i: number) => Promise<{ id: string }>): Promise<string[]> => {
  const ids: string[] = []
  for (let i = 0; i < COUNT; i++) ids.push((await make(i)).id)
  return ids
}
const itemsOf = async (bench: Bench, path: string): Promise<string[]> =>
  (await bench.api.get<ListReply<{ id: string }>>(`${path}?order=asc&limit=100`)).data.map(
    ({ id }) => id,
  )

/** A run of three steps: text, a call, the answer; of two where the model writes no text first. */
const manySteps = async (bench: Bench) => {
  bench.says(
    {
      text: 'Let me see.',
      toolCalls: [{ name: 'unit_price', arguments: { price: 1, weight: 1 } }],
    },
    { text: 'It is 1.' },
  )
  const assistant = await bench.tooled()
  const thread = await bench.thread('What is the price of one kilogram, if 2 kg cost 120?')
  const run = await bench.settled(
    await bench.run(thread.id, assistant.id, { tool_choice: 'required' }),
  )
  await bench.api.post(`/threads/${thread.id}/runs/${run.id}/submit_tool_outputs`, outputsOf(run))
  return bench.settled(run)
}

export const LISTS: Record<string, ListCase> = {
  listAssistants: {
    make: async (bench) => ({
      path: '/assistants',
      ids: await many((i) => bench.newAssistant({ name: `${i}` })),
    }),
    isShared: true,
    item: 'assistant_id',
    itemPath: '/assistants/{assistant_id}',
  },
  listMessages: {
    make: async (bench) => {
      const { id } = await bench.thread('one', 'two', 'three', 'four', 'five')
      const path = `/threads/${id}/messages`
      return { path, ids: await itemsOf(bench, path) }
    },
    isShared: false,
    item: 'message_id',
    itemPath: '/threads/{thread_id}/messages/{message_id}',
  },
  listRuns: {
    make: async (bench) => {
      const assistant = await bench.assistant()
      const thread = await bench.thread('Say hello.')
      const ids: string[] = []
      for (let i = 0; i < 3; i++) {
        bench.says({ text: 'Hello.' })
        const run = await bench.run(thread.id, assistant.id)
        ids.push(run.id)
        await bench.settled(run)
      }
      return { path: `/threads/${thread.id}/runs`, ids }
    },
    isShared: false,
    item: 'run_id',
    itemPath: '/threads/{thread_id}/runs/{run_id}',
  },
  listRunSteps: {
    make: async (bench) => {
      const run = await manySteps(bench)
      const path = `/threads/${run.thread_id}/runs/${run.id}/steps`
      return { path, ids: await itemsOf(bench, path) }
    },
    isShared: false,
    item: 'step_id',
    itemPath: '/threads/{thread_id}/runs/{run_id}/steps/{step_id}',
  },
  listFiles: {
    make: async (bench) => ({ path: '/files', ids: await many((i) => bench.newFile(`${i}`)) }),
    isShared: true,
    item: 'file_id',
    itemPath: '/files/{file_id}',
  },
  listVectorStores: {
    make: async (bench) => ({
      path: '/vector_stores',
      ids: await many((i) => bench.newStore({ name: `${i}` })),
    }),
    isShared: true,
    item: 'vector_store_id',
    itemPath: '/vector_stores/{vector_store_id}',
  },
  listVectorStoreFiles: {
    make: async (bench) => {
      const path = `/vector_stores/${(await bench.filled()).store.id}/files`
      return { path, ids: await itemsOf(bench, path) }
    },
    isShared: false,
    item: 'file_id',
    itemPath: '/vector_stores/{vector_store_id}/files/{file_id}',
  },
  listFilesInVectorStoreBatch: {
    make: async (bench) => {
      const { store, batch } = await bench.filled()
      const path = `/vector_stores/${store.id}/file_batches/${batch.id}/files`
      return { path, ids: await itemsOf(bench, path) }
    },
    isShared: false,
    item: 'file_id',
    itemPath: '/vector_stores/{vector_store_id}/files/{file_id}',
  },
}
