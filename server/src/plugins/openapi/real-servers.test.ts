/** Against servers that others wrote, by the documents that they bring. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { skipUnless } from '../../../tests/support/components.ts'
import { startOpenApiServers, type OpenApiServers } from '../../../tests/support/openapi-servers.ts'
import type { JsonObject } from '../manifest.ts'
import { kindFor, openHouse, pluginFile, type House } from './openapi-house.ts'

let servers: OpenApiServers

const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject

describe('OpenAPI plugins on servers of others', skipUnless('openapi-servers'), () => {
  before(async () => {
    servers = await startOpenApiServers()
  })
  after(() => servers[Symbol.asyncDispose]())

  describe('a shop on FastAPI, which writes its document of 3.1 itself', () => {
    let shop: House
    before(async () => {
      const { shopPort } = servers
      const file = pluginFile(
        { auth: { type: 'bearer', secret: 'TOKEN' } },
        `http://shop.test:${shopPort}/openapi.json`,
      )
      shop = await openHouse(kindFor([shopPort]), file)
    })
    const secrets = { TOKEN: 'shop-token' }

    it('has a function for each route', () => {
      assert.deepEqual(
        shop.functions.map(({ name, parameters }) => [
          name,
          Object.keys(parameters.properties ?? {}),
          parameters.required ?? [],
        ]),
        [
          [
            'update_item_items__item_id__put',
            ['item_id', 'q', 'tag', 'x-token', 'name', 'price', 'size', 'tags', 'parts'],
            ['item_id', 'name', 'price'],
          ],
          ['login_login_post', ['user', 'code'], ['user', 'code']],
          ['upload_upload_post', ['file', 'note'], ['file']],
          ['secret_secret_get', [], []],
        ],
      )
    })

    it('gives path, query, header and nested body where the server finds them', async () => {
      const item = {
        name: '茶杯 "A"',
        price: 12.5,
        size: 'large',
        tags: [{ name: 'new', weight: null }],
        parts: [{ name: 'handle', price: 1 }],
      }
      const args = { item_id: 7, q: 'a & b', tag: ['x', 'y'], 'x-token': 't1', ...item }
      const result = await shop.call('update_item_items__item_id__put', args, { secrets })
      assert.equal(result.error, null)
      assert.deepEqual(parse(result.output), {
        id: 7,
        item: {
          ...item,
          parts: [{ name: 'handle', price: 1, size: null, tags: [], parts: [] }],
        },
        q: 'a & b',
        tag: ['x', 'y'],
        token: 't1',
      })
    })

    it('fills in forms and uploads', async () => {
      const login = await shop.call('login_login_post', { user: '王 & co', code: 5 }, { secrets })
      assert.deepEqual(parse(login.output), { user: '王 & co', code: 5 })
      const files = [{ title: '說明.txt', type: 'text/plain', data: Buffer.from('內容') }]
      const upload = await shop.call(
        'upload_upload_post',
        { file: '說明.txt', note: 'n' },
        { secrets, files },
      )
      assert.deepEqual(parse(upload.output), { name: '說明.txt', text: '內容', note: 'n' })
    })

    it('shows its token, and tells what the server does not like', async () => {
      const good = await shop.call('secret_secret_get', {}, { secrets })
      assert.deepEqual(parse(good.output), { who: 'owner' })
      const bad = await shop.call('secret_secret_get', {}, { secrets: { TOKEN: 'another' } })
      assert.equal(
        bad.error?.message,
        'The API answered 401 Unauthorized.\n{"detail":"wrong token"}',
      )
      const free = { item_id: 1, name: 'n', price: 0 }
      const wrong = await shop.call('update_item_items__item_id__put', free, { secrets })
      assert.equal(wrong.ok, false)
      assert.match(wrong.error?.message ?? '', /^The API answered 422 .*\n\{"detail":\[/)
    })
  })

  describe('httpbin, with its document of 2.0', () => {
    const open = async (melzi: JsonObject = {}): Promise<House> => {
      const { httpbinPort } = servers
      const reply = await fetch(`http://127.0.0.1:${httpbinPort}/spec.json`)
      const document = parse(await reply.text())
      // As it stands the document is for the public server of this name.
      const here = { ...document, host: `bin.test:${httpbinPort}`, schemes: ['http'] }
      const file = pluginFile({ document: JSON.stringify(here), ...melzi })
      return openHouse(kindFor([httpbinPort]), file)
    }

    it('has a function for each operation', async () => {
      const { functions } = await open()
      const names = functions.map(({ name }) => name)
      assert.ok(names.length > 60 && new Set(names).size === names.length)
      for (const name of ['get_get', 'post_redirect-to', 'get_basic-auth_user_passwd'])
        assert.ok(names.includes(name), name)
      const drip = functions.find(({ name }) => name === 'get_drip')
      assert.deepEqual(Object.keys(drip?.parameters.properties ?? {}), [
        'duration',
        'numbytes',
        'code',
        'delay',
      ])
    })

    it('reads every way an answer can be packed', async () => {
      const bin = await open()
      for (const [coding, mark] of [
        ['gzip', 'gzipped'],
        ['deflate', 'deflated'],
        ['brotli', 'brotli'],
      ] as const) {
        const result = await bin.call(`GET /${coding}`)
        assert.equal(parse(result.output)[mark], true, coding)
      }
      assert.match((await bin.call('GET /encoding/utf8')).output, /∮ E⋅da = Q/)
      assert.match(
        (await bin.call('GET /image/png')).output,
        /^\[The answer is no text: image\/png, \d+ bytes\.\]$/,
      )
      const bytes = await bin.call('GET /bytes/{n}', { n: 100 })
      assert.match(bytes.output, /application\/octet-stream, 100 bytes/)
      assert.match((await bin.call('GET /xml')).output, /^<\?xml/)
    })

    it('follows redirects, and makes failures of bad statuses', async () => {
      const bin = await open()
      const result = await bin.call('GET /relative-redirect/{n}', { n: 3 })
      assert.equal(result.usage.http.length, 4)
      assert.match(JSON.stringify(parse(result.output).url), /\/get"$/)
      const outside = await bin.call('GET /redirect-to', { url: 'http://127.0.0.1:1/' })
      assert.equal(
        outside.error?.message,
        'The host 127.0.0.1 is not on the list of allowed hosts.',
      )
      for (const codes of ['418', '503']) {
        const failed = await bin.call('GET /status/{codes}', { codes })
        assert.match(failed.error?.message ?? '', new RegExp(`^The API answered ${codes} `))
      }
    })

    it('is let in by a password and by a token', async () => {
      const basic = await open({
        auth: { type: 'basic', username_secret: 'USER', password_secret: 'PASSWORD' },
      })
      const secrets = { USER: 'someone', PASSWORD: 'pass' }
      const args = { user: 'someone', passwd: 'pass' }
      const inside = await basic.call('GET /basic-auth/{user}/{passwd}', args, { secrets })
      assert.equal(inside.ok, true)
      const outside = await basic.call(
        'GET /basic-auth/{user}/{passwd}',
        { ...args, passwd: 'other' },
        { secrets },
      )
      assert.match(outside.error?.message ?? '', /^The API answered 401/)
      const bearer = await open({ auth: { type: 'bearer', secret: 'TOKEN' } })
      const shown = await bearer.call('GET /bearer', {}, { secrets: { TOKEN: 'abcdef' } })
      assert.deepEqual(parse(shown.output), { authenticated: true, token: '[secret]' })
    })
  })
})
