/** Who sees a plugin's credentials: its own API, and nobody else. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { JsonObject } from '../manifest.ts'
import { kindFor, openHouse, pluginFile, startApi, type LocalApi } from './openapi-house.ts'
import { createOpenApiKind } from './openapi-kind.ts'

let api: LocalApi
let other: LocalApi

before(async () => {
  api = await startApi()
  other = await startApi()
})
after(async () => {
  await api[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})
beforeEach(() => {
  api.asked.length = 0
  other.asked.length = 0
})

const document = (url = `http://api.test:${api.port}`) =>
  JSON.stringify({
    openapi: '3.0.0',
    servers: [{ url }],
    paths: {
      '/a': {
        get: {
          operationId: 'a',
          parameters: [
            { name: 'X-Key', in: 'header', required: true, schema: { type: 'string' } },
            { name: 'Davinci-Cookie', in: 'header', schema: { type: 'string' } },
            { name: 'session', in: 'cookie', schema: { type: 'string' } },
          ],
        },
        post: {
          operationId: 'post',
          requestBody: { content: { 'application/json': { schema: {} } } },
        },
      },
    },
  })

const file = (melzi: JsonObject) => pluginFile({ document: document(), ...melzi })
const API_KEY = { type: 'api_key', in: 'header', name: 'X-Key', secret: 'KEY' }
const OAUTH = () => ({
  type: 'oauth2',
  token_url: `http://login.test:${other.port}/token`,
  scopes: ['read', 'write'],
  client_id_secret: 'ID',
  client_secret_secret: 'SECRET',
})
const CLIENT = { ID: 'my id', SECRET: 'p:w/1' }

describe('credentials', () => {
  it('calls nothing while a secret has no value', async () => {
    for (const secrets of [{}, { KEY: '  ' }]) {
      const house = await openHouse(kindFor([api.port]), file({ auth: API_KEY }))
      const result = await house.call('a', {}, { secrets })
      assert.deepEqual([result.ok, result.error?.kind], [false, 'unavailable'])
      assert.match(result.error?.message ?? '', /The plugin's secret 'KEY' has no value yet/)
    }
    assert.deepEqual(api.asked, [])
  })

  it('hides its own headers from the model, and lets no argument take their place', async () => {
    const house = await openHouse(kindFor([api.port]), file({ auth: API_KEY, user_header: true }))
    assert.deepEqual(Object.keys(house.functions[0]?.parameters.properties ?? {}), ['session'])
    const result = await house.call('a', { 'X-Key': 'mine' }, { secrets: { KEY: 'k' } })
    assert.equal(result.error?.kind, 'arguments')
    await house.call('a', {}, { secrets: { KEY: ' key-1\n' } })
    const headers = api.asked[0]?.headers
    assert.deepEqual(
      [headers?.['x-key'], headers?.['davinci-cookie']],
      ['key-1', 'cookie-of-caller'],
    )
    const bad = await house.call('a', {}, { secrets: { KEY: 'line\nbreak-秘密' } })
    assert.equal(bad.ok, false)
    assert.ok(!JSON.stringify(bad).includes('秘密'))
    assert.equal(api.asked.length, 1)
  })

  it('takes secrets out of what the API says back', async () => {
    const basic = { type: 'basic', username_secret: 'USER', password_secret: 'PASSWORD' }
    const house = await openHouse(kindFor([api.port]), file({ auth: basic, user_header: 'X-User' }))
    const secrets = { USER: 'someone', PASSWORD: 'p"w\\臺北' }
    for (const status of [200, 400]) {
      api.answer = ({ headers }, response) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(
          JSON.stringify({
            headers,
            password: secrets.PASSWORD,
            twice: encodeURIComponent(secrets.PASSWORD),
          }),
        )
      const result = JSON.stringify(await house.call('post', { body: 1 }, { secrets }))
      for (const secret of [
        'p\\"w',
        'p%22w',
        'someone',
        'cookie-of-caller',
        btoa('someone').slice(0, 8),
      ])
        assert.ok(!result.includes(secret), `${secret} in ${result}`)
      assert.match(result, /\[secret\]/)
    }
  })

  it('takes them out of the reason and the type of an answer too', async () => {
    const auth = { type: 'basic', username_secret: 'USER', password_secret: 'PASSWORD' }
    const house = await openHouse(kindFor([api.port]), file({ auth }))
    const secrets = { USER: 'someone', PASSWORD: 'pass-word' }
    const shown = btoa('someone:pass-word')
    api.answer = ({ headers }, response) =>
      void response.writeHead(403, String(headers['authorization'])).end()
    const refused = await house.call('post', { body: 1 }, { secrets })
    assert.equal(refused.error?.message, 'The API answered 403 Basic [secret].')
    api.answer = (_, response) =>
      void response.writeHead(200, { 'content-type': `image/${shown}` }).end('x')
    const typed = JSON.stringify(await house.call('post', { body: 1 }, { secrets }))
    assert.ok(!typed.toLowerCase().includes(shown.toLowerCase()), typed)
  })

  it('keeps them from every other origin, though the host may be asked', async () => {
    other.answer = (_, response) => void response.end('there')
    for (const [name, auth, secrets] of [
      ['x-key', API_KEY, { KEY: 'key-1' }],
      ['authorization', { type: 'bearer', secret: 'KEY' }, { KEY: 'key-1' }],
    ] as const) {
      for (const status of [302, 307]) {
        api.asked.length = 0
        other.asked.length = 0
        api.answer = ({ url }, response) =>
          void response
            .writeHead(status, {
              location: url === '/a' ? '/b' : `http://api.test:${other.port}/c`,
            })
            .end()
        const house = await openHouse(
          kindFor([api.port, other.port]),
          file({ auth: { ...auth }, user_header: true }),
        )
        const operation = name === 'x-key' ? 'a' : 'post'
        const args = operation === 'a' ? { session: 's' } : { body: { q: 1 } }
        const result = await house.call(operation, args, { secrets })
        assert.equal(result.output, 'there')
        const hops = [...api.asked, ...other.asked].map(({ headers }) => headers)
        assert.deepEqual(
          hops.map((headers) => [
            name in headers,
            'davinci-cookie' in headers,
            'cookie' in headers,
          ]),
          [
            [true, true, operation === 'a'],
            [true, true, operation === 'a'],
            [false, false, false],
          ],
        )
        const isKept = status === 307 && operation === 'post'
        assert.equal(other.asked[0]?.body, isKept ? '{"q":1}' : '')
        assert.equal(other.asked[0]?.method, isKept ? 'POST' : 'GET')
        assert.deepEqual(
          result.usage.http.map(({ host }) => host),
          ['api.test', 'api.test', 'api.test'],
        )
      }
    }
  })

  it('follows redirects to no host that is not of the document', async () => {
    for (const location of [
      `http://evil.test:${other.port}/`,
      'http://169.254.169.254/latest/meta-data',
      'file:///etc/passwd',
    ]) {
      api.answer = (_, response) => void response.writeHead(302, { location }).end()
      const house = await openHouse(kindFor([api.port, other.port]), file({}))
      const result = await house.call('post', {})
      assert.deepEqual([result.ok, result.error?.kind], [false, 'egress'])
      assert.equal(result.usage.http[0]?.status, 302)
      assert.equal(result.usage.http[1]?.refused, result.error?.message)
    }
    api.answer = (_, response) => void response.writeHead(302, { location: '/again' }).end()
    const house = await openHouse(kindFor([api.port]), file({}))
    assert.match((await house.call('post', {})).error?.message ?? '', /redirects more than 5 times/)
    api.answer = (_, response) => void response.writeHead(302, { location: 'http://[' }).end()
    assert.match((await house.call('post', {})).error?.message ?? '', /not valid/)
    assert.deepEqual(other.asked, [])
  })

  it('asks only hosts that the file names, where it names some', async () => {
    const allowed = await openHouse(kindFor([api.port]), file({ network: ['api.test'] }))
    api.answer = (_, response) => void response.end('ok')
    assert.equal((await allowed.call('post', {})).output, 'ok')
    const closed = await openHouse(kindFor([api.port]), file({ network: ['api.example.com'] }))
    const result = await closed.call('post', {})
    assert.equal(result.error?.message, 'The host api.test is not on the list of allowed hosts.')
    assert.equal(result.error?.kind, 'egress')
    assert.equal(api.asked.length, 1)
  })

  it('reaches no internal host that the operator has not opened', async () => {
    const kind = createOpenApiKind({
      clock: { now: () => 0 },
      reach: { resolve: async () => [{ address: '10.0.0.1', family: 4 }] },
    })
    for (const url of [
      'http://inner.test',
      'http://127.0.0.1',
      'http://[::1]',
      'http://2130706433',
    ]) {
      const house = await openHouse(
        kind,
        pluginFile({ document: document(url), network: 'public' }),
      )
      const result = await house.call('post', {})
      assert.equal(result.error?.kind, 'egress')
      assert.match(result.error?.message ?? '', /is not on the public internet/, url)
    }
  })
})

describe('OAuth 2 client credentials', () => {
  it('gets a token once and keeps it until it expires', async () => {
    let now = 1_000_000
    const house = await openHouse(
      kindFor([api.port, other.port], { now: () => now }),
      file({ auth: OAUTH() }),
    )
    let count = 0
    other.answer = (_, response) => {
      count += 1
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ access_token: `token-${count}`, expires_in: 100 }))
    }
    api.answer = ({ headers }, response) => void response.end(headers.authorization)
    const call = (more: object = {}) => house.call('post', {}, { secrets: CLIENT, ...more })
    const first = await call()
    assert.equal(first.output, 'Bearer [secret]')
    assert.deepEqual(
      first.usage.http.map(({ host, status }) => [host, status]),
      [['api.test', 200]],
    )
    assert.equal(other.asked[0]?.body, 'grant_type=client_credentials&scope=read+write')
    assert.equal(other.asked[0]?.headers.authorization, `Basic ${btoa('my%20id:p%3Aw%2F1')}`)
    now += 60_000
    await call()
    assert.equal(api.asked.at(-1)?.headers.authorization, 'Bearer token-1')
    now += 15_000
    await call()
    assert.equal(api.asked.at(-1)?.headers.authorization, 'Bearer token-2')
    await call({ secrets: { ...CLIENT, SECRET: 'another' } })
    assert.equal(api.asked.at(-1)?.headers.authorization, 'Bearer token-3')
    await call()
    assert.equal(api.asked.at(-1)?.headers.authorization, 'Bearer token-2')
  })

  it('gets another token when the API does not take the first, once', async () => {
    const house = await openHouse(kindFor([api.port, other.port]), file({ auth: OAUTH() }))
    let count = 0
    other.answer = (_, response) => {
      count += 1
      response.end(JSON.stringify({ access_token: `token-${count}` }))
    }
    api.answer = ({ headers }, response) =>
      void response.writeHead(headers.authorization === 'Bearer token-2' ? 200 : 401).end('answer')
    const good = await house.call('post', {}, { secrets: CLIENT })
    assert.equal(good.output, 'answer')
    count = 5
    api.answer = (_, response) => void response.writeHead(401).end()
    const bad = await house.call('post', {}, { secrets: CLIENT })
    assert.equal(bad.error?.message, 'The API answered 401 Unauthorized.')
    assert.deepEqual(
      bad.usage.http.map(({ host, status }) => [host, status]),
      [
        ['api.test', 401],
        ['api.test', 401],
      ],
    )
  })

  it('puts the client into the body for a server that takes no header', async () => {
    const house = await openHouse(kindFor([api.port, other.port]), file({ auth: OAUTH() }))
    other.answer = ({ headers, body }, response) => {
      const isGood = headers.authorization === undefined && body.includes('client_secret=p%3Aw%2F1')
      response.writeHead(isGood ? 200 : 401)
      response.end(isGood ? '{"access_token":"t-body"}' : '{"error":"invalid_client"}')
    }
    api.answer = (_, response) => void response.end('ok')
    assert.equal((await house.call('post', {}, { secrets: CLIENT })).output, 'ok')
    assert.equal(api.asked[0]?.headers.authorization, 'Bearer t-body')
  })

  it('says when it gets no token', async () => {
    const house = await openHouse(kindFor([api.port, other.port]), file({ auth: OAUTH() }))
    other.answer = (_, response) =>
      void response.writeHead(400).end(`{"error":"invalid_scope","secret":"${CLIENT.SECRET}"}`)
    const refused = await house.call('post', {}, { secrets: CLIENT })
    assert.equal(
      refused.error?.message,
      `The token server login.test:${other.port} gave no token: it answered 400.`,
    )
    other.answer = (_, response) => void response.end('not JSON')
    const strange = await house.call('post', {}, { secrets: CLIENT })
    assert.match(strange.error?.message ?? '', /gave no token: its answer is not JSON\.$/)
    const missing = await house.call('post', {}, { secrets: { ID: 'x' } })
    assert.match(missing.error?.message ?? '', /'SECRET' has no value/)
    const closed = await openHouse(kindFor([api.port]), file({ auth: OAUTH() }))
    const unreached = await closed.call('post', {}, { secrets: CLIENT })
    assert.equal(unreached.error?.kind, 'egress')
    const [note] = unreached.usage.http
    assert.deepEqual(note, { host: 'login.test', status: null, refused: unreached.error?.message })
    assert.deepEqual(api.asked, [])
  })
})
