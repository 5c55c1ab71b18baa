import assert from 'node:assert/strict'
import type { FileObject } from '@melzi/contract/file.ts'
import { fileForm } from '../../server/tests/support/factories.ts'
import { told } from '../client.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 2, 3 and 14. */
const { rows, good, error, list } = rowsOf('files')
export const fileRows = rows

const INVALID = { type: 'invalid_request_error' }

good('createFile', 'processed at once, every field', 'R', async (bench) => {
  const made = await bench.newFile('twelve bytes', '報告.txt')
  assert.match(made.id, /^file-[0-9A-Za-z]{22,24}$/)
  const { id: _, created_at, ...rest } = made
  assert.ok(Number.isInteger(created_at))
  assert.deepEqual(rest, {
    object: 'file',
    purpose: 'assistants',
    filename: '報告.txt',
    bytes: 12,
    expires_at: null,
    status: 'processed',
    status_details: null,
  })
})
good('createFile', 'every purpose there is for it', 'D', async (bench) => {
  for (const purpose of ['assistants', 'vision', 'user_data'])
    assert.equal((await bench.newFile('x', 'x.txt', { purpose })).purpose, purpose)
})
good('createFile', 'expires_after', 'D', async (bench) => {
  const made = await bench.newFile('x', 'x.txt', {
    purpose: 'assistants',
    'expires_after[anchor]': 'created_at',
    'expires_after[seconds]': '3600',
  })
  assert.equal(made.expires_at, made.created_at + 3_600)
})
good('retrieveFile', 'what was made', 'D', async (bench) => {
  const made = await bench.file()
  assert.deepEqual(await bench.api.get(`/files/${made.id}`), made)
})
good('listFiles', 'has what was made', 'D', async (bench) => {
  const made = await bench.file()
  const { data } = await bench.api.get<{ data: FileObject[] }>('/files')
  assert.deepEqual(
    data.find(({ id }) => id === made.id),
    made,
  )
})
good('downloadFile', 'the bytes, as an attachment', 'R', async (bench) => {
  const bytes = 'one\u0000two\r\n達'
  const { id } = await bench.newFile(bytes, 'a b.bin', { purpose: 'vision' })
  const reply = await bench.api.fetch('GET', `/files/${id}/content`)
  assert.equal(reply.status, 200)
  assert.equal(await reply.text(), bytes)
  assert.equal(reply.headers.get('content-type'), 'application/octet-stream')
  assert.match(reply.headers.get('content-disposition') ?? '', /^attachment; filename="a b\.bin"/)
})
good('deleteFile', 'says so, with the object file', 'R', async (bench) => {
  const { id } = await bench.newFile()
  assert.deepEqual(await bench.api.delete(`/files/${id}`), { id, object: 'file', deleted: true })
  await bench.api.refused('GET', `/files/${id}`, {}, { status: 404 })
})
good('deleteFile', 'a second time', '?', async (bench) => {
  const { id } = await bench.newFile()
  await bench.api.delete(`/files/${id}`)
  return told(await bench.api.send('DELETE', `/files/${id}`))
})
good('deleteFile', 'goes out of stores and tool resources too', 'D', async (bench) => {
  const file = await bench.newFile()
  const store = await bench.newStore({ file_ids: [file.id] })
  await bench.indexed(store.id, file.id)
  const assistant = await bench.newAssistant({
    tools: [{ type: 'code_interpreter' }],
    tool_resources: { code_interpreter: { file_ids: [file.id] } },
  })
  await bench.api.delete(`/files/${file.id}`)
  await bench.api.refused('GET', `/vector_stores/${store.id}/files/${file.id}`, {}, { status: 404 })
  const found = await bench.api.get<typeof assistant>(`/assistants/${assistant.id}`)
  assert.deepEqual(found.tool_resources, { code_interpreter: { file_ids: [] } })
})
list('listFiles', 'purpose filters', 'D', async (bench) => {
  const [one, two] = [await bench.newFile(), await bench.newFile('x', 'x', { purpose: 'vision' })]
  const { data } = await bench.api.get<{ data: FileObject[] }>('/files?purpose=vision')
  assert.ok(data.every(({ purpose }) => purpose === 'vision'))
  const ids = data.map(({ id }) => id)
  assert.deepEqual([ids.includes(one.id), ids.includes(two.id)], [false, true])
})

error('createFile', 'a purpose there is not', 'R', async ({ api }) => {
  const body = fileForm('x', 'x.txt', { purpose: 'fun' })
  const message = /^'fun' is not one of \['[a-z_'\-, ]+'\] - 'purpose'$/
  const refusal = { ...INVALID, status: 400, message, param: 'purpose', code: null }
  const reply = await api.refused('POST', '/files', { body }, refusal)
  assert.ok('detail' in (reply.body as object), 'detail beside error')
})
error('createFile', 'purpose is missing', 'D', async ({ api }) => {
  await api.refused('POST', '/files', { body: fileForm('x', 'x.txt', {}) }, { status: 400 })
})
error('createFile', 'file is missing', 'D', async ({ api }) => {
  const body = new FormData()
  body.append('purpose', 'assistants')
  await api.refused('POST', '/files', { body }, { ...INVALID, status: 400 })
})
error('createFile', 'an unknown field', 'T', async ({ api }) => {
  const body = fileForm('x', 'x.txt', { purpose: 'assistants', colour_of_the_sky: 'blue' })
  const refusal = { status: 400, param: 'colour_of_the_sky', code: 'unknown_parameter' }
  await api.refused('POST', '/files', { body }, refusal)
})
for (const [what, seconds] of [
  ['below minimum', '3599'],
  ['above maximum', '2592001'],
] as const)
  error('createFile', `expires_after[seconds] ${what}`, 'D', async ({ api }) => {
    const fields = { 'expires_after[anchor]': 'created_at', 'expires_after[seconds]': seconds }
    const body = fileForm('x', 'x.txt', { purpose: 'assistants', ...fields })
    await api.refused('POST', '/files', { body }, { status: 400 })
  })
error('createFile', 'a body that is no form', '?', async ({ api }) =>
  told(await api.send('POST', '/files', { raw: '{"purpose":"assistants"}' })),
)
for (const purpose of ['assistants', 'user_data'])
  error('downloadFile', `a file of ${purpose}`, 'T', async (bench) => {
    const { id } = await bench.newFile('x', 'x.txt', { purpose })
    const reply = await bench.api.fetch('GET', `/files/${id}/content`)
    if (reply.status === 200) return 'allowed here, as a self-hosted server may'
    const message = `Not allowed to download files of purpose: ${purpose}`
    await bench.api.refused('GET', `/files/${id}/content`, {}, { status: 400, message })
    return undefined
  })
