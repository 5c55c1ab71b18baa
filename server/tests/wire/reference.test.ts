import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { after, before, describe, it } from 'node:test'
import type { ReferenceDocument } from '@melzi/contract/reference/document.ts'
import { Validator } from '@seriousme/openapi-schema-validator'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { validateByReference, validateEventByReference } from '../support/reference.ts'

const PREFIXES = ['/api/assts/v1', '/v1', '/openai', '/openai/v1']

describe('the API reference', () => {
  let server: BootedServer

  before(async () => {
    server = await bootServer()
  })
  after(() => server?.[Symbol.asyncDispose]())

  const page = async (query = '', language = 'en'): Promise<string> => {
    const reply = await fetch(`${server.origin}/docs${query}`, {
      headers: { 'accept-language': language },
    })
    assert.equal(reply.status, 200)
    return reply.text()
  }

  it('is valid OpenAPI 3.1 under each prefix, without a key', async () => {
    for (const prefix of PREFIXES) {
      const reply = await fetch(`${server.origin}${prefix}/openapi.json`)
      assert.equal(reply.status, 200)
      assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
      assert.equal(reply.headers.get('access-control-allow-origin'), '*')
      const document = (await reply.json()) as ReferenceDocument
      assert.deepEqual(document.servers, [{ url: server.origin + prefix }])
      assert.equal(
        '/deployments/{deployment}/chat/completions' in document.paths,
        prefix === '/openai',
      )
      validateByReference('GET', '/openapi.json', 200, document)
      const { valid, errors } = await new Validator().validate({ ...document })
      assert.ok(valid, JSON.stringify(errors))
    }
  })

  it('says what /healthz and /readyz say', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const reply = await fetch(server.origin + path)
      validateByReference('GET', path, reply.status, await reply.json())
    }
  })

  it('is a page that lets nothing foreign in', async () => {
    const reply = await fetch(`${server.origin}/docs`)
    assert.equal(reply.headers.get('content-type'), 'text/html; charset=utf-8')
    const policy = reply.headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(reply.headers.get('cache-control'), 'private, no-cache')
    assert.match(reply.headers.get('vary') ?? '', /accept-language/)
    const html = await reply.text()
    for (const [, address = ''] of html.matchAll(/(?:href|src)="([^"]+)"/g))
      assert.ok(
        address.startsWith('#') || address.startsWith(server.origin) || /^docs[.?]/.test(address),
        address,
      )
    assert.doesNotMatch(html, /<style| style=| on\w+=|<script(?! type="module" src="docs\.js">)/)
  })

  it('has a place for each link and each operation', async () => {
    const html = await page()
    const places = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    assert.equal(new Set(places).size, places.length, 'each place once')
    for (const [, id] of html.matchAll(/href="#([^"]+)"/g)) assert.ok(places.includes(id), id)
    const reply = await fetch(`${server.baseUrl}/openapi.json`)
    const { paths, components } = (await reply.json()) as ReferenceDocument
    for (const { servers: _servers, ...methods } of Object.values(paths))
      for (const { operationId } of Object.values(methods)) assert.ok(places.includes(operationId))
    for (const name of Object.keys(components.schemas)) assert.ok(places.includes(name))
  })

  it('speaks the language of the browser, or the one that is asked for', async () => {
    assert.match(await page(), /<html lang="en".*API reference/s)
    assert.match(
      await page('', 'zh-TW,zh;q=0.9,en;q=0.8'),
      /<html lang="zh-Hant-TW".*API 參考文件/s,
    )
    assert.match(await page('', 'de,en;q=0.5,zh;q=0.1'), /<html lang="en"/)
    assert.match(await page('', 'fr'), /<html lang="en"/)
    assert.match(await page('?lang=zh-TW'), /建立助理/)
    assert.match(await page('?lang=en', 'zh-TW'), /Create an assistant/)
    assert.match(await page('?lang=%3Cscript%3E', 'zh-TW'), /<html lang="zh-Hant-TW"/)
  })

  it('answers HEAD, and 304 to whoever has it already', async () => {
    for (const path of ['/docs', '/docs.css', '/docs.js', '/v1/openapi.json']) {
      const head = await fetch(server.origin + path, { method: 'HEAD' })
      assert.equal(head.status, 200)
      assert.equal(await head.text(), '')
      assert.ok(Number(head.headers.get('content-length')) > 1_000, path)
    }
    for (const path of ['/docs', '/v1/openapi.json']) {
      const etag = (await fetch(server.origin + path)).headers.get('etag') ?? ''
      const again = await fetch(server.origin + path, { headers: { 'if-none-match': etag } })
      assert.equal(again.status, 304)
      const changed = await fetch(server.origin + path, { headers: { 'if-none-match': '"x"' } })
      assert.equal(changed.status, 200)
    }
  })

  it('keeps its relative links when the address ends with a slash', async () => {
    const reply = await fetch(`${server.origin}/docs/?lang=en`, { redirect: 'manual' })
    assert.equal(reply.status, 302)
    const target = new URL(reply.headers.get('location') ?? '', `${server.origin}/docs/`)
    assert.equal(target.href, `${server.origin}/docs?lang=en`)
  })

  it('takes no address from a request that is none', async () => {
    const hosts = ['evil.example"><script>alert(1)</script>', 'a b', "x'onload=1", '\\u0022,1']
    for (const host of hosts) {
      const html = await rawGet(server.origin, '/docs', host)
      assert.doesNotMatch(html, /alert\(1\)|onload=1|a b\/api/)
    }
    const named = await rawGet(server.origin, '/docs', 'melzi.example:8443')
    assert.match(named, /http:\/\/melzi\.example:8443\/api\/assts\/v1/)
  })
})

/** What holds answers against the reference finds what is wrong with them. */
describe('an answer held against the reference', () => {
  const error = { message: 'm', type: 't', param: null, code: null }
  const model = { id: 'm', object: 'model', created: 1, owned_by: 'o' }

  it('passes when it is as it says', () => {
    validateByReference('GET', '/models/a/b', 200, model)
    validateByReference('POST', '/threads/runs', 400, { error })
    validateByReference('GET', '/nowhere', 404, { error })
    validateEventByReference('done', '[DONE]')
  })

  it('fails for a key more, a key less, another status, another path', () => {
    const cases: [string, string, number, unknown][] = [
      ['GET', '/models/a', 200, { ...model, more: 1 }],
      ['GET', '/models/a', 200, { ...model, created: 1.5 }],
      ['GET', '/models/a', 418, { error }],
      ['GET', '/models/a', 404, { error: { ...error, code: 5 } }],
      ['GET', '/nowhere', 200, {}],
    ]
    for (const [method, path, status, body] of cases)
      assert.throws(() => validateByReference(method, path, status, body), /reference/)
    assert.throws(() => validateEventByReference('done', 'done'), /reference/)
  })
})

/** The body that a GET with this host header gets. */
const rawGet = (origin: string, path: string, host: string): Promise<string> => {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { hostname, port, path, setHost: false, headers: { host } },
      (reply) => {
        let text = ''
        reply.setEncoding('utf8')
        reply.on('data', (chunk: string) => (text += chunk))
        reply.on('end', () => resolve(text))
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}
