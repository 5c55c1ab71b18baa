import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AssistantObject } from '@melzi/contract/assistant.ts'
import { MessageObject } from '@melzi/contract/message.ts'
import type { ListReply } from '@melzi/contract/list.ts'
import { ThreadObject } from '@melzi/contract/thread.ts'
import { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { skipUnless } from '../support/components.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'
import { ASSISTANTS, found, settled } from '../support/vector-stores.ts'

const CODE = { type: 'code_interpreter' }
const SEARCH = { type: 'file_search' }
const WEEK_SECONDS = 7 * 86_400
const storeOf = ({ tool_resources: resources }: AssistantObject | ThreadObject): string =>
  resources?.file_search?.vector_store_ids?.[0] ?? assert.fail('no vector store')

// behaviour.md 4, 5, 6 and 14.
for (const engine of ['sqlite', 'postgres'] as const) {
  const options = engine === 'postgres' ? skipUnless('postgresql') : {}
  describe(`files and stores of tools on ${engine}`, options, () => {
    let model: ScriptedModel
    let server: BootedServer
    let api: Api
    let other: Api
    const ids = { mine: '', second: '', foreign: '', foreignStore: '' }

    before(async () => {
      model = await startScriptedModel()
      server = await bootServer({ engine, model: { url: model.url } })
      api = new Api(server)
      other = new Api(await server.keyOf('Salaì'))
      ids.mine = (await api.file('the heron sleeps', 'heron.txt', ASSISTANTS)).id
      ids.second = (await api.file('a,b', 'table.csv', ASSISTANTS)).id
      ids.foreign = (await other.file('x', 'x.txt', ASSISTANTS)).id
      ids.foreignStore = (await other.post<VectorStoreObject>('/vector_stores')).id
    })
    after(async () => {
      await server?.[Symbol.asyncDispose]()
      await model?.[Symbol.asyncDispose]()
    })

    const vectorStore = async (id: string) =>
      VectorStoreObject.parse(await api.get(`/vector_stores/${id}`))

    it('built-in tools are echoed as the contract has them, each at most once', async () => {
      const filled = { ranker: 'default_2024_08_21', score_threshold: 0, hybrid_search: null }
      const made = await api.assistant({ tools: [SEARCH, CODE] })
      assert.deepEqual(made.tools, [
        { type: 'file_search', file_search: { ranking_options: filled } },
        CODE,
      ])
      assert.deepEqual(made.tool_resources, { code_interpreter: { file_ids: [] } })
      const file_search = {
        max_num_results: 7,
        ranking_options: { ranker: 'auto', score_threshold: 0.5 },
      }
      const path = `/assistants/${made.id}`
      const changed = await api.post<AssistantObject>(path, {
        tools: [{ type: 'file_search', file_search }],
      })
      assert.deepEqual(changed.tools, [
        {
          type: 'file_search',
          file_search: {
            max_num_results: 7,
            ranking_options: { ranker: 'auto', score_threshold: 0.5, hybrid_search: null },
          },
        },
      ])
      assert.deepEqual(changed.tool_resources, {})
      // What the server showed can be sent again.
      assert.deepEqual(
        (await api.post<AssistantObject>(path, { tools: made.tools })).tools,
        made.tools,
      )
      for (const tool of [SEARCH, CODE]) {
        const body = { model: 'scripted', tools: [tool, { ...tool }] }
        const refusal = { status: 400, param: 'tools[1].type', code: 'invalid_value' }
        await api.refused('POST', '/assistants', body, refusal)
        await api.refused('POST', path, body, refusal)
      }
      const wrong = { type: 'file_search', file_search: { max_num_results: 51 } }
      await api.refused('POST', path, { tools: [wrong] }, { status: 400 })
    })

    it('of an assistant are made, shown, replaced and lost with what is deleted', async () => {
      const passing = (await api.file('gone soon', 'gone.txt', ASSISTANTS)).id
      const made = await api.assistant({
        tools: [CODE, SEARCH],
        tool_resources: {
          code_interpreter: { file_ids: [ids.second, passing] },
          file_search: {
            vector_stores: [
              {
                file_ids: [ids.mine],
                chunking_strategy: {
                  type: 'static',
                  static: { max_chunk_size_tokens: 300, chunk_overlap_tokens: 10 },
                },
                metadata: { topic: 'birds' },
              },
            ],
          },
        },
      })
      const path = `/assistants/${made.id}`
      const id = storeOf(made)
      assert.deepEqual(made.tool_resources, {
        code_interpreter: { file_ids: [ids.second, passing] },
        file_search: { vector_store_ids: [id] },
      })
      assert.deepEqual(AssistantObject.parse(await api.get(path)), made)
      const file = await settled(api, id, ids.mine)
      assert.deepEqual(file.chunking_strategy, {
        type: 'static',
        static: { max_chunk_size_tokens: 300, chunk_overlap_tokens: 10 },
      })
      assert.equal((await found(api, id, 'heron'))[0]?.file_id, ids.mine)
      const store = await vectorStore(id)
      assert.deepEqual([store.expires_after, store.metadata], [null, { topic: 'birds' }])

      await api.delete(`/files/${passing}`)
      const list = await api.get<ListReply<AssistantObject>>('/assistants?limit=1')
      assert.deepEqual(list.data[0]?.tool_resources?.code_interpreter, { file_ids: [ids.second] })
      const update = async (tool_resources: object | null) =>
        (await api.post<AssistantObject>(path, { tool_resources })).tool_resources
      assert.deepEqual(await update({ code_interpreter: { file_ids: [] } }), {
        code_interpreter: { file_ids: [] },
        file_search: { vector_store_ids: [id] },
      })
      await api.delete(`/vector_stores/${id}`)
      const after = AssistantObject.parse(await api.get(path))
      assert.deepEqual(after.tool_resources, { code_interpreter: { file_ids: [] } })
    })

    it('of a thread are made, shown, replaced, and its store lives seven days', async () => {
      const thread = await api.post<ThreadObject>('/threads', {
        tool_resources: {
          code_interpreter: { file_ids: [ids.second] },
          file_search: { vector_stores: [{ file_ids: [ids.mine] }] },
        },
      })
      const path = `/threads/${thread.id}`
      const id = storeOf(thread)
      assert.deepEqual(ThreadObject.parse(await api.get(path)), thread)
      const store = await vectorStore(id)
      assert.deepEqual(store.expires_after, { anchor: 'last_active_at', days: 7 })
      assert.equal(store.expires_at, (store.last_active_at ?? 0) + WEEK_SECONDS)
      assert.equal((await settled(api, id, ids.mine)).status, 'completed')
      const own = (await api.post<VectorStoreObject>('/vector_stores')).id
      const changed = await api.post<ThreadObject>(path, {
        tool_resources: { file_search: { vector_store_ids: [own] } },
      })
      assert.deepEqual(changed.tool_resources, {
        code_interpreter: { file_ids: [ids.second] },
        file_search: { vector_store_ids: [own] },
      })
      const bare = await api.post<ThreadObject>(path, { tool_resources: null })
      assert.deepEqual(bare.tool_resources, {})
      const helper = { file_search: { vector_stores: [{ file_ids: [] }] } }
      await api.refused(
        'POST',
        path,
        { tool_resources: helper },
        { status: 400, code: 'unknown_parameter' },
      )
    })

    it('attachments are echoed as sent, go to the thread’s tools, and stay when their file goes', async () => {
      const passing = (await api.file('the otter swims', 'otter.txt', ASSISTANTS)).id
      const attachments = [
        { file_id: passing, tools: [SEARCH] },
        { file_id: passing, tools: [CODE] },
        { file_id: ids.second, tools: [CODE, SEARCH] },
      ]
      const thread = await api.post<ThreadObject>('/threads', {
        messages: [{ role: 'user', content: 'Read these.', attachments }],
      })
      const path = `/threads/${thread.id}`
      const id = storeOf(thread)
      assert.deepEqual(thread.tool_resources, {
        code_interpreter: { file_ids: [passing, ids.second] },
        file_search: { vector_store_ids: [id] },
      })
      assert.deepEqual((await vectorStore(id)).expires_after, { anchor: 'last_active_at', days: 7 })
      assert.equal((await settled(api, id, passing)).status, 'completed')
      assert.equal((await found(api, id, 'otter'))[0]?.file_id, passing)
      const [first] = await api.messages(thread.id)
      assert.deepEqual(first?.attachments, attachments)

      const more = [{ file_id: ids.mine, tools: [SEARCH] }]
      const body = { role: 'user', content: 'And this.', attachments: more }
      const said = MessageObject.parse(await api.post(`${path}/messages`, body))
      assert.deepEqual(said.attachments, more)
      assert.equal((await settled(api, id, ids.mine)).status, 'completed')
      assert.deepEqual(await api.get(path), thread, 'the same store')

      await api.delete(`/files/${passing}`)
      const [again] = await api.messages(thread.id)
      assert.deepEqual(again?.attachments, attachments)
      const after = ThreadObject.parse(await api.get(path))
      assert.deepEqual(after.tool_resources?.code_interpreter, { file_ids: [ids.second] })
    })

    it('runs take attachments too, in their thread and in additional messages', async () => {
      const assistant = await api.assistant()
      const attachments = [{ file_id: ids.second, tools: [CODE] }]
      const message = { role: 'user', content: 'Count.', attachments }
      model.push({ text: 'two' })
      const events = await api.events('/threads/runs', {
        assistant_id: assistant.id,
        thread: {
          messages: [message],
          tool_resources: { file_search: { vector_stores: [{ file_ids: [ids.mine] }] } },
        },
      })
      const thread = ThreadObject.parse(events[0]?.data)
      assert.deepEqual(thread.tool_resources?.code_interpreter, { file_ids: [ids.second] })
      assert.equal((await settled(api, storeOf(thread), ids.mine)).status, 'completed')
      assert.deepEqual(await api.get(`/threads/${thread.id}`), thread)
      model.push({ text: 'three' })
      const additional = { ...message, attachments: [{ file_id: ids.mine, tools: [CODE] }] }
      const run = await api.run(thread.id, assistant.id, { additional_messages: [additional] })
      assert.equal((await api.settled(run)).status, 'completed')
      const after = ThreadObject.parse(await api.get(`/threads/${thread.id}`))
      assert.deepEqual(after.tool_resources?.code_interpreter, { file_ids: [ids.second, ids.mine] })
      const all = (await api.messages(thread.id)).map((one) => one.attachments)
      assert.deepEqual(all, [attachments, [], additional.attachments, []])
    })

    it('that are another person’s or nobody’s are not found, anywhere, and nothing is half done', async () => {
      const assistant = await api.assistant()
      const thread = await api.thread('hello')
      const before = await api.get<ListReply<VectorStoreObject>>('/vector_stores?limit=100')
      const noFile = (id: string) => ({
        status: 404,
        message: `No such File object: ${id}`,
        param: 'id',
      })
      const noStore = (id: string) => ({
        status: 404,
        message: `No vector store found with id '${id}'.`,
      })
      const named: [object, { status: number }][] = [ids.foreign, 'file-none'].map((id) => [
        { code_interpreter: { file_ids: [ids.mine, id] } },
        noFile(id),
      ])
      for (const id of [ids.foreignStore, 'vs_none'])
        named.push([{ file_search: { vector_store_ids: [id] } }, noStore(id)])
      const helper = { file_search: { vector_stores: [{ file_ids: [ids.mine, ids.foreign] }] } }
      const start = { assistant_id: assistant.id }
      for (const [tool_resources, refusal] of [...named, [helper, noFile(ids.foreign)] as const]) {
        await api.refused('POST', '/assistants', { model: 'scripted', tool_resources }, refusal)
        await api.refused('POST', '/threads', { tool_resources }, refusal)
        const messages = [{ role: 'user', content: 'x' }]
        const run = { ...start, thread: { messages, tool_resources } }
        await api.refused('POST', '/threads/runs', run, refusal)
      }
      for (const [tool_resources, refusal] of named) {
        const body = { metadata: { a: 'b' }, tool_resources }
        await api.refused('POST', `/assistants/${assistant.id}`, body, refusal)
        await api.refused('POST', `/threads/${thread.id}`, body, refusal)
      }
      for (const tools of [[CODE], [SEARCH], []]) {
        const message = {
          role: 'user',
          content: 'x',
          attachments: [
            { file_id: ids.mine, tools: [SEARCH] },
            { file_id: ids.foreign, tools },
          ],
        }
        const refusal = noFile(ids.foreign)
        const runs = `/threads/${thread.id}/runs`
        await api.refused('POST', `/threads/${thread.id}/messages`, message, refusal)
        await api.refused('POST', '/threads', { messages: [message] }, refusal)
        await api.refused('POST', runs, { ...start, additional_messages: [message] }, refusal)
        await api.refused(
          'POST',
          '/threads/runs',
          { ...start, thread: { messages: [message] } },
          refusal,
        )
      }
      assert.deepEqual(await api.get(`/assistants/${assistant.id}`), assistant)
      assert.deepEqual(await api.get(`/threads/${thread.id}`), thread)
      assert.equal((await api.messages(thread.id)).length, 1)
      assert.deepEqual(await api.get('/vector_stores?limit=100'), before)
    })

    it('that are malformed are refused', async () => {
      const many = Array.from({ length: 21 }, (_, i) => `file-${i}`)
      const refused: [object, string | null, string][] = [
        [
          { code_interpreter: { file_ids: many } },
          'tool_resources.code_interpreter.file_ids',
          'array_above_max_length',
        ],
        [
          { file_search: { vector_store_ids: ['vs_1', 'vs_2'] } },
          'tool_resources.file_search.vector_store_ids',
          'array_above_max_length',
        ],
        [
          { file_search: { vector_stores: [{}, {}] } },
          'tool_resources.file_search.vector_stores',
          'array_above_max_length',
        ],
        [
          { code_interpreter: { file_ids: [1] } },
          'tool_resources.code_interpreter.file_ids[0]',
          'invalid_type',
        ],
        [{ retrieval: {} }, 'tool_resources.retrieval', 'unknown_parameter'],
        [
          { file_search: { vector_store_ids: ['vs_1'], vector_stores: [{}] } },
          'tool_resources.file_search',
          'invalid_value',
        ],
      ]
      for (const [tool_resources, param, errorCode] of refused) {
        const refusal = { status: 400, param, code: errorCode }
        await api.refused('POST', '/assistants', { model: 'scripted', tool_resources }, refusal)
        await api.refused('POST', '/threads', { tool_resources }, refusal)
      }
      const thread = await api.thread('x')
      const wrong: [unknown, string][] = [
        [[{ tools: [CODE] }], 'attachments[0].file_id'],
        [[{ file_id: ids.mine, tools: [{ type: 'function' }] }], 'attachments[0].tools[0].type'],
        [{}, 'attachments'],
      ]
      for (const [attachments, param] of wrong) {
        const body = { role: 'user', content: 'x', attachments }
        await api.refused('POST', `/threads/${thread.id}/messages`, body, { status: 400, param })
      }
    })
  })
}
