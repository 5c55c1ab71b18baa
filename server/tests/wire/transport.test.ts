import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RunObject } from '@melzi/contract/run.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// behaviour.md 0 and 1: keys, bodies, headers, CORS, both prefixes.
const ORIGIN = 'https://notebook.example'

describe('transport', () => {
  let model: ScriptedModel
  let server: BootedServer
  let api: Api

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url }, env: { MELZI_BODY_LIMIT_MB: '2' } })
    api = new Api(server)
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  const send = (path: string, init: RequestInit & { key?: Record<string, string> } = {}) =>
    fetch(path.startsWith('/') ? server.origin + path : path, {
      ...init,
      headers: {
        ...(init.key ?? { authorization: `Bearer ${server.apiKey}` }),
        ...(init.headers as Record<string, string> | undefined),
      },
    })

  it('takes the key with Bearer, without it, and as api-key', async () => {
    for (const key of [
      { authorization: `Bearer ${server.apiKey}` },
      { authorization: server.apiKey },
      { 'api-key': server.apiKey },
    ]) {
      const response = await send('/api/assts/v1/threads', { method: 'POST', key })
      assert.equal(response.status, 200, Object.keys(key).join())
    }
  })

  it('needs no beta header, and takes it', async () => {
    const headers = { 'openai-beta': 'assistants=v2' }
    assert.equal((await send('/v1/threads', { method: 'POST', headers })).status, 200)
    assert.equal((await send('/v1/threads', { method: 'POST' })).status, 200)
  })

  it('serves the same under both prefixes', async () => {
    const made = (await (await send('/v1/threads', { method: 'POST' })).json()) as { id: string }
    const found = await send(`/api/assts/v1/threads/${made.id}`)
    assert.deepEqual(await found.json(), await (await send(`/v1/threads/${made.id}`)).json())
  })

  it('takes an empty body as an empty object', async () => {
    for (const headers of [{ 'content-type': 'application/json' }, {}])
      for (const body of ['', undefined]) {
        const response = await send('/v1/threads', { method: 'POST', headers, body: body ?? null })
        assert.equal(response.status, 200)
        assert.deepEqual(((await response.json()) as { metadata: unknown }).metadata, {})
      }
  })

  it('reads JSON whatever its content type says', async () => {
    const response = await send('/v1/threads', {
      method: 'POST',
      body: '{"metadata":{"a":"b"}}',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    assert.deepEqual(((await response.json()) as { metadata: unknown }).metadata, { a: 'b' })
  })

  it('refuses a body above the limit in the envelope', async () => {
    const response = await send('/v1/threads', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: { a: 'x'.repeat(3 * 1024 * 1024) } }),
    })
    assert.equal(response.status, 413)
    assert.ok('error' in ((await response.json()) as object))
  })

  it('names each request, and says how long it took', async () => {
    const first = await send('/v1/threads', { method: 'POST' })
    const second = await send('/v1/nowhere')
    for (const { headers } of [first, second])
      assert.match(headers.get('x-request-id') ?? '', /^req_[0-9a-f]{32}$/)
    assert.notEqual(first.headers.get('x-request-id'), second.headers.get('x-request-id'))
    assert.match(first.headers.get('openai-processing-ms') ?? '', /^\d+$/)
    assert.equal(first.headers.get('openai-version'), '2020-10-01')
    assert.equal(first.headers.get('content-type'), 'application/json; charset=utf-8')
  })

  it('answers a preflight on every path, without a key', async () => {
    for (const path of [
      '/v1/threads',
      '/api/assts/v1/threads/x/runs',
      '/api/assts/v1/pluginapi',
      '/v1/nowhere',
    ]) {
      const response = await send(path, {
        method: 'OPTIONS',
        key: {},
        headers: {
          origin: ORIGIN,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-stainless-os',
          'access-control-request-private-network': 'true',
        },
      })
      assert.ok([200, 204].includes(response.status), path)
      const header = (name: string) => response.headers.get(`access-control-${name}`) ?? ''
      assert.ok([ORIGIN, '*'].includes(header('allow-origin')))
      assert.match(header('allow-headers'), /authorization.*content-type.*x-stainless-os/i)
      for (const method of ['GET', 'POST', 'DELETE'])
        assert.match(header('allow-methods'), new RegExp(method))
      assert.equal(header('allow-private-network'), 'true')
    }
  })

  it('lets a page of another origin read answers and headers, refusals too', async () => {
    const headers = { origin: ORIGIN }
    const good = await send('/v1/threads', { method: 'POST', headers })
    const bad = await send('/v1/threads', { method: 'POST', headers, key: {} })
    assert.deepEqual([good.status, bad.status], [200, 401])
    for (const response of [good, bad]) {
      assert.ok([ORIGIN, '*'].includes(response.headers.get('access-control-allow-origin') ?? ''))
      const exposed = (response.headers.get('access-control-expose-headers') ?? '').toLowerCase()
      for (const name of ['x-request-id', 'openai-poll-after-ms', 'retry-after'])
        assert.ok(exposed.includes(name), name)
    }
  })

  it('tells pollers when to come back', async () => {
    const asked = model.requests.length
    model.push({ text: ['a', 'b'], hangAfter: 1 })
    const assistant = await api.assistant()
    const thread = await api.thread('hello')
    const created = await api.request('POST', `/threads/${thread.id}/runs`, {
      assistant_id: assistant.id,
    })
    const run = created.body as RunObject
    const path = `/threads/${thread.id}/runs/${run.id}`
    const polled = await api.request('GET', path)
    // Cancelled sooner, the run would leave the scripted turn to the next test.
    await model.waitForRequests(asked + 1)
    for (const { headers } of [created, polled])
      assert.match(headers.get('openai-poll-after-ms') ?? '', /^\d+$/)
    await api.post(`${path}/cancel`)
    assert.equal((await api.settled(run)).status, 'cancelled')
  })

  it('sends streams with the headers of every answer', async () => {
    model.push({ text: 'hi' })
    const assistant = await api.assistant()
    const response = await send('/v1/threads/runs', {
      method: 'POST',
      headers: { origin: ORIGIN, 'content-type': 'application/json' },
      body: JSON.stringify({
        assistant_id: assistant.id,
        stream: true,
        thread: { messages: [{ role: 'user', content: 'hello' }] },
      }),
    })
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.match(response.headers.get('cache-control') ?? '', /no-cache|no-store/)
    assert.match(response.headers.get('x-request-id') ?? '', /^req_/)
    assert.ok([ORIGIN, '*'].includes(response.headers.get('access-control-allow-origin') ?? ''))
    const text = await response.text()
    assert.match(text, /\nevent: done\ndata: \[DONE\]\n\n$/)
  })

  it('says that it is alive and ready, without a key', async () => {
    const alive = await send('/healthz', { key: {} })
    assert.equal(alive.status, 200)
    const ready = await send('/readyz', { key: {} })
    assert.equal(ready.status, 200)
    const state = JSON.stringify(await ready.json())
    for (const part of ['store', 'sandbox', 'model']) assert.ok(state.includes(part), part)
  })

  it('never writes a key or a message to its log', async () => {
    model.push({ text: 'secret answer' })
    const assistant = await api.assistant()
    const thread = await api.thread('secret question')
    await api.settled(await api.run(thread.id, assistant.id))
    for (const secret of [server.apiKey, 'sk-scripted-model', 'secret question', 'secret answer'])
      assert.ok(!server.logs.replace(/^[^{].*$/gm, '').includes(secret), secret)
  })
})
