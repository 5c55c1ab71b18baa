import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { it } from 'node:test'
import { openFeatureStore } from '../../../tests/support/feature-store.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { createHttpServer } from '../../http/server.ts'
import { DiskBlobs } from '../../platform/blobs/disk-blobs.ts'
import { createLog } from '../../platform/log.ts'
import { createSealer } from '../../platform/sealing.ts'
import { createFileService } from '../files/service.ts'
import { createPictureLinks } from './picture-links.ts'
import { pictureRoutes } from './routes.ts'
import { createPictures } from './service.ts'

const ORIGIN = 'https://melzi.example.org/base'
const PNG = Buffer.from(`\x89PNG\r\n\x1a\n${'picture'.repeat(10)}`, 'latin1')
const HOUR = 3_600_000

const setUp = async (engine: TestEngine) => {
  const stack = new AsyncDisposableStack()
  const home = stack.use(await openFeatureStore(engine))
  const { store } = home
  const at = { ms: Date.UTC(2026, 10, 25) }
  const clock = { now: () => at.ms }
  const files = createFileService({ store, clock, blobs: new DiskBlobs(home.dir, clock) })
  const linksOf = (key: string) =>
    createPictureLinks({ clock, sealer: createSealer(key.repeat(32)), origin: () => ORIGIN })
  const links = linksOf('k')
  const app = createHttpServer({ log: createLog('silent'), bodyLimit: 1_000 })
  stack.defer(() => app.close())
  pictureRoutes(app, createPictures({ store, clock, files, links }))
  const owner = await home.person()
  const file = await files.createFrom(
    owner,
    { purpose: 'assistants_output', filename: 'plot.png', expiresAfterSeconds: null },
    Readable.from([PNG]),
  )
  const get = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
    app.inject({ method, url: url.replace(ORIGIN, ''), headers })
  const link = links.linkTo(owner, file.id)
  return {
    home,
    at,
    files,
    links,
    linksOf,
    owner,
    file,
    link,
    get,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

onEachEngine('addresses of pictures', (engine) => {
  it('show the picture to whoever has one, as a picture and nothing else', async () => {
    await using t = await setUp(engine)
    assert.match(t.link, /^https:\/\/melzi\.example\.org\/base\/pictures\/[\w-]{77}\.png$/)
    const reply = await t.get(t.link)
    assert.equal(reply.statusCode, 200)
    assert.ok(reply.rawPayload.equals(PNG))
    const { headers } = reply
    assert.deepEqual(
      ['content-type', 'content-length', 'x-content-type-options'].map((name) => headers[name]),
      ['image/png', String(PNG.length), 'nosniff'],
    )
    assert.equal(headers['content-security-policy'], "default-src 'none'; sandbox")
    assert.equal(headers['cache-control'], 'private, no-cache')
    assert.match(String(headers['content-disposition']), /^inline/)
    const again = await t.get(t.link, { 'if-none-match': String(headers['etag']) })
    assert.deepEqual([again.statusCode, again.body], [304, ''])
    const head = await t.get(t.link, {}, 'HEAD')
    assert.deepEqual([head.statusCode, head.body], [200, ''])
    assert.equal(head.headers['content-length'], String(PNG.length))
    assert.equal((await t.get('/pictures/x.png', {}, 'HEAD')).statusCode, 404)
  })

  it('serve ranges', async () => {
    await using t = await setUp(engine)
    const range = async (value: string) => {
      const reply = await t.get(t.link, { range: value })
      return [reply.statusCode, reply.rawPayload.toString('latin1'), reply.headers['content-range']]
    }
    const n = PNG.length
    assert.deepEqual(await range('bytes=1-3'), [206, 'PNG', `bytes 1-3/${n}`])
    assert.deepEqual(await range('bytes=-3'), [206, 'ure', `bytes ${n - 3}-${n - 1}/${n}`])
    assert.deepEqual(await range(`bytes=${n - 1}-9999`), [206, 'e', `bytes ${n - 1}-${n - 1}/${n}`])
    assert.deepEqual(await range(`bytes=${n}-`), [416, '', `bytes */${n}`])
    for (const whole of ['bytes=3-1', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-'])
      assert.equal((await range(whole))[0], 200)
  })

  it('are 404 when forged, too old, of another file or of one that is gone', async () => {
    await using t = await setUp(engine)
    const missing = async (url: string) => {
      const reply = await t.get(url)
      assert.equal(reply.statusCode, 404, url)
      assert.match(reply.body, /no picture here/)
      assert.doesNotMatch(reply.body, /file-/)
    }
    const at = t.link.length - '.png'.length
    for (let place = t.link.length - 81; place < at; place += 1) {
      const other = t.link[place] === 'a' ? 'b' : 'a'
      // The last character of 22 holds four bits of nothing.
      if (place < at - 1)
        await missing(`${t.link.slice(0, place)}${other}${t.link.slice(place + 1)}`)
    }
    await missing(t.linksOf('x').linkTo(t.owner, t.file.id))
    await missing(t.links.linkTo(await t.home.person(t.owner.workspaceId), t.file.id))
    await missing(t.links.linkTo(await t.home.person(), t.file.id))
    await missing('/pictures/x.png')
    t.at.ms += 24 * HOUR - 1
    assert.equal((await t.get(t.link)).statusCode, 200)
    t.at.ms += 12 * HOUR + 1
    await missing(t.link)
    const fresh = t.links.linkTo(t.owner, t.file.id)
    assert.equal((await t.get(fresh)).statusCode, 200)
    await t.files.delete(t.owner, t.file.id)
    await missing(fresh)
  })

  it('are given for pictures only', async () => {
    await using t = await setUp(engine)
    const put = async (purpose: 'assistants' | 'assistants_output', content: string) => {
      const file = { purpose, filename: 'x', expiresAfterSeconds: null }
      return (await t.files.createFrom(t.owner, file, Readable.from([Buffer.from(content)]))).id
    }
    for (const id of [
      await put('assistants_output', '<script>alert(1)</script>'),
      await put('assistants_output', ''),
      await put('assistants', PNG.toString('latin1')),
    ])
      assert.equal((await t.get(t.links.linkTo(t.owner, id))).statusCode, 404)
  })

  it('are signed anew in a text of their owner, old ones too, and nowhere else', async () => {
    await using t = await setUp(engine)
    const text = `見 ![plot](${t.link}) and {"text":"\\u000a![plot](${t.link})"}`
    assert.equal(t.links.renew(text, t.owner), text)
    t.at.ms += 365 * 24 * HOUR
    const fresh = t.links.linkTo(t.owner, t.file.id)
    assert.notEqual(fresh, t.link)
    assert.equal(fresh.length, t.link.length)
    assert.equal(t.links.renew(text, t.owner), text.replaceAll(t.link, fresh))
    const stranger = await t.home.person(t.owner.workspaceId)
    assert.equal(t.links.renew(text, stranger), text)
    const forged = `![plot](${t.link.replace(/.{5}\.png/, 'AAAAA.png')})`
    assert.equal(t.links.renew(forged, t.owner), forged)
    const moved = text.replaceAll(ORIGIN, 'http://127.0.0.1:3000')
    assert.equal(t.links.renew(moved, t.owner), text.replaceAll(t.link, fresh))
    const kept = moved.replaceAll(t.link.slice(ORIGIN.length), fresh.slice(ORIGIN.length))
    assert.equal(t.links.renew(moved, t.owner, true), kept)
  })

  it('are found in a long text without taking long', async () => {
    await using t = await setUp(engine)
    const hostile = `${'http://'.repeat(30_000)}/pictures/x ${'/pictures/'.repeat(30_000)}`
    const began = performance.now()
    t.links.renew(hostile, t.owner)
    assert.ok(performance.now() - began < 2_000)
  })
})
