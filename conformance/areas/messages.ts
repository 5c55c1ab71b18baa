import assert from 'node:assert/strict'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import type { Bench } from '../bench.ts'
import { told } from '../client.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 3 and 6. */
const { rows, good, error, list } = rowsOf('messages')
export const messageRows = rows

const PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PNG = Buffer.from(PICTURE.slice(PICTURE.indexOf(',') + 1), 'base64')

const add = async (bench: Bench, fields: object): Promise<MessageObject> => {
  const { id } = await bench.newThread()
  return bench.api.post(`/threads/${id}/messages`, { role: 'user', ...fields })
}

good('createMessage', 'a text becomes one part; everything else by default', 'R', async (bench) => {
  const made = await add(bench, { content: 'Hello 達' })
  assert.match(made.id, /^msg_[0-9A-Za-z]{24}$/)
  assert.deepEqual(made.content, [{ type: 'text', text: { value: 'Hello 達', annotations: [] } }])
  const { object, role, assistant_id, run_id, attachments, metadata } = made
  assert.deepEqual(
    { object, role, assistant_id, run_id, attachments, metadata },
    {
      object: 'thread.message',
      role: 'user',
      assistant_id: null,
      run_id: null,
      attachments: [],
      metadata: {},
    },
  )
})
good('createMessage', 'the state of a client-made message', '?', async (bench) => {
  const { status, created_at, completed_at } = await add(bench, { content: 'x' })
  return `status ${status}, completed_at ${completed_at === created_at ? 'as created_at' : `${completed_at}`}`
})
good('createMessage', 'the role assistant', 'D', async (bench) => {
  assert.equal((await add(bench, { role: 'assistant', content: 'x' })).role, 'assistant')
})
good('createMessage', 'parts of text and picture; detail is filled', 'R', async (bench) => {
  const url = 'https://example.com/a.png'
  const { content } = await add(bench, {
    content: [
      { type: 'text', text: 'Look.' },
      { type: 'image_url', image_url: { url } },
      { type: 'image_url', image_url: { url, detail: 'low' } },
    ],
  })
  assert.deepEqual(content, [
    { type: 'text', text: { value: 'Look.', annotations: [] } },
    { type: 'image_url', image_url: { url, detail: 'auto' } },
    { type: 'image_url', image_url: { url, detail: 'low' } },
  ])
})
good('createMessage', 'a picture as data URL, alone', '0', async (bench) => {
  const { content } = await add(bench, {
    content: [{ type: 'image_url', image_url: { url: PICTURE } }],
  })
  assert.deepEqual(content, [{ type: 'image_url', image_url: { url: PICTURE, detail: 'auto' } }])
})
good('createMessage', 'a picture from a file', 'R', async (bench) => {
  const file = await bench.newFile(PNG, 'a.png', { purpose: 'vision' })
  const { content } = await add(bench, {
    content: [{ type: 'image_file', image_file: { file_id: file.id, detail: 'high' } }],
  })
  assert.deepEqual(content, [
    { type: 'image_file', image_file: { file_id: file.id, detail: 'high' } },
  ])
})
good('createMessage', 'attachments come back as sent, a file twice', 'R', async (bench) => {
  const { id: file_id } = await bench.file()
  const attachments = [
    { file_id, tools: [{ type: 'file_search' }] },
    { file_id, tools: [{ type: 'code_interpreter' }] },
  ]
  const made = await add(bench, { content: 'x', attachments })
  assert.deepEqual(made.attachments, attachments)
  const path = `/threads/${made.thread_id}/messages/${made.id}`
  assert.deepEqual((await bench.api.get<MessageObject>(path)).attachments, attachments)
})
good('createMessage', 'attachments join the resources of the thread', 'D', async (bench) => {
  const { id: file_id } = await bench.file()
  const tools = [{ type: 'file_search' }, { type: 'code_interpreter' }]
  const made = await add(bench, { content: 'x', attachments: [{ file_id, tools }] })
  const thread = await bench.api.get<ThreadObject>(`/threads/${made.thread_id}`)
  const { code_interpreter, file_search } = thread.tool_resources ?? {}
  assert.deepEqual(code_interpreter?.file_ids, [file_id])
  const [store] = file_search?.vector_store_ids ?? []
  bench.keep(`/vector_stores/${store}`)
  const found = await bench.api.get<{ expires_after: unknown }>(`/vector_stores/${store}`)
  assert.deepEqual(found.expires_after, { anchor: 'last_active_at', days: 7 })
  await bench.api.get(`/vector_stores/${store}/files/${file_id}`)
})
good('createMessage', 'empty text', '?', async (bench) => {
  const { id } = await bench.newThread()
  const body = { role: 'user', content: '' }
  return told(await bench.api.send('POST', `/threads/${id}/messages`, { body }))
})
error('createMessage', 'many attachments', '?', async (bench) => {
  const { id } = await bench.newThread()
  const file = await bench.file()
  const attachments = Array.from({ length: 21 }, () => ({
    file_id: file.id,
    tools: [{ type: 'code_interpreter' }],
  }))
  const body = { role: 'user', content: 'x', attachments }
  return `21: ${told(await bench.api.send('POST', `/threads/${id}/messages`, { body }))}`
})
good('getMessage', 'what was made', 'D', async (bench) => {
  const made = await add(bench, { content: 'x', metadata: { a: 'b' } })
  assert.deepEqual(await bench.api.get(`/threads/${made.thread_id}/messages/${made.id}`), made)
})
good('getMessage', 'the answer of a run names run and assistant', 'R', async (bench) => {
  const { run, message, assistant } = await bench.ended()
  assert.deepEqual(
    [message.role, message.run_id, message.assistant_id],
    ['assistant', run.id, assistant.id],
  )
  assert.deepEqual(message.attachments, [])
})
good('modifyMessage', 'metadata alone', 'R', async (bench) => {
  const made = await add(bench, { content: 'x', metadata: { a: 'b' } })
  const path = `/threads/${made.thread_id}/messages/${made.id}`
  const changed = await bench.api.post(path, { metadata: { a: 'c' } })
  assert.deepEqual(changed, { ...made, metadata: { a: 'c' } })
  await bench.api.refused('POST', path, { body: { content: 'y' } }, { status: 400 })
})
good('deleteMessage', 'says so, and only it is gone', 'R', async (bench) => {
  const { id } = await bench.thread('one', 'two')
  const [first, second] = await bench.messages(id)
  const path = `/threads/${id}/messages/${first?.id}`
  const deleted = { id: first?.id, object: 'thread.message.deleted', deleted: true }
  assert.deepEqual(await bench.api.delete(path), deleted)
  assert.deepEqual(await bench.messages(id), [second])
})
good('deleteMessage', 'during an active run', '?', async (bench) => {
  const { thread_id } = await bench.waiting()
  const [message] = await bench.messages(thread_id)
  return told(await bench.api.send('DELETE', `/threads/${thread_id}/messages/${message?.id}`))
})
good('listMessages', 'twenty unless told, newest first within one second', 'R', async (bench) => {
  const said = Array.from({ length: 21 }, (_, i) => `${i}`)
  const { id } = await bench.thread(...said)
  const page = await bench.api.get<{ data: MessageObject[]; has_more: boolean }>(
    `/threads/${id}/messages`,
  )
  const texts = page.data.map(({ content: [part] }) =>
    part?.type === 'text' ? part.text.value : '',
  )
  assert.deepEqual(texts, said.toReversed().slice(0, 20))
  assert.equal(page.has_more, true)
})
list('listMessages', 'run_id filters', 'D', async (bench) => {
  const { run, message } = await bench.ended()
  const path = `/threads/${run.thread_id}/messages?run_id=${run.id}`
  const { data } = await bench.api.get<{ data: MessageObject[] }>(path)
  assert.deepEqual(data, [message])
})
list('listMessages', 'of an empty thread', 'R', async (bench) => {
  const { id } = await bench.newThread()
  assert.deepEqual(await bench.api.get(`/threads/${id}/messages`), {
    object: 'list',
    data: [],
    first_id: null,
    last_id: null,
    has_more: false,
  })
})

const refused: [what: string, fields: object, param: string, code: string | null][] = [
  [
    'text of 256,001 characters',
    { content: 'x'.repeat(256_001) },
    'content',
    'string_above_max_length',
  ],
  ['a part there is not', { content: [{ type: 'smell' }] }, 'content[0].type', 'invalid_value'],
  [
    'a part of text without text',
    { content: [{ type: 'text' }] },
    'content[0].text',
    'missing_required_parameter',
  ],
  [
    'a detail there is not',
    { content: [{ type: 'image_url', image_url: { url: PICTURE, detail: 'x' } }] },
    'content[0].image_url.detail',
    'invalid_value',
  ],
]
for (const [what, fields, param, code] of refused)
  error('createMessage', what, 'T', async (bench) => {
    const { id } = await bench.newThread()
    const body = { role: 'user', ...fields }
    await bench.api.refused(
      'POST',
      `/threads/${id}/messages`,
      { body },
      { status: 400, param, code },
    )
  })
error('createMessage', 'no parts', 'D', async (bench) => {
  const { id } = await bench.newThread()
  const body = { role: 'user', content: [] }
  await bench.api.refused('POST', `/threads/${id}/messages`, { body }, { status: 400 })
})
error('createMessage', "an attached file that is nobody's", 'R', async (bench) => {
  const { id } = await bench.newThread()
  const file_id = `file-${'x'.repeat(24)}`
  const attachments = [{ file_id, tools: [{ type: 'file_search' }] }]
  const body = { role: 'user', content: 'x', attachments }
  const refusal = { status: 404, message: `No such File object: ${file_id}` }
  await bench.api.refused('POST', `/threads/${id}/messages`, { body }, refusal)
})
error('createMessage', 'on a locked thread', 'T', async (bench) => {
  const { id, thread_id } = await bench.sharedWaiting()
  const message = `Can't add messages to ${thread_id} while a run ${id} is active.`
  const body = { role: 'user', content: 'x' }
  const refusal = { status: 400, message, param: null, code: null }
  await bench.api.refused('POST', `/threads/${thread_id}/messages`, { body }, refusal)
})
