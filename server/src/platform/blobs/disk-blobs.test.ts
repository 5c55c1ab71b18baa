import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { DiskBlobs } from './disk-blobs.ts'

const text = (value: string) => new TextEncoder().encode(value)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('blobs on disk', () => {
  let folder = ''
  let now = 1_700_000_000_000
  const clock = { now: () => now }
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'melzi-blobs-'))))
  after(() => rm(folder, { recursive: true, force: true }))

  const fileOf = (blobs: string, workspace: string, id: string) =>
    join(blobs, workspace, id.slice(0, 2), id.slice(2, 4), id)
  const listed = async (blobs: DiskBlobs, timeMs: number) => {
    const found = []
    for await (const blob of blobs.olderThan(timeMs)) found.push(blob)
    return found
  }

  it('gives back what was put, under the hash of its content', async () => {
    const blobs = new DiskBlobs(join(folder, 'a'), clock)
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)
    const id = await blobs.put('ws_1', bytes)
    assert.equal(id, sha256(bytes))
    assert.deepEqual(new Uint8Array((await blobs.get('ws_1', id)) ?? []), bytes)
    assert.equal(await blobs.put('ws_1', text('')), sha256(text('')))
    assert.equal((await stat(fileOf(join(folder, 'a'), 'ws_1', id))).mode & 0o777, 0o600)
  })

  it('stores equal content once, however many put it at a time, and leaves no other file', async () => {
    const root = join(folder, 'c')
    const blobs = new DiskBlobs(root, clock)
    const ids = await Promise.all(Array.from({ length: 20 }, () => blobs.put('ws_1', text('same'))))
    assert.equal(new Set(ids).size, 1)
    const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    )
    assert.deepEqual(
      files.map((entry) => entry.name),
      [ids[0]],
    )
  })

  it('lists what is old for the sweep; putting again makes it young', async () => {
    const root = join(folder, 'd')
    const blobs = new DiskBlobs(root, clock)
    assert.deepEqual(await listed(blobs, now), [])
    const [kept, old] = [
      await blobs.put('ws_1', text('kept')),
      await blobs.put('ws_2', text('old')),
    ]
    assert.deepEqual(await listed(blobs, now), [])
    now += 60_000
    assert.equal((await listed(blobs, now)).length, 2)
    const before = await stat(fileOf(root, 'ws_1', kept))
    await blobs.put('ws_1', text('kept'))
    assert.equal((await stat(fileOf(root, 'ws_1', kept))).ino, before.ino, 'not written again')
    assert.deepEqual(await listed(blobs, now), [{ workspaceId: 'ws_2', id: old }])
    await blobs.put('ws_2', text('old'))
    await blobs.delete('ws_2', old, now)
    assert.notEqual(await blobs.get('ws_2', old), null, 'put again after it was listed')
    await blobs.delete('ws_2', old, now + 1)
    assert.equal(await blobs.get('ws_2', old), null)
  })

  it('clears away what a dead process left half written', async () => {
    const root = join(folder, 'e')
    const blobs = new DiskBlobs(root, clock)
    const file = fileOf(root, 'ws_1', await blobs.put('ws_1', text('whole')))
    await writeFile(`${file}.0a0b0c.tmp`, 'wh')
    await utimes(`${file}.0a0b0c.tmp`, 1, 1)
    assert.deepEqual(await listed(blobs, now), [])
    await assert.rejects(stat(`${file}.0a0b0c.tmp`), { code: 'ENOENT' })
  })
})
