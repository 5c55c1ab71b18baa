import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { FileList, FileObject } from '@melzi/contract/file.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, fileForm } from '../support/factories.ts'

// behaviour.md 2, 3 and 14.
describe('files', () => {
  let server: BootedServer
  let api: Api

  before(async () => {
    server = await bootServer()
    api = new Api(server)
  })
  after(() => server?.[Symbol.asyncDispose]())

  it('are uploaded, listed, fetched and deleted', async () => {
    const bytes = randomBytes(3_000_000)
    const made = FileObject.parse(await api.file(bytes, 'a b.bin'))
    assert.match(made.id, /^file-[0-9A-Za-z]{24}$/)
    assert.deepEqual(
      { ...made, id: '', created_at: 0 },
      {
        object: 'file',
        id: '',
        purpose: 'vision',
        filename: 'a b.bin',
        bytes: 3_000_000,
        created_at: 0,
        expires_at: null,
        status: 'processed',
        status_details: null,
      },
    )
    assert.deepEqual(await api.get(`/files/${made.id}`), made)
    const { bytes: read, headers } = await api.content(made.id)
    assert.ok(read.equals(bytes))
    assert.equal(headers.get('content-type'), 'application/octet-stream')
    assert.equal(headers.get('content-disposition'), 'attachment; filename="a b.bin"')
    assert.equal(headers.get('content-length'), '3000000')
    assert.ok((await api.get<FileList>('/files')).data.some(({ id }) => id === made.id))
    assert.deepEqual(await api.delete(`/files/${made.id}`), {
      id: made.id,
      object: 'file',
      deleted: true,
    })
    for (const [method, below] of [
      ['GET', ''],
      ['GET', '/content'],
      ['DELETE', ''],
    ] as const) {
      await api.refused(method, `/files/${made.id}${below}`, undefined, {
        status: 404,
        message: `No such File object: ${made.id}`,
        param: 'id',
        code: null,
      })
    }
  })

  it('keep names of every alphabet, and none of their folders', async () => {
    const made = await api.file('x', '報告 "最終".txt')
    assert.equal(made.filename, '報告 "最終".txt')
    const { headers } = await api.content(made.id)
    assert.equal(
      headers.get('content-disposition'),
      `attachment; filename="__ ____.txt"; filename*=UTF-8''%E5%A0%B1%E5%91%8A%20%22%E6%9C%80%E7%B5%82%22.txt`,
    )
    assert.equal((await api.file('x', '../../etc/passwd')).filename, 'passwd')
    assert.equal((await api.file('x', '')).filename, 'upload')
  })

  it('take the parts of a form in any order, and an empty file', async () => {
    const form = new FormData()
    form.append('file', new File([], 'empty.txt'))
    form.append('expires_after[seconds]', '3600')
    form.append('purpose', 'assistants')
    form.append('expires_after[anchor]', 'created_at')
    const made = await api.post<FileObject>('/files', form)
    assert.deepEqual([made.bytes, made.purpose], [0, 'assistants'])
    assert.equal(made.expires_at, made.created_at + 3_600)
    const batch = await api.file('{}', 'a.jsonl', { purpose: 'batch' })
    assert.equal(batch.expires_at, batch.created_at + 30 * 86_400)
    assert.equal((await api.content((await api.file('', 'e')).id)).bytes.length, 0)
  })

  it('of some purposes cannot be fetched again', async () => {
    for (const purpose of ['assistants', 'user_data']) {
      const made = await api.file('secret', 'a.txt', { purpose })
      const reply = await api.request('GET', `/files/${made.id}/content`)
      assert.equal(reply.status, 400)
      const message = `Not allowed to download files of purpose: ${purpose}`
      assert.deepEqual(reply.body, {
        error: { message, type: 'invalid_request_error', param: null, code: null },
        detail: { message, code: null },
      })
    }
    const batch = await api.file('line', 'a.jsonl', { purpose: 'batch' })
    assert.equal((await api.content(batch.id)).bytes.toString(), 'line')
  })

  it('are listed by pages, newest first, and by purpose', async () => {
    const lister = new Api(await server.keyOf('Lister'))
    const ids: string[] = []
    for (let i = 0; i < 5; i++) {
      const purpose = i % 2 === 0 ? 'vision' : 'assistants'
      ids.push((await lister.file(String(i), `${i}.txt`, { purpose })).id)
    }
    const list = async (query: string) => {
      const page = FileList.parse(await lister.get(`/files?${query}`))
      return { ids: page.data.map(({ id }) => id), more: page.has_more, last: page.last_id }
    }
    assert.deepEqual((await list('')).ids, ids.toReversed())
    assert.deepEqual((await list('order=asc&limit=10000')).ids, ids)
    assert.deepEqual((await list('purpose=assistants')).ids, [ids[3], ids[1]])
    assert.deepEqual((await list('purpose=nothing')).ids, [])
    const first = await list('limit=2')
    assert.deepEqual([first.ids, first.more], [[ids[4], ids[3]], true])
    const second = await list(`limit=3&after=${first.last}`)
    assert.deepEqual([second.ids, second.more], [[ids[2], ids[1], ids[0]], false])
    await lister.refused('GET', '/files?limit=10001', undefined, {
      status: 400,
      param: 'limit',
      code: 'integer_above_max_value',
    })
    await lister.refused('GET', `/files?before=${ids[2]}`, undefined, {
      status: 400,
      code: 'unknown_parameter',
    })
    await lister.refused('GET', '/files?after=file-none', undefined, {
      status: 404,
      message: 'No such File object: file-none',
    })
  })

  it('of others are not there', async () => {
    const made = await api.file('mine', 'mine.txt')
    const other = new Api(await server.keyOf('Other'))
    const missing = { status: 404, message: `No such File object: ${made.id}`, param: 'id' }
    await other.refused('GET', `/files/${made.id}`, undefined, missing)
    await other.refused('GET', `/files/${made.id}/content`, undefined, missing)
    await other.refused('DELETE', `/files/${made.id}`, undefined, missing)
    await other.refused('GET', `/files?after=${made.id}`, undefined, { status: 404 })
    assert.deepEqual((await other.get<FileList>('/files')).data, [])
    assert.equal((await api.content(made.id)).bytes.toString(), 'mine')
    for (const path of ['/files', `/files/${made.id}`, `/files/${made.id}/content`])
      assert.equal((await fetch(server.baseUrl + path)).status, 401)
    const form = fileForm('x', 'x', { purpose: 'vision' })
    assert.equal(
      (await fetch(`${server.baseUrl}/files`, { method: 'POST', body: form })).status,
      401,
    )
  })

  it('of a purpose that nobody may send name those that are there', async () => {
    const reply = await api.request('POST', '/files', fileForm('x', 'x', { purpose: 'fun' }))
    const message =
      "'fun' is not one of ['fine-tune', 'assistants', 'batch', 'user_data', 'vision', 'evals'] - 'purpose'"
    assert.equal(reply.status, 400)
    assert.deepEqual(reply.body, {
      error: { message, type: 'invalid_request_error', param: 'purpose', code: null },
      detail: { message, code: null },
    })
    await api.refused('POST', '/files', fileForm('x', 'x', { purpose: 'assistants_output' }), {
      status: 400,
      param: 'purpose',
    })
  })

  const noFile = (fields: Record<string, string>) => {
    const form = new FormData()
    for (const [key, value] of Object.entries(fields)) form.append(key, value)
    return form
  }
  const twoFiles = () => {
    const form = fileForm('x', 'x', { purpose: 'vision' })
    form.append('file', new File(['y'], 'y'))
    return form
  }
  const broken: [what: string, form: () => FormData, param: string | null, code: string | null][] =
    [
      ['no file', () => noFile({ purpose: 'vision' }), 'file', 'missing_required_parameter'],
      ['no purpose', () => fileForm('x', 'x', {}), 'purpose', 'missing_required_parameter'],
      [
        'an unknown field',
        () => fileForm('x', 'x', { purpose: 'vision', colour: 'red' }),
        'colour',
        'unknown_parameter',
      ],
      [
        'half an expiry',
        () => fileForm('x', 'x', { purpose: 'vision', 'expires_after[seconds]': '3600' }),
        'expires_after.anchor',
        'missing_required_parameter',
      ],
      [
        'too short an expiry',
        () =>
          fileForm('x', 'x', {
            purpose: 'vision',
            'expires_after[seconds]': '3599',
            'expires_after[anchor]': 'created_at',
          }),
        'expires_after.seconds',
        'integer_below_min_value',
      ],
      [
        'an expiry that is no number',
        () =>
          fileForm('x', 'x', {
            purpose: 'vision',
            'expires_after[seconds]': 'soon',
            'expires_after[anchor]': 'created_at',
          }),
        'expires_after.seconds',
        'invalid_type',
      ],
      ['a name with NUL', () => fileForm('x', 'x', { purpose: 'vi\0' }), 'purpose', null],
      [
        'a name that is too long',
        () => fileForm('x', 'x'.repeat(1_025), { purpose: 'vision' }),
        'file',
        'string_above_max_length',
      ],
      ['two files', twoFiles, null, null],
    ]
  for (const [what, form, param, code] of broken)
    it(`with ${what} are refused`, () =>
      api.refused('POST', '/files', form(), { status: 400, param, code }))

  const sendRaw = (
    headers: Record<string, string>,
    body: string | null,
  ): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(`${server.baseUrl}/files`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.apiKey}`, ...headers },
      })
      sent.on('response', (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: text })
          sent.destroy()
        })
      })
      sent.on('error', reject)
      if (body === null) sent.flushHeaders()
      else sent.end(body)
    })

  it('come as forms only, whole ones, of a size that is allowed', async () => {
    await api.refused('POST', '/files', {}, { status: 415, code: 'unsupported_content_type' })
    const type = 'multipart/form-data; boundary=b'
    const part = '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\nabc'
    const cut = await sendRaw({ 'content-type': type }, part)
    assert.equal(cut.status, 400, cut.body)
    assert.match(cut.body, /could not parse the multipart form/)
    assert.equal((await sendRaw({ 'content-type': 'multipart/form-data' }, part)).status, 400)
    const huge = { 'content-type': type, 'content-length': String(600 * 1024 * 1024) }
    const refused = await sendRaw(huge, null)
    assert.equal(refused.status, 413, refused.body)
    assert.match(refused.body, /"code":"file_too_large"/)
  })

  it('leave nothing behind when they are refused or cut off', async () => {
    const names = async () =>
      (await readdir(`${server.dataDir}/blobs`, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
        .toSorted()
    const before = await names()
    await api.refused('POST', '/files', fileForm('x', 'x', { purpose: 'fun' }), { status: 400 })
    const sent = httpRequest(`${server.baseUrl}/files`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${server.apiKey}`,
        'content-type': 'multipart/form-data; boundary=b',
        'content-length': '1000000',
      },
    })
    sent.on('error', () => undefined)
    sent.write('--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n')
    sent.write('y'.repeat(200_000))
    await waitUntil(async () => (await names()).length > before.length)
    sent.destroy()
    await waitUntil(async () => (await names()).length === before.length)
    assert.deepEqual(await names(), before)
  })

  it('are let go of when their reader leaves, and not opened by a HEAD', async (t) => {
    const { id } = await api.file(Buffer.alloc(20_000_000), 'big')
    const url = `${server.baseUrl}/files/${id}/content`
    const headers = { authorization: `Bearer ${server.apiKey}` }
    for (let i = 0; i < 5; i++) {
      const leave = new AbortController()
      const response = await fetch(url, { headers, signal: leave.signal })
      await response.body?.getReader().read()
      leave.abort()
    }
    assert.equal((await fetch(url, { method: 'HEAD', headers })).status, 405)
    const folder = `/proc/${server.pid}/fd`
    if (!existsSync(folder)) return t.skip('open files are counted in /proc')
    const open = () =>
      readdirSync(folder).filter((name) => {
        try {
          return readlinkSync(`${folder}/${name}`).includes('/blobs/')
        } catch {
          return false // closed while we looked
        }
      }).length
    await waitUntil(async () => open() === 0)
  })

  it('are still there after a kill', async () => {
    const kept = await api.file('kept', 'kept.txt')
    await server.restart()
    assert.equal((await api.content(kept.id)).bytes.toString(), 'kept')
  })
})

const waitUntil = async (true_: () => Promise<boolean>): Promise<void> => {
  for (const until = Date.now() + 5_000; !(await true_());) {
    assert.ok(Date.now() < until, 'did not happen in 5 s')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
