import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Attachment } from '@melzi/contract/message.ts'
import { noFile, openResourceHouse, storeOf } from '../../../tests/support/resource-house.ts'
import { onEachEngine } from '../../../tests/support/store-engines.ts'

const DAY_SECONDS = 86_400
const code = (file_id: string): Attachment => ({ file_id, tools: [{ type: 'code_interpreter' }] })
const search = (file_id: string): Attachment => ({ file_id, tools: [{ type: 'file_search' }] })

onEachEngine('attachments', (engine) => {
  it('are kept as sent and go to the tools of the thread', async () => {
    await using t = await openResourceHouse(engine)
    const [a, b, c] = [await t.file(), await t.file(), await t.file()]
    const { id } = await t.thread({ tool_resources: { code_interpreter: { file_ids: [a] } } })
    const sent = [code(b), search(b), { file_id: c, tools: [] }, code(a)]
    const message = await t.say(id, ...sent)
    assert.deepEqual(message.attachments, sent)
    assert.deepEqual(await t.messages.get(t.owner, id, message.id), message)
    const thread = await t.threads.get(t.owner, id)
    const vs = storeOf(thread)
    assert.deepEqual(thread.toolResources, {
      code_interpreter: { file_ids: [a, b] },
      file_search: { vector_store_ids: [vs] },
    })
    assert.deepEqual([await t.expiryDays(vs), t.announced()], [7, 1])
    const [first] = await t.entries(vs)
    assert.equal(first?.id, b)

    await t.say(id, search(c), search(b))
    assert.equal(storeOf(await t.threads.get(t.owner, id)), vs, 'the thread has its store')
    const entries = await t.entries(vs)
    assert.deepEqual(
      entries.map((entry) => entry.id),
      [b, c],
    )
    assert.equal(entries[0]?.entry_id, first.entry_id, 'what is there is not indexed anew')

    await t.files.delete(t.owner, b)
    assert.deepEqual((await t.messages.get(t.owner, id, message.id)).attachments, sent)
    const after = await t.threads.get(t.owner, id)
    assert.deepEqual(after.toolResources.code_interpreter?.file_ids, [a])
  })

  it('try a file again that could not be indexed', async () => {
    await using t = await openResourceHouse(engine)
    const a = await t.file()
    const thread = await t.thread({
      messages: [{ role: 'user', content: 'x', attachments: [search(a)] }],
    })
    const vs = storeOf(thread)
    const [failed] = await t.entries(vs)
    await t.store.write('test.fail', (tx) =>
      tx.run("update vector_store_files set status = 'failed' where store_id = ?1", [vs]),
    )
    await t.say(thread.id, search(a))
    const entries = await t.entries(vs)
    assert.deepEqual(
      entries.map((entry) => entry.status),
      ['in_progress'],
    )
    assert.notEqual(entries[0]?.entry_id, failed?.entry_id)
  })

  it('must be the caller’s own, and nothing is half done', async () => {
    await using t = await openResourceHouse(engine)
    const other = await t.person()
    const mine = await t.file()
    const foreign = await t.file(other)
    const gone = await t.file(t.owner, 3_600)
    t.wait(3_600)
    const { id } = await t.thread()
    for (const wrong of [foreign, gone, 'file-none']) {
      for (const attachment of [code(wrong), search(wrong), { file_id: wrong, tools: [] }]) {
        const attachments = [code(mine), search(mine), attachment]
        await assert.rejects(t.say(id, ...attachments), noFile(wrong))
        const messages = [{ role: 'user', content: 'x', attachments }]
        await assert.rejects(t.thread({ messages }), noFile(wrong))
      }
    }
    assert.deepEqual(
      [await t.count('messages'), await t.count('threads'), await t.count('vector_stores')],
      [0, 1, 0],
    )
    assert.deepEqual((await t.threads.get(t.owner, id)).toolResources, {})
    assert.equal(t.announced(), 0)
  })

  it('fill a thread up to twenty files for code, and no further', async () => {
    await using t = await openResourceHouse(engine)
    const ids: string[] = []
    for (let i = 0; i < 21; i += 1) ids.push(await t.file())
    const last = ids.pop() ?? ''
    const { id } = await t.thread({
      tool_resources: { code_interpreter: { file_ids: ids.slice(0, 18) } },
    })
    await assert.rejects(
      t.say(id, code(ids[18] ?? ''), code(ids[19] ?? ''), code(last), search(last)),
      {
        status: 400,
        code: 'array_above_max_length',
        param: 'attachments',
        message: /would hold 21/,
      },
    )
    assert.deepEqual([await t.count('messages'), await t.count('vector_stores')], [0, 0])
    await t.say(id, code(ids[18] ?? ''), code(ids[19] ?? ''))
    await t.say(id, code(ids[0] ?? ''))
    const thread = await t.threads.get(t.owner, id)
    assert.deepEqual(thread.toolResources.code_interpreter?.file_ids, ids)
    await t.files.delete(t.owner, ids[0] ?? '')
    await t.say(id, code(last))
  })

  it('are refused when the thread’s store has expired, and put that off otherwise', async () => {
    await using t = await openResourceHouse(engine)
    const [a, b, c] = [await t.file(), await t.file(), await t.file()]
    const { id } = await t.thread()
    await t.say(id, search(a))
    t.wait(6 * DAY_SECONDS)
    await t.say(id, search(b))
    for (let use = 0; use < 2; use += 1) {
      t.wait(6 * DAY_SECONDS)
      await t.say(id, search(b))
    }
    t.wait(7 * DAY_SECONDS)
    const vs = storeOf(await t.threads.get(t.owner, id))
    await assert.rejects(t.say(id, code(c), search(c)), {
      status: 400,
      message: `Vector store ${vs} has expired.`,
    })
    assert.equal(await t.count('messages'), 4)
    await t.threads.update(t.owner, id, {
      tool_resources: { file_search: { vector_store_ids: [] } },
    })
    await t.say(id, search(c))
    assert.notEqual(storeOf(await t.threads.get(t.owner, id)), vs)
  })

  it('of messages that come at once are all there', async () => {
    await using t = await openResourceHouse(engine)
    const ids: string[] = []
    for (let i = 0; i < 12; i += 1) ids.push(await t.file())
    const { id } = await t.thread()
    await Promise.all(ids.map((file) => t.say(id, code(file), search(file))))
    const thread = await t.threads.get(t.owner, id)
    assert.deepEqual(thread.toolResources.code_interpreter?.file_ids.toSorted(), ids.toSorted())
    const entries = await t.entries(storeOf(thread))
    assert.deepEqual(entries.map((entry) => entry.id).toSorted(), ids.toSorted())
    assert.equal(await t.count('vector_stores'), 1)
  })

  it('of a file that is deleted meanwhile are refused or taken, never half', async () => {
    await using t = await openResourceHouse(engine)
    for (let i = 0; i < 8; i += 1) {
      const file = await t.file()
      const { id } = await t.thread()
      const [said] = await Promise.allSettled([
        t.say(id, code(file), search(file)),
        t.files.delete(t.owner, file),
      ])
      if (said.status === 'rejected') assert.equal((said.reason as { status: number }).status, 404)
      const { code_interpreter } = (await t.threads.get(t.owner, id)).toolResources
      assert.equal(code_interpreter, undefined, 'the file took its links along')
    }
  })
})
