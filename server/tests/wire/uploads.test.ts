import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { FileObject } from '@melzi/contract/file.ts'
import { UploadObject, UploadPartObject } from '@melzi/contract/upload.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api } from '../support/factories.ts'

const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')

// behaviour.md 14.
describe('uploads', () => {
  let server: BootedServer
  let api: Api

  before(async () => {
    server = await bootServer()
    api = new Api(server)
  })
  after(() => server?.[Symbol.asyncDispose]())

  const create = async (bytes: number, fields: object = {}) =>
    UploadObject.parse(
      await api.post('/uploads', {
        filename: '大.bin',
        purpose: 'vision',
        bytes,
        mime_type: 'application/octet-stream',
        ...fields,
      }),
    )
  const partForm = (bytes: string | Uint8Array<ArrayBuffer>, field = 'data') => {
    const form = new FormData()
    form.append(field, new File([bytes], 'part'))
    return form
  }
  const addPart = async (id: string, bytes: string | Uint8Array<ArrayBuffer>) =>
    UploadPartObject.parse(await api.post(`/uploads/${id}/parts`, partForm(bytes)))

  it('become a file of the parts in the order asked for', async () => {
    const [one, two] = [randomBytes(3_000_000), randomBytes(2_000_000)]
    const upload = await create(5_000_000)
    assert.match(upload.id, /^upload_/)
    assert.deepEqual([upload.status, 'file' in upload], ['pending', false])
    assert.equal(upload.expires_at, upload.created_at + 3_600)
    // sent in another order, with one that is not used
    const second = await addPart(upload.id, two)
    await addPart(upload.id, 'never used')
    const first = await addPart(upload.id, one)
    assert.match(first.id, /^part_/)
    assert.equal(first.upload_id, upload.id)
    const body = { part_ids: [first.id, second.id], md5: md5(Buffer.concat([one, two])) }
    const done = UploadObject.parse(await api.post(`/uploads/${upload.id}/complete`, body))
    assert.equal(done.status, 'completed')
    const file = done.file
    assert.ok(file)
    assert.deepEqual([file.bytes, file.filename, file.purpose], [5_000_000, '大.bin', 'vision'])
    assert.deepEqual(await api.get(`/files/${file.id}`), file)
    assert.ok((await api.content(file.id)).bytes.equals(Buffer.concat([one, two])))

    assert.deepEqual(await api.post(`/uploads/${upload.id}/complete`, body), done, 'repeated')
    const ended = { status: 400, message: /its status is 'completed'/ }
    await api.refused('POST', `/uploads/${upload.id}/parts`, partForm('x'), ended)
    await api.refused('POST', `/uploads/${upload.id}/cancel`, undefined, ended)
    await api.refused('POST', `/uploads/${upload.id}/complete`, { part_ids: [first.id] }, ended)
    await api.delete(`/files/${file.id}`)
    const again = await api.post<UploadObject>(`/uploads/${upload.id}/complete`, body)
    assert.deepEqual([again.status, again.file], ['completed', null])
  })

  it('may be completed with an expiry, a capital MD5 or no bytes at all', async () => {
    const upload = await create(2, { expires_after: { anchor: 'created_at', seconds: 7_200 } })
    const part = await addPart(upload.id, 'ab')
    const { file } = await api.post<{ file: FileObject }>(`/uploads/${upload.id}/complete`, {
      part_ids: [part.id],
      md5: md5(Buffer.from('ab')).toUpperCase(),
    })
    assert.equal(file.expires_at, file.created_at + 7_200)
    const empty = await create(0)
    const done = await api.post<{ file: FileObject }>(`/uploads/${empty.id}/complete`, {
      part_ids: [],
    })
    assert.equal((await api.content(done.file.id)).bytes.length, 0)
  })

  it('that do not fit are not completed, and may be tried again', async () => {
    const upload = await create(4)
    const [a, b] = [await addPart(upload.id, 'ab'), await addPart(upload.id, 'cd')]
    const foreign = await addPart((await create(2)).id, 'ef')
    const path = `/uploads/${upload.id}/complete`
    const refused = (body: object, param: string, message: RegExp) =>
      api.refused('POST', path, body, { status: 400, param, message })
    await refused({ part_ids: [a.id] }, 'part_ids', /have 2 bytes together.*for 4 bytes/)
    await refused({ part_ids: [a.id, a.id] }, 'part_ids[1]', /named twice/)
    await refused({ part_ids: [a.id, foreign.id] }, 'part_ids[1]', /No part found/)
    await refused({ part_ids: [a.id, b.id], md5: 'f'.repeat(32) }, 'md5', /The MD5/)
    await api.refused('POST', path, {}, { status: 400, code: 'missing_required_parameter' })
    const done = await api.post<UploadObject>(path, { part_ids: [b.id, a.id] })
    assert.equal((await api.content(done.file?.id ?? '')).bytes.toString(), 'cdab')
  })

  it('are cancelled', async () => {
    const upload = await create(2)
    const part = await addPart(upload.id, 'ab')
    const cancelled = UploadObject.parse(await api.post(`/uploads/${upload.id}/cancel`))
    assert.deepEqual(cancelled, { ...upload, status: 'cancelled' })
    const ended = { status: 400, message: /its status is 'cancelled'/ }
    await api.refused('POST', `/uploads/${upload.id}/cancel`, undefined, ended)
    await api.refused('POST', `/uploads/${upload.id}/parts`, partForm('x'), ended)
    const body = { part_ids: [part.id] }
    await api.refused('POST', `/uploads/${upload.id}/complete`, body, ended)
  })

  it('of others are not there', async () => {
    const upload = await create(2)
    const part = await addPart(upload.id, 'ab')
    const other = new Api(await server.keyOf('Other'))
    const missing = { status: 404, message: `No upload found with id '${upload.id}'.` }
    const path = `/uploads/${upload.id}`
    await other.refused('POST', `${path}/parts`, partForm('x'), missing)
    await other.refused('POST', `${path}/complete`, { part_ids: [part.id] }, missing)
    await other.refused('POST', `${path}/cancel`, undefined, missing)
    for (const below of ['/parts', '/complete', '/cancel'])
      assert.equal((await fetch(server.baseUrl + path + below, { method: 'POST' })).status, 401)
    assert.equal((await fetch(`${server.baseUrl}/uploads`, { method: 'POST' })).status, 401)
    await api.post(`${path}/complete`, { part_ids: [part.id] })
  })

  const valid = { filename: 'a', purpose: 'vision', bytes: 1, mime_type: 'text/plain' }
  const bad: [what: string, body: object, param: string, code: string][] = [
    ['no bytes', { ...valid, bytes: undefined }, 'bytes', 'missing_required_parameter'],
    ['9 GB', { ...valid, bytes: 9 * 1024 ** 3 }, 'bytes', 'integer_above_max_value'],
    ['less than nothing', { ...valid, bytes: -1 }, 'bytes', 'integer_below_min_value'],
    ['a foreign purpose', { ...valid, purpose: 'fun' }, 'purpose', 'invalid_value'],
    ['an unknown key', { ...valid, size: 1 }, 'size', 'unknown_parameter'],
  ]
  for (const [what, body, param, code] of bad)
    it(`with ${what} are refused`, () =>
      api.refused('POST', '/uploads', body, { status: 400, param, code }))

  it('take parts as forms with data alone', async () => {
    const { id } = await create(1)
    const path = `/uploads/${id}/parts`
    await api.refused('POST', path, {}, { status: 415 })
    await api.refused('POST', path, partForm('x', 'file'), { status: 400, param: 'data' })
    const more = partForm('x')
    more.append('colour', 'red')
    await api.refused('POST', path, more, { status: 400, code: 'unknown_parameter' })
    const big = partForm(Buffer.alloc(64 * 1024 * 1024 + 1))
    await api.refused('POST', path, big, { status: 413, code: 'file_too_large' })
    await addPart(id, Buffer.alloc(1))
  })

  it('survive a server that is killed while it completes them', async () => {
    const piece = randomBytes(8_000_000)
    const upload = await create(piece.length * 4)
    const parts: string[] = []
    for (let i = 0; i < 4; i++) parts.push((await addPart(upload.id, piece)).id)
    const whole = Buffer.concat([piece, piece, piece, piece])
    const body = { part_ids: parts, md5: md5(whole) }
    for (const ms of [5, 25, 60]) {
      const cut = api.post<UploadObject>(`/uploads/${upload.id}/complete`, body).catch(() => null)
      await new Promise((resolve) => setTimeout(resolve, ms))
      await server.restart()
      await cut
    }
    const done = await api.post<UploadObject>(`/uploads/${upload.id}/complete`, body)
    assert.equal(done.status, 'completed')
    assert.ok((await api.content(done.file?.id ?? '')).bytes.equals(whole))
  })
})
