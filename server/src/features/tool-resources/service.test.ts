import assert from 'node:assert/strict'
import { it } from 'node:test'
import { noFile, openResourceHouse, storeOf } from '../../../tests/support/resource-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

const NEWEST = { limit: 100, order: 'desc', after: null, before: null } as const
const noStore = (id: string) => ({
  status: 404,
  message: `No vector store found with id '${id}'.`,
})

onEachEngine('tool resources', (engine) => {
  it('of an assistant are made, replaced list by list, and taken away', async () => {
    await using t = await openResourceHouse(engine)
    const [a, b] = [await t.file(), await t.file()]
    const vs = await t.vectorStore()
    const made = await t.assistant({
      tool_resources: {
        code_interpreter: { file_ids: [b, a, b] },
        file_search: { vector_store_ids: [vs] },
      },
    })
    const held = {
      code_interpreter: { file_ids: [b, a] },
      file_search: { vector_store_ids: [vs] },
    }
    assert.deepEqual(made.toolResources, held)
    assert.deepEqual(await t.assistants.get(t.owner, made.id), made)
    const update = async (tool_resources: unknown) =>
      (await t.updateAssistant(made.id, { tool_resources })).toolResources
    assert.deepEqual(await update(undefined), held)
    assert.deepEqual(await update({}), held)
    assert.deepEqual(await update({ file_search: {} }), held)
    assert.deepEqual(await update({ code_interpreter: { file_ids: [a] } }), {
      ...held,
      code_interpreter: { file_ids: [a] },
    })
    const other = await t.vectorStore()
    assert.deepEqual(await update({ file_search: { vector_store_ids: [other] } }), {
      code_interpreter: { file_ids: [a] },
      file_search: { vector_store_ids: [other] },
    })
    assert.deepEqual(await update({ file_search: { vector_store_ids: [] } }), {
      code_interpreter: { file_ids: [a] },
    })
    assert.deepEqual(await update(null), {})
    assert.deepEqual((await t.assistants.get(t.owner, made.id)).toolResources, {})
  })

  it('make a store with the helper: a thread’s for seven days, an assistant’s for ever', async () => {
    await using t = await openResourceHouse(engine)
    const file_ids = [await t.file(), await t.file()]
    const chunking_strategy = {
      type: 'static',
      static: { max_chunk_size_tokens: 200, chunk_overlap_tokens: 50 },
    }
    const metadata = { a: 'b' }
    const tool_resources = {
      file_search: { vector_stores: [{ file_ids, chunking_strategy, metadata }] },
    }
    const ofThread = storeOf(await t.thread({ tool_resources }))
    const ofAssistant = storeOf(await t.assistant({ tool_resources }))
    assert.deepEqual(
      [await t.expiryDays(ofThread), await t.expiryDays(ofAssistant), t.announced()],
      [7, null, 2],
    )
    for (const id of [ofThread, ofAssistant]) {
      const rows = await t.entries(id)
      assert.deepEqual(
        rows.map((row) => row.id),
        file_ids,
      )
      const row = await t.store.get('select * from vector_store_files where store_id = ?1', [id])
      assert.deepEqual([row?.['max_tokens'], row?.['overlap_tokens']], [200, 50])
      const made = await t.store.get('select metadata from vector_stores where id = ?1', [id])
      assert.equal(made?.['metadata'], '{"a":"b"}')
    }
    await t.thread({ tool_resources: { file_search: { vector_store_ids: [ofThread] } } })
    assert.equal(t.announced(), 2, 'nothing new to index')
  })

  it('must be the caller’s own, and nothing is half done', async () => {
    await using t = await openResourceHouse(engine)
    const other = await t.person()
    const mine = await t.file()
    const foreign = await t.file(other)
    const foreignStore = await t.vectorStore(other)
    const wrong: [object, object][] = [
      [{ code_interpreter: { file_ids: [mine, foreign] } }, noFile(foreign)],
      [{ code_interpreter: { file_ids: ['file-none'] } }, noFile('file-none')],
      [{ file_search: { vector_store_ids: [foreignStore] } }, noStore(foreignStore)],
      [{ file_search: { vector_store_ids: ['vs_none'] } }, noStore('vs_none')],
    ]
    const helper = { file_search: { vector_stores: [{ file_ids: [mine, foreign] }] } }
    const both = { file_search: { vector_store_ids: ['vs_1'], vector_stores: [{}] } }
    const onCreate: [object, object][] = [
      ...wrong,
      [helper, noFile(foreign)],
      [both, { status: 400, param: 'tool_resources.file_search' }],
    ]
    const before = await t.count('vector_stores')
    for (const [tool_resources, refusal] of onCreate) {
      const messages = [{ role: 'user', content: 'x' }]
      await assert.rejects(t.assistant({ tool_resources }), refusal)
      await assert.rejects(t.thread({ tool_resources, messages }), refusal)
    }
    assert.deepEqual(
      [await t.count('assistants'), await t.count('threads'), await t.count('messages')],
      [0, 0, 0],
    )
    assert.equal(await t.count('vector_stores'), before)
    const held = { code_interpreter: { file_ids: [mine] } }
    const assistant = await t.assistant({ tool_resources: held })
    const thread = await t.thread({ tool_resources: held })
    for (const [tool_resources, refusal] of wrong) {
      // What stands beside the wrong id is not taken either.
      const fields = {
        metadata: { a: 'b' },
        tool_resources: { code_interpreter: { file_ids: [] }, ...tool_resources },
      }
      await assert.rejects(t.updateAssistant(assistant.id, fields), refusal)
      await assert.rejects(t.threads.update(t.owner, thread.id, fields), refusal)
    }
    assert.deepEqual(await t.assistants.get(t.owner, assistant.id), assistant)
    assert.deepEqual(await t.threads.get(t.owner, thread.id), thread)
  })

  it('lose what is deleted or has expired, and keep the rest', async () => {
    await using t = await openResourceHouse(engine)
    const [a, b] = [await t.file(), await t.file()]
    const short = await t.file(t.owner, 3_600)
    const vs = await t.vectorStore()
    const tool_resources = {
      code_interpreter: { file_ids: [a, short, b] },
      file_search: { vector_store_ids: [vs] },
    }
    const assistant = await t.assistant({ tool_resources })
    const thread = await t.thread({ tool_resources })
    const shown = async () => {
      const one = (await t.assistants.get(t.owner, assistant.id)).toolResources
      const two = await t.threads.toolResourcesOf(t.store, t.owner.workspaceId, thread.id)
      assert.deepEqual(one, two)
      return one
    }
    assert.deepEqual(await shown(), tool_resources)
    t.wait(3_600)
    assert.deepEqual((await shown()).code_interpreter?.file_ids, [a, b])
    assert.equal(await t.files.sweepExpired(), 1)
    await t.files.delete(t.owner, a)
    assert.deepEqual((await shown()).code_interpreter?.file_ids, [b])
    await t.store.write('test.delete', (tx) =>
      tx.run('delete from vector_stores where id = ?1', [vs]),
    )
    assert.deepEqual(await shown(), { code_interpreter: { file_ids: [b] } })
  })

  it('of a whole page come with one statement', async () => {
    await using t = await openResourceHouse(engine)
    const expected: object[] = []
    for (let i = 0; i < 5; i += 1) {
      const tool_resources = i === 2 ? {} : { code_interpreter: { file_ids: [await t.file()] } }
      await t.assistant({ tool_resources })
      await t.thread({ tool_resources })
      expected.unshift(tool_resources)
    }
    for (const service of [t.assistants, t.threads]) {
      t.asked.length = 0
      const { items } = await service.list(t.owner, NEWEST)
      assert.deepEqual(
        items.map((item) => item.toolResources),
        expected,
      )
      assert.equal(t.asked.filter((sql) => /union all/.test(sql)).length, 1)
    }
  })
})
