import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import { ApiKeyList, NewApiKeyObject, type ApiKeyObject } from '@melzi/contract/key.ts'
import type { ListReply } from '@melzi/contract/list.ts'
import { OwnUsage } from '@melzi/contract/usage.ts'
import OpenAI from 'openai'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { Api } from '../support/factories.ts'

const NO_LIMITS = { requests_per_minute: null, tokens_per_day: null, money_per_month: null }

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`keys on ${engine}`, engine === 'postgres' ? skipUnless('postgresql') : {}, () => {
    let server: BootedServer
    /** The owner of the workspace, who is its admin too. */
    let api: Api
    /** A member. */
    let other: Api
    let assistant: AssistantObject

    const make = async (fields: object = {}, by = api): Promise<NewApiKeyObject> =>
      NewApiKeyObject.parse(await by.post('/keys', { name: 'made', ...fields }))
    const using = ({ key }: { key: string }): Api =>
      new Api({ baseUrl: server.baseUrl, apiKey: key })

    before(async () => {
      server = await bootServer({ engine })
      api = new Api(server)
      other = new Api(await server.keyOf('Salaì'))
      assistant = await api.assistant({ model: 'melzi-demo' })
    })
    after(() => server?.[Symbol.asyncDispose]())

    it('are shown whole once', async () => {
      const made = await make()
      const { key, ...shown } = made
      assert.match(key, /^mlz_[\w-]{43}$/)
      assert.deepEqual([shown.prefix, shown.last_four], [key.slice(0, 8), key.slice(-4)])
      assert.deepEqual(
        { ...shown, id: '', created_at: 0, person_id: '', prefix: '', last_four: '' },
        {
          id: '',
          object: 'api_key',
          name: 'made',
          prefix: '',
          last_four: '',
          created_at: 0,
          last_used_at: null,
          expires_at: null,
          paused: false,
          assistant_ids: null,
          access: 'manage',
          origins: null,
          limits: NO_LIMITS,
          shared_assistant_id: null,
          person_id: '',
        },
      )
      assert.deepEqual(await api.get(`/keys/${made.id}`), shown)
      const list = ApiKeyList.parse(await api.get('/keys?limit=100'))
      assert.deepEqual(list.data[0], shown)
      assert.ok(!JSON.stringify(list).includes(key))
      await using(made).get('/assistants')
    })

    it('come long for clients that want 200 characters', async () => {
      const made = await make({ long: true })
      assert.equal(made.key.length, 204)
      await using(made).get('/assistants')
      const renewed = NewApiKeyObject.parse(await api.post(`/keys/${made.id}/rotate`, {}))
      assert.equal(renewed.key.length, 47)
    })

    it('are changed field by field', async () => {
      const end = Math.floor(Date.now() / 1000) + 3600
      const made = await make({
        assistant_ids: [assistant.id],
        access: 'use',
        origins: ['https://School.example:443', 'chrome-extension://abc'],
        expires_at: end,
        limits: { requests_per_minute: 10, tokens_per_day: 1000, money_per_month: 2.5 },
      })
      assert.deepEqual(made.origins, ['https://school.example', 'chrome-extension://abc'])
      const limits = { requests_per_minute: 10, tokens_per_day: 1000, money_per_month: 2.5 }
      assert.deepEqual([made.limits, made.expires_at, made.access], [limits, end, 'use'])
      const { key: _key, ...shown } = made
      const path = `/keys/${made.id}`
      assert.deepEqual(await api.post(path, { name: 'other' }), { ...shown, name: 'other' })
      const fewer = { limits: { tokens_per_day: null }, origins: null, name: 'made' }
      const changed = { ...shown, origins: null, limits: { ...limits, tokens_per_day: null } }
      assert.deepEqual(await api.post(path, fewer), changed)
      const all = { assistant_ids: null, access: 'manage', expires_at: null }
      assert.deepEqual(await api.post(path, all), { ...changed, ...all })
      await using(made).get('/keys')
    })

    it('are refused when they are malformed', async () => {
      const bad: [body: object, param: string][] = [
        [{}, 'name'],
        [{ name: '' }, 'name'],
        [{ name: 'x', access: 'all' }, 'access'],
        [{ name: 'x', assistant_ids: [] }, 'assistant_ids'],
        [{ name: 'x', origins: ['https://a.example/path'] }, 'origins[0]'],
        [{ name: 'x', origins: ['null'] }, 'origins[0]'],
        [{ name: 'x', expires_at: 1 }, 'expires_at'],
        [{ name: 'x', limits: { requests_per_minute: 0 } }, 'limits.requests_per_minute'],
        [{ name: 'x', paused: true }, 'paused'],
      ]
      for (const [body, param] of bad)
        await api.refused('POST', '/keys', body, { status: 400, param })
      await api.refused('POST', '/keys', { name: 'x', assistant_ids: ['asst_x'] }, { status: 404 })
      const { id } = await make()
      await api.refused('POST', `/keys/${id}`, { key: 'x' }, { status: 400, param: 'key' })
      await api.refused('POST', `/keys/${id}`, { expires_at: 1 }, { status: 400 })
      await api.refused('GET', `/keys?after=key_x`, undefined, { status: 404 })
    })

    it('die at once when they are deleted, renewed or paused, and live again when they go on', async () => {
      const made = await make()
      const path = `/keys/${made.id}`
      const dead = { status: 401, code: 'invalid_api_key' }
      const renewed = NewApiKeyObject.parse(await api.post(`${path}/rotate`, { long: true }))
      assert.equal(renewed.id, made.id)
      await using(made).refused('GET', '/assistants', undefined, dead)
      await using(renewed).get('/assistants')
      assert.equal((await api.post<ApiKeyObject>(path, { paused: true })).paused, true)
      await using(renewed).refused('GET', '/assistants', undefined, dead)
      await api.post(path, { paused: false })
      await using(renewed).get('/assistants')
      assert.deepEqual(await api.delete(path), {
        id: made.id,
        object: 'api_key.deleted',
        deleted: true,
      })
      await using(renewed).refused('GET', '/assistants', undefined, dead)
      await api.refused('GET', path, undefined, { status: 404 })
      await api.refused('DELETE', path, undefined, { status: 404 })
    })

    it('of others are nobody’s business', async () => {
      const { id, key } = await make()
      const routes: [method: string, path: string, body?: object][] = [
        ['GET', `/keys/${id}`],
        ['POST', `/keys/${id}`, { name: 'x' }],
        ['POST', `/keys/${id}`, { paused: true }],
        ['DELETE', `/keys/${id}`],
        ['POST', `/keys/${id}/rotate`, {}],
        ['GET', `/keys?after=${id}`],
      ]
      for (const [method, path, body] of routes)
        await other.refused(method, path, body, { status: 404 })
      const { data } = await other.get<ListReply<ApiKeyObject>>('/keys?limit=100')
      assert.equal(data.length, 1)
      const { person_id: mine } = await api.get<ApiKeyObject>(`/keys/${id}`)
      await other.refused('GET', `/keys?person_id=${mine}`, undefined, { status: 403 })
      await using({ key }).get('/assistants')
    })

    it('of members can be withdrawn by admins, and nothing more', async () => {
      const made = await make({}, other)
      const path = `/keys/${made.id}`
      const list = ApiKeyList.parse(await api.get(`/keys?person_id=${made.person_id}`))
      assert.ok(list.data.some(({ id }) => id === made.id))
      assert.ok(!JSON.stringify(list).includes(made.key))
      assert.equal((await api.get<ApiKeyObject>(path)).id, made.id)
      for (const [at, body] of [
        [path, { name: 'x' }],
        [path, { paused: false }],
        [path, { paused: true, access: 'use' }],
        [`${path}/rotate`, {}],
      ] as const)
        await api.refused('POST', at, body, { status: 403 })
      await api.post(path, { paused: true })
      await using(made).refused('GET', '/assistants', undefined, { status: 401 })
      await other.post(path, { paused: false })
      await api.delete(path)
      await using(made).refused('GET', '/assistants', undefined, { status: 401 })
    })

    it('make no key with more than themselves', async () => {
      const end = Math.floor(Date.now() / 1000) + 3600
      const { id } = await make()
      for (const held of [
        { access: 'use' },
        { assistant_ids: [assistant.id] },
        { origins: ['https://a.example'] },
        { expires_at: end },
        { limits: { requests_per_minute: 100 } },
        { limits: { tokens_per_day: 100 } },
        { limits: { money_per_month: 100 } },
      ]) {
        const bound = await make(held)
        const key = using(bound)
        const forbidden = { status: 403, code: 'insufficient_permissions' }
        await key.refused('POST', '/keys', { name: 'more' }, forbidden)
        await key.refused('POST', `/keys/${bound.id}`, { limits: {} }, forbidden)
        await key.refused('POST', `/keys/${bound.id}`, { paused: false }, forbidden)
        await key.refused('POST', `/keys/${id}/rotate`, {}, forbidden)
        const share = `/assistants/${assistant.id}/share-keys`
        await key.refused('POST', share, { name: 'more' }, forbidden)
        const limits = `/limits/key/${bound.id}`
        await key.refused('POST', limits, { requests_per_minute: null }, forbidden)
        await key.refused('DELETE', limits, undefined, forbidden)
      }
    })

    it('tell what they used, to whom they concern', async () => {
      const made = await make({ limits: { tokens_per_day: 1000 } }, other)
      const path = `/keys/${made.id}/usage`
      for (const by of [other, api]) {
        const usage = OwnUsage.parse(await by.get(path))
        assert.equal(usage.key_id, made.id)
        assert.deepEqual(
          usage.limits.map((limit) => [limit.subject_kind, limit.tokens_left]),
          [['key', 1000]],
        )
      }
      const mine = await make()
      await other.refused('GET', `/keys/${mine.id}/usage`, undefined, { status: 404 })
      const limited = using(await make({ access: 'use' }))
      await limited.refused('GET', `/keys/${mine.id}/usage`, undefined, { status: 403 })
      const { headers } = await using(made).request('GET', '/assistants')
      assert.equal(headers.get('x-ratelimit-limit-tokens'), '1000')
      assert.equal(headers.get('x-ratelimit-remaining-tokens'), '1000')
      assert.match(headers.get('x-ratelimit-reset-tokens') ?? '', /^(?:\d+h)?(?:\d+m)?[\d.]+s$/)
    })

    it('of one person share the limit of the person, and it counts nobody else', async () => {
      const by = new Api(await server.keyOf('Atalante'))
      const [one, two] = [await make({}, by), await make({}, by)]
      await api.post(`/limits/person/${one.person_id}`, { requests_per_minute: 2 })
      const statuses = []
      for (const made of [one, two, one, two])
        statuses.push((await using(made).request('GET', '/assistants')).status)
      assert.deepEqual(statuses, [200, 200, 429, 429])
      await by.refused('GET', '/assistants', undefined, { status: 429 })
      await other.get('/assistants')
      await api.post(`/limits/person/${one.person_id}`, { requests_per_minute: null })
      await using(one).get('/assistants')
    })

    it('are not judged by two', async () => {
      const [one, two] = [await make(), await make()]
      const ask = (headers: Record<string, string>) =>
        fetch(`${server.baseUrl}/assistants`, { headers })
      const bearer = `Bearer ${one.key}`
      assert.equal((await ask({ authorization: bearer, 'api-key': one.key })).status, 200)
      const both = await ask({ authorization: bearer, 'api-key': two.key })
      assert.equal(both.status, 401)
      assert.equal(
        ((await both.json()) as { error: { code: string } }).error.code,
        'invalid_api_key',
      )
    })

    it('answer pages of their origins only, in a way that a page can read', async () => {
      const { key } = await make({ origins: ['https://school.example'] })
      const ask = (origin?: string) =>
        fetch(`${server.baseUrl}/assistants`, {
          headers: { authorization: `Bearer ${key}`, ...(origin === undefined ? {} : { origin }) },
        })
      for (const origin of [undefined, 'https://school.example'])
        assert.equal((await ask(origin)).status, 200)
      for (const origin of [
        'https://evil.example',
        'http://school.example',
        'https://school.example:8443',
        'https://school.example.evil.example',
        'null',
      ]) {
        const reply = await ask(origin)
        assert.equal(reply.status, 403, origin)
        assert.equal(reply.headers.get('access-control-allow-origin'), origin)
        const { error } = (await reply.json()) as { error: { code: string } }
        assert.equal(error.code, 'insufficient_permissions')
      }
    })

    it('tell what is left of their minute, and how long to wait', async () => {
      const { key, id } = await make({ limits: { requests_per_minute: 3 } })
      const ask = () =>
        fetch(`${server.baseUrl}/assistants`, {
          headers: { authorization: `Bearer ${key}`, origin: 'https://page.example' },
        })
      for (const left of ['2', '1', '0']) {
        const { status, headers } = await ask()
        assert.equal(status, 200)
        assert.equal(headers.get('x-ratelimit-limit-requests'), '3')
        assert.equal(headers.get('x-ratelimit-remaining-requests'), left)
        assert.match(headers.get('x-ratelimit-reset-requests') ?? '', /^(?:1m0s|[\d.]+s)$/)
        assert.match(
          headers.get('access-control-expose-headers') ?? '',
          /x-ratelimit-remaining-requests/,
        )
      }
      const refused = await ask()
      assert.equal(refused.status, 429)
      const wait = refused.headers.get('retry-after') ?? ''
      assert.ok(/^\d+$/.test(wait) && Number(wait) >= 1 && Number(wait) <= 60, wait)
      assert.equal(refused.headers.get('x-ratelimit-remaining-requests'), '0')
      const { error } = (await refused.json()) as { error: Record<string, unknown> }
      assert.deepEqual([error['type'], error['code']], ['requests', 'rate_limit_exceeded'])
      const client = new OpenAI({ baseURL: server.baseUrl, apiKey: key, maxRetries: 0 })
      await assert.rejects(client.beta.assistants.list(), (thrown) => {
        assert.ok(thrown instanceof OpenAI.RateLimitError)
        assert.deepEqual([thrown.type, thrown.code], ['requests', 'rate_limit_exceeded'])
        return true
      })
      await api.post(`/keys/${id}`, { limits: { requests_per_minute: null } })
      const free = await ask()
      assert.equal(free.status, 200)
      assert.equal(free.headers.get('x-ratelimit-limit-requests'), null)
    })
  })
