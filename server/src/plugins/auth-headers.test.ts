import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createPluginCredentials } from './auth-headers.ts'
import type { PluginAuth } from './plugin-auth.ts'

const never = new AbortController().signal
const secrets = { USER: 'ann', PASSWORD: 'p:w', KEY: 'k-123', ID: 'client', SECRET: 's e&cret' }

describe('credentials of a plugin', () => {
  const credentials = createPluginCredentials({ clock: { now: () => 0 }, egress: {} })
  const partsOf = (auth: PluginAuth) => credentials.partsOf(auth, secrets, never)

  it('are what its auth says', async () => {
    assert.deepEqual(await partsOf({ type: 'none' }), { headers: [], query: [] })
    assert.deepEqual(await partsOf({ type: 'bearer', secret: 'KEY' }), {
      headers: [['Authorization', 'Bearer k-123']],
      query: [],
    })
    const basic = { type: 'basic', usernameSecret: 'USER', passwordSecret: 'PASSWORD' } as const
    assert.deepEqual((await partsOf(basic)).headers, [['Authorization', 'Basic YW5uOnA6dw==']])
    const key = { type: 'api_key', in: 'header', name: 'X-Key', secret: 'KEY' } as const
    assert.deepEqual((await partsOf(key)).headers, [['X-Key', 'k-123']])
    assert.deepEqual(await partsOf({ ...key, in: 'query' }), {
      headers: [],
      query: [['X-Key', 'k-123']],
    })
  })

  it('need a value for each secret', async () => {
    await assert.rejects(partsOf({ type: 'bearer', secret: 'OTHER' }), {
      status: 400,
      message: /'OTHER'/,
    })
  })
})

describe('a token of OAuth2 client credentials', () => {
  const asked: { headers: IncomingHttpHeaders; form: URLSearchParams }[] = []
  let answer: (response: ServerResponse) => void = () => {}
  const json = (status: number, body: object) => (response: ServerResponse) =>
    void response.writeHead(status).end(JSON.stringify(body))
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const form = new URLSearchParams(Buffer.concat(chunks).toString())
        asked.push({ headers: request.headers, form })
        answer(response)
      })
  })
  let host = ''
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  const setUp = (internalHosts = [host]) => {
    asked.length = 0
    let now = 1_000_000
    const credentials = createPluginCredentials({
      clock: { now: () => now },
      egress: { internalHosts },
    })
    const auth: PluginAuth = {
      type: 'oauth2',
      tokenUrl: `http://${host}/token`,
      scopes: ['a', 'b'],
      clientIdSecret: 'ID',
      clientSecretSecret: 'SECRET',
    }
    return {
      token: async (signal = never) =>
        (await credentials.partsOf(auth, secrets, signal)).headers[0]?.[1],
      forget: () => credentials.forget(auth, secrets),
      later: (ms: number) => (now += ms),
    }
  }

  it('is asked for once while it lives, and for many at once', async () => {
    const t = setUp()
    answer = json(200, { access_token: 'one', token_type: 'Bearer', expires_in: 3600 })
    assert.deepEqual(await Promise.all([t.token(), t.token()]), ['Bearer one', 'Bearer one'])
    assert.equal(asked.length, 1)
    const [first] = asked
    assert.equal(first?.headers.authorization, `Basic ${btoa('client:s%20e%26cret')}`)
    assert.deepEqual(
      [...(first?.form ?? [])],
      [
        ['grant_type', 'client_credentials'],
        ['scope', 'a b'],
      ],
    )
    answer = json(200, { access_token: 'two' })
    t.later(3_500_000)
    assert.equal(await t.token(), 'Bearer one')
    t.later(80_000)
    assert.equal(await t.token(), 'Bearer two')
    assert.equal(t.forget(), true)
    assert.equal(t.forget(), false)
    assert.equal(await t.token(), 'Bearer two')
    assert.equal(asked.length, 3)
  })

  it('is asked for with both in the form where Basic is refused', async () => {
    const t = setUp()
    answer = (response) =>
      asked.length === 1
        ? json(401, { error: 'invalid_client' })(response)
        : json(200, { access_token: 'x' })(response)
    assert.equal(await t.token(), 'Bearer x')
    assert.deepEqual(asked[1]?.form.get('client_secret'), 's e&cret')
    assert.equal(asked[1]?.headers.authorization, undefined)
  })

  it('that is refused, or none, is said without what was sent, and asked for again', async () => {
    const t = setUp()
    const answers = [
      json(403, { error: 's e&cret' }),
      json(200, { token: 'x' }),
      json(200, { access_token: 'x', token_type: 'mac' }),
      (response: ServerResponse) => void response.end('<html>'),
      (response: ServerResponse) => void response.end('x'.repeat(70_000)),
    ]
    for (const one of answers) {
      answer = one
      await assert.rejects(t.token(), (error: Error) => !error.message.includes('e&cret'))
    }
    answer = json(200, { access_token: 'at last' })
    assert.equal(await t.token(), 'Bearer at last')
  })

  it('is not asked for at an address inside, and whoever leaves does not wait', async () => {
    await assert.rejects(setUp([]).token(), { code: 'address_refused' })
    assert.equal(asked.length, 0)
    const t = setUp()
    const held: ServerResponse[] = []
    answer = (response) => held.push(response)
    const stop = new AbortController()
    const one = t.token(stop.signal)
    const other = t.token()
    stop.abort(new Error('left'))
    await assert.rejects(one, /left/)
    while (held.length === 0) await new Promise((done) => setTimeout(done, 5))
    for (const response of held) json(200, { access_token: 'y' })(response)
    assert.equal(await other, 'Bearer y')
  })
})
