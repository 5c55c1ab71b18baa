import assert from 'node:assert/strict'
import type { UploadObject, UploadPartObject } from '@melzi/contract/upload.ts'
import type { Bench } from '../bench.ts'
import { told } from '../client.ts'
import { partForm } from '../operations.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 14. */
const { rows, good, error } = rowsOf('uploads')
export const uploadRows = rows

const addPart = (bench: Bench, uploadId: string, bytes: string): Promise<UploadPartObject> =>
  bench.api.post(`/uploads/${uploadId}/parts`, partForm(bytes))

good('createUpload', 'pending for an hour, no file yet', 'R', async (bench) => {
  const made = await bench.newUpload(4)
  assert.match(made.id, /^upload_/)
  const { object, bytes, filename, purpose, status, expires_at } = made
  assert.deepEqual(
    { object, bytes, filename, purpose, status },
    { object: 'upload', bytes: 4, filename: 'notes.txt', purpose: 'assistants', status: 'pending' },
  )
  assert.equal(expires_at, made.created_at + 3_600)
  assert.ok(!('file' in made))
})
good('addUploadPart', 'a part', 'R', async (bench) => {
  const { id } = await bench.newUpload()
  const part = await addPart(bench, id, 'ab')
  assert.match(part.id, /^part_/)
  assert.deepEqual([part.object, part.upload_id], ['upload.part', id])
})
good('completeUpload', 'the parts in the order asked for become a file', 'R', async (bench) => {
  const { id } = await bench.newUpload(4)
  const [b, a] = [await addPart(bench, id, 'cd'), await addPart(bench, id, 'ab')]
  const body = { part_ids: [a.id, b.id], md5: 'e2fc714c4727ee9395f324cd2e7f331f' }
  const done = await bench.api.post<UploadObject>(`/uploads/${id}/complete`, body)
  assert.equal(done.status, 'completed')
  const fileId = done.file?.id ?? ''
  bench.keep(`/files/${fileId}`)
  const file = await bench.api.get<{ bytes: number; filename: string }>(`/files/${fileId}`)
  assert.deepEqual([file.bytes, file.filename], [4, 'notes.txt'])
})
good('cancelUpload', 'cancelled; no parts after it', 'R', async (bench) => {
  const { id } = await bench.newUpload()
  const done = await bench.api.call<UploadObject>('POST', `/uploads/${id}/cancel`)
  assert.equal(done.status, 'cancelled')
  await bench.api.refused('POST', `/uploads/${id}/parts`, { body: partForm('x') }, { status: 400 })
})

error('completeUpload', 'parts that are too few bytes', 'D', async (bench) => {
  const { id } = await bench.newUpload(4)
  const part = await addPart(bench, id, 'ab')
  const body = { part_ids: [part.id] }
  await bench.api.refused('POST', `/uploads/${id}/complete`, { body }, { status: 400 })
})
error('completeUpload', 'another MD5', 'D', async (bench) => {
  const { id } = await bench.newUpload(2)
  const part = await addPart(bench, id, 'ab')
  const body = { part_ids: [part.id], md5: 'f'.repeat(32) }
  await bench.api.refused('POST', `/uploads/${id}/complete`, { body }, { status: 400 })
})
error('completeUpload', 'a part of another upload', '?', async (bench) => {
  const [one, two] = [await bench.newUpload(2), await bench.newUpload(2)]
  const part = await addPart(bench, two.id, 'ab')
  const body = { part_ids: [part.id] }
  return told(await bench.api.send('POST', `/uploads/${one.id}/complete`, { body }))
})
error('cancelUpload', 'a completed upload', '?', async (bench) => {
  const { id } = await bench.newUpload(2)
  const part = await addPart(bench, id, 'ab')
  const body = { part_ids: [part.id] }
  const done = await bench.api.post<UploadObject>(`/uploads/${id}/complete`, body)
  bench.keep(`/files/${done.file?.id}`)
  return told(await bench.api.send('POST', `/uploads/${id}/cancel`))
})
error('addUploadPart', 'a form without data', 'D', async (bench) => {
  const { id } = await bench.newUpload()
  const body = new FormData()
  body.append('colour', 'blue')
  await bench.api.refused('POST', `/uploads/${id}/parts`, { body }, { status: 400 })
})
error('addUploadPart', 'a body that is no form', '?', async (bench) => {
  const { id } = await bench.newUpload()
  return told(await bench.api.send('POST', `/uploads/${id}/parts`, { body: {} }))
})
