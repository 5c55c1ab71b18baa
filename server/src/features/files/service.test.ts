import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { DiskBlobs } from '../../platform/blobs/disk-blobs.ts'
import { sweepBlobs } from '../../platform/blobs/sweep-blobs.ts'
import { AppError } from '../../platform/errors.ts'
import { createUploadService } from '../uploads/service.ts'
import { createFileService, type NewFile } from './service.ts'

const VISION: NewFile = { purpose: 'vision', filename: 'a.txt', expiresAfterSeconds: null }
const HOUR = 3_600

const setUp = async (engine: TestEngine) => {
  const home = await openFeatureStore(engine)
  let nowMs = 1_800_000_000_000
  const clock = { now: () => nowMs }
  const { store } = home
  const blobs = new DiskBlobs(`${home.dir}/blobs`, clock)
  const files = createFileService({ store, clock, blobs })
  const uploads = createUploadService({ store, clock, blobs, files })
  return {
    store,
    blobs,
    files,
    uploads,
    person: (workspaceId?: string) => home.person(workspaceId),
    wait: (seconds: number) => (nowMs += seconds * 1_000),
    sweepBlobs: () => sweepBlobs(blobs, [uploads.holdsBlob, files.holdsBlob], nowMs),
    blobCount: async () =>
      (await readdir(`${home.dir}/blobs`, { recursive: true, withFileTypes: true })).filter(
        (entry) => entry.isFile(),
      ).length,
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  }
}
const is404 = (error: unknown) => error instanceof AppError && error.status === 404
const text = (value: string) => Readable.from([Buffer.from(value)])

onEachEngine('files', (engine) => {
  describe('of the server itself', () => {
    it('are not found when they are deleted between two looks', async () => {
      await using t = await setUp(engine)
      const owner = await t.person()
      const file = await t.files.createFrom(owner, VISION, text('0123456789'))
      const late = await t.files.openContent(file)
      await t.files.delete(owner, file.id)
      await assert.rejects(buffer(late), is404)
      await assert.rejects(t.files.openContent(file), is404)
      const lost = await t.files.createFrom(owner, VISION, text('0123456789'))
      const [, blobId = ''] =
        /"blob_id":"([^"]+)"/.exec(
          JSON.stringify(await t.store.all('select blob_id from file_blobs')),
        ) ?? []
      await t.blobs.delete(owner.workspaceId, blobId)
      await assert.rejects(buffer(await t.files.openContent(lost)), /is missing/)
    })

    it('are made from a stream and read whole or in part', async () => {
      await using t = await setUp(engine)
      const owner = await t.person()
      const output: NewFile = { ...VISION, purpose: 'assistants_output' }
      const file = await t.files.createFrom(owner, output, text('0123456789'))
      assert.deepEqual([file.bytes, file.purpose, file.expiresAt], [10, 'assistants_output', null])
      const { content } = await t.files.download(owner, file.id)
      assert.equal((await buffer(content)).toString(), '0123456789')
      const part = await t.files.openContent(file, { start: 3, end: 6 })
      assert.equal((await buffer(part)).toString(), '345')
      await assert.rejects(
        t.files.createFrom(owner, output, text('0123456789'), 9),
        (error) => error instanceof AppError && error.status === 413,
      )
      assert.equal(await t.blobCount(), 1)
    })

    it('are their owner’s alone', async () => {
      await using t = await setUp(engine)
      const owner = await t.person()
      const file = await t.files.createFrom(owner, VISION, text('x'))
      const colleague = await t.person(owner.workspaceId)
      for (const other of [colleague, await t.person()]) {
        await assert.rejects(t.files.get(other, file.id), is404)
        await assert.rejects(t.files.download(other, file.id), is404)
        await assert.rejects(t.files.delete(other, file.id), is404)
      }
      assert.deepEqual(await t.files.find(t.store, owner.workspaceId, file.id), file)
      assert.equal(await t.files.find(t.store, 'ws_other', file.id), null)
    })
  })

  it('are gone from the moment they expire, their bytes after the sweep', async () => {
    await using t = await setUp(engine)
    const owner = await t.person()
    const short = { ...VISION, expiresAfterSeconds: HOUR }
    const file = await t.files.createFrom(owner, short, text('short'))
    const kept = await t.files.createFrom(owner, VISION, text('kept'))
    const list = async () =>
      (await t.files.list(owner, { limit: 100, order: 'desc' })).items.map(({ id }) => id)
    t.wait(HOUR - 1)
    assert.deepEqual(await list(), [kept.id, file.id])
    assert.equal(await t.files.sweepExpired(), 0)
    t.wait(1)
    assert.deepEqual(await list(), [kept.id])
    await assert.rejects(t.files.get(owner, file.id), is404)
    await assert.rejects(t.files.download(owner, file.id), is404)
    await assert.rejects(t.files.list(owner, { limit: 1, order: 'asc', after: file.id }), is404)
    assert.equal(await t.files.find(t.store, owner.workspaceId, file.id), null)
    assert.equal(await t.blobCount(), 2)
    assert.equal(await t.files.sweepExpired(), 1)
    assert.equal(await t.blobCount(), 1)
    t.wait(2 * HOUR)
    assert.equal(await t.sweepBlobs(), 0, 'a file holds its blob')
    await t.files.delete(owner, kept.id)
    assert.equal(await t.blobCount(), 0)
  })

  it('take what refers to them along', async () => {
    await using t = await setUp(engine)
    const owner = await t.person()
    const file = await t.files.createFrom(owner, VISION, text('x'))
    await t.files.delete(owner, file.id)
    assert.equal(await t.store.get('select 1 from file_blobs'), null)
  })

  it('leave bytes without rows to the sweep of blobs', async () => {
    await using t = await setUp(engine)
    const owner = await t.person()
    await t.files.receive(owner, text('the server died here'))
    assert.equal(await t.sweepBlobs(), 0, 'a request may be about to write the row')
    t.wait(2 * HOUR)
    assert.equal(await t.sweepBlobs(), 1)
    assert.equal(await t.blobCount(), 0)
  })
})

onEachEngine('uploads', (engine) => {
  const request = { filename: 'a', purpose: 'vision', bytes: 2, mime_type: 'text/plain' } as const

  it('hold the blobs of their parts until a file does', async () => {
    await using t = await setUp(engine)
    const owner = await t.person()
    const { id } = await t.uploads.create(owner, request)
    await using content = await t.uploads.receive(owner, text('ab'))
    const part = await t.uploads.addPart(owner, id, content)
    await using unused = await t.uploads.receive(owner, text('zz'))
    await t.uploads.addPart(owner, id, unused)
    assert.equal(await t.uploads.holdsBlob(owner.workspaceId, part.blobId), true)
    assert.equal(await t.blobCount(), 2)
    const { file } = await t.uploads.complete(owner, id, { part_ids: [part.id] })
    assert.equal(await t.uploads.holdsBlob(owner.workspaceId, part.blobId), false)
    assert.equal(await t.files.holdsBlob(owner.workspaceId, part.blobId), true)
    assert.equal(await t.blobCount(), 1)
    t.wait(3 * HOUR)
    assert.equal(await t.sweepBlobs(), 0)
    assert.ok(file)
    assert.equal((await buffer(await t.files.openContent(file))).toString(), 'ab')
  })

  it('expire after an hour and are forgotten after a week', async () => {
    await using t = await setUp(engine)
    const owner = await t.person()
    const { id } = await t.uploads.create(owner, request)
    const add = async () => {
      await using content = await t.uploads.receive(owner, text('ab'))
      return await t.uploads.addPart(owner, id, content)
    }
    const part = await add()
    t.wait(HOUR)
    const expired = (error: unknown) =>
      error instanceof AppError && error.status === 400 && /'expired'/.test(error.message)
    await assert.rejects(t.uploads.checkPending(owner, id), expired)
    await assert.rejects(add(), expired)
    await assert.rejects(t.uploads.complete(owner, id, { part_ids: [part.id] }), expired)
    await assert.rejects(t.uploads.cancel(owner, id), expired)
    assert.equal(await t.blobCount(), 1, 'the refused part left nothing')
    assert.equal(await t.uploads.sweepExpired(), 1)
    assert.equal(await t.blobCount(), 0)
    await assert.rejects(t.uploads.checkPending(owner, id), expired)
    t.wait(8 * 24 * HOUR)
    assert.equal(await t.uploads.sweepExpired(), 0)
    await assert.rejects(t.uploads.checkPending(owner, id), is404)
  })

  it('are completed once, however many ask at a time', async () => {
    await using t = await setUp(engine)
    const owner = await t.person()
    const { id } = await t.uploads.create(owner, request)
    await using content = await t.uploads.receive(owner, text('ab'))
    const part = await t.uploads.addPart(owner, id, content)
    const body = { part_ids: [part.id] }
    const tries = await Promise.all(
      Array.from({ length: 5 }, () => t.uploads.complete(owner, id, body)),
    )
    const made = tries.map(({ file }) => file?.id)
    assert.equal(new Set(made).size, 1)
    assert.equal((await t.files.list(owner, { limit: 10, order: 'asc' })).items.length, 1)
    const again = await t.uploads.complete(owner, id, body)
    assert.equal(again.file?.id, made[0])
  })
})
