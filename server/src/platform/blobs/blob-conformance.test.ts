import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { skipUnless } from '../../../tests/support/components.ts'
import { startS3Server, type S3Server } from '../../../tests/support/s3-server.ts'
import { AppError } from '../errors.ts'
import type { BlobStore, StoredBlob } from './blob-store.ts'
import { openBlobs, type BlobsConfig } from './open-blobs.ts'
import { sweepBlobs } from './sweep-blobs.ts'

const text = (value: string) => new TextEncoder().encode(value)
const hash = (name: string, bytes: Uint8Array) => createHash(name).update(bytes).digest('hex')
const HOUR = 3_600_000

const listed = async (blobs: BlobStore, timeMs: number) => {
  const found: StoredBlob[] = []
  for await (const blob of blobs.olderThan(timeMs)) found.push(blob)
  return found.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** Pieces of uneven size, so that no boundary of a driver's own falls together with them. */
const pieces = (bytes: Buffer, size = 100_003): Readable => {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return Readable.from(chunks)
}

/** What every driver promises (blob-store.ts). @param config of a new, empty place */
const conformance = (config: () => Promise<BlobsConfig>): void => {
  let blobs: BlobStore
  before(async () => void (blobs = await openBlobs(await config())))
  after(() => blobs?.[Symbol.asyncDispose]())
  const put = (bytes: Buffer, maxBytes = 100_000_000) =>
    blobs.putStream('ws_1', pieces(bytes), { maxBytes })
  const read = async (id: string, range?: { start: number; end: number }) => {
    const stream = await blobs.open('ws_1', id, range)
    return stream === null ? null : buffer(stream)
  }

  it('gives back what was put, under the hash of its content, once', async () => {
    const bytes = randomBytes(300_000)
    const id = await blobs.put('ws_1', bytes)
    assert.equal(id, hash('sha256', bytes))
    assert.deepEqual(Buffer.from((await blobs.get('ws_1', id)) ?? []), bytes)
    assert.equal(await blobs.put('ws_1', bytes), id)
    assert.deepEqual(await read(id), bytes)
    assert.equal(await blobs.put('ws_1', text('')), hash('sha256', text('')))
    const same = await Promise.all(Array.from({ length: 5 }, () => blobs.put('ws_1', text('same'))))
    assert.equal(new Set(same).size, 1)
  })

  it('stores streams, each as a blob of its own', async () => {
    const bytes = randomBytes(20_000_000)
    const [one, other] = [await put(bytes), await put(bytes)]
    assert.notEqual(one.id, other.id)
    assert.deepEqual([one.bytes, one.md5], [bytes.length, hash('md5', bytes)])
    assert.ok((await read(one.id))?.equals(bytes))
    assert.ok(Buffer.from((await blobs.get('ws_1', one.id)) ?? []).equals(bytes))
    const empty = await put(Buffer.alloc(0))
    assert.deepEqual([empty.bytes, (await read(empty.id))?.length], [0, 0])
  })

  it('reads a range', async () => {
    const bytes = randomBytes(1_000_000)
    const { id } = await put(bytes)
    for (const [start, end] of [
      [0, 1],
      [0, 16],
      [499_999, 700_001],
      [999_999, 1_000_000],
    ] as const) {
      assert.deepEqual(await read(id, { start, end }), bytes.subarray(start, end))
    }
  })

  it('takes exactly as much as is allowed, and nothing stays of a stream that is longer', async () => {
    const before = await listed(blobs, Date.now() + HOUR)
    for (const length of [1_000_000, 12_000_000]) {
      const bytes = randomBytes(length)
      const content = pieces(bytes)
      await assert.rejects(
        blobs.putStream('ws_1', content, { maxBytes: length - 1 }),
        (error) => error instanceof AppError && error.status === 413,
      )
      assert.equal(content.destroyed, true)
      assert.deepEqual(await listed(blobs, Date.now() + HOUR), before)
    }
    assert.equal((await put(randomBytes(1_000), 1_000)).bytes, 1_000)
  })

  it('keeps nothing of a stream that breaks', async () => {
    const before = await listed(blobs, Date.now() + HOUR)
    const breaks = Readable.from(
      (async function* () {
        yield randomBytes(9_000_000)
        throw new Error('the line is dead')
      })(),
    )
    await assert.rejects(
      blobs.putStream('ws_1', breaks, { maxBytes: 100_000_000 }),
      /the line is dead/,
    )
    assert.deepEqual(await listed(blobs, Date.now() + HOUR), before)
  })

  it('keeps workspaces apart', async () => {
    const id = await blobs.put('ws_1', text('mine'))
    assert.equal(await blobs.get('ws_2', id), null)
    assert.equal(await blobs.open('ws_2', id), null)
    await blobs.delete('ws_2', id)
    assert.notEqual(await blobs.get('ws_1', id), null)
    await blobs.delete('ws_1', id)
    await blobs.delete('ws_1', id)
    assert.equal(await blobs.get('ws_1', id), null)
    assert.equal(await blobs.open('ws_1', id), null)
  })

  it('lists by age, and a sweep deletes what nobody holds', async () => {
    const [held, loose] = [
      await blobs.put('ws_3', text('held')),
      await blobs.put('ws_3', text('loose')),
    ]
    const mine = async (timeMs: number) =>
      (await listed(blobs, timeMs)).filter(({ workspaceId }) => workspaceId === 'ws_3')
    assert.deepEqual(await mine(Date.now() - HOUR), [])
    assert.equal((await mine(Date.now() + HOUR)).length, 2)
    await blobs.delete('ws_3', loose, Date.now() - HOUR)
    assert.notEqual(await blobs.get('ws_3', loose), null, 'it is younger than that')
    const holders = [
      async () => false,
      async (workspaceId: string, id: string) => workspaceId !== 'ws_3' || id === held,
    ]
    assert.equal(await sweepBlobs(blobs, holders, Date.now()), 0, 'young ones stay')
    assert.equal(await sweepBlobs(blobs, holders, Date.now() + 2 * HOUR), 1)
    assert.deepEqual(await mine(Date.now() + HOUR), [{ workspaceId: 'ws_3', id: held }])
  })

  it('takes no id that is not one', async () => {
    const id = hash('sha256', text('x'))
    for (const wrong of ['', '..', '../../etc/passwd', `${id}/..`, id.toUpperCase(), `${id}\n`]) {
      await assert.rejects(blobs.get('ws_1', wrong), /not a blob id/)
      await assert.rejects(blobs.open('ws_1', wrong), /not a blob id/)
      await assert.rejects(blobs.delete('ws_1', wrong), /not a blob id/)
    }
    for (const wrong of ['', '.', '..', 'a/b', 'a\0', 'a'.repeat(81)]) {
      await assert.rejects(blobs.put(wrong, text('x')), /not a workspace id/)
      const stream = pieces(Buffer.from('x'))
      await assert.rejects(blobs.putStream(wrong, stream, { maxBytes: 10 }), /not a workspace id/)
      await assert.rejects(blobs.get(wrong, id), /not a workspace id/)
    }
  })
}

describe('blobs on disk keep the promises', () => {
  let dir = ''
  after(() => rm(dir, { recursive: true, force: true }))
  conformance(async () => {
    dir = await mkdtemp(join(tmpdir(), 'melzi-blobs-'))
    return { kind: 'disk', dir }
  })
})

describe('blobs in S3 keep the promises', skipUnless('moto'), () => {
  let server: S3Server
  before(async () => void (server = await startS3Server()))
  after(() => server?.[Symbol.asyncDispose]())
  conformance(async () => ({ kind: 's3', ...(await server.newBucket()) }))

  it('clears away what a dead process left half sent', async () => {
    const settings = await server.newBucket()
    await using blobs = await openBlobs({ kind: 's3', ...settings })
    const client = new S3Client({
      region: settings.region,
      endpoint: server.endpoint,
      forcePathStyle: true,
      ...(settings.credentials && { credentials: { ...settings.credentials } }),
    })
    const Bucket = settings.bucket
    const open = async () =>
      (await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.length ?? 0
    const Key = `${settings.prefix}ws_1/${'a'.repeat(64)}`
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    assert.equal(await open(), 1)
    await listed(blobs, Date.now() + 25 * HOUR)
    assert.equal(await open(), 0)
    client.destroy()
  })
})
