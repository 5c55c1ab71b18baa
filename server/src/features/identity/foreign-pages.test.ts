import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { createApp } from '../../app.ts'
import { readConfig } from '../../config/config.ts'
import { createContext, type Context } from '../../context.ts'
import { routesOf } from '../../http/route-table.ts'

// Each route that changes something, asked with the cookie of a visitor by a page of another site.

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
const REFUSED = 'This request comes from a page of another site.'

describe('pages of other sites', () => {
  const stack = new AsyncDisposableStack()
  let app: FastifyInstance
  let context: Context
  let cookie = ''
  let routes: { method: string; url: string }[]

  before(async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'melzi-pages-'))
    stack.defer(() => rm(dir, { recursive: true, force: true }))
    const settings = { MELZI_DATA: dir, MELZI_SANDBOX: 'off', MELZI_LOG_LEVEL: 'silent' }
    context = stack.use(await createContext(readConfig(settings), { kind: 'demo', isChosen: true }))
    app = createApp(context)
    stack.defer(() => app.close())
    await app.ready()
    await context.quickstart.prepare({ enabled: true, baseUrl: 'http://melzi.test/v1' })
    const [person] = await context.store.all<{ id: string }>('select id from people')
    const from = { address: null, userAgent: null }
    const [begun = ''] = await context.community.identity.accounts.startSession(
      person?.id ?? '',
      from,
    )
    cookie = begun.split(';')[0] ?? ''
    routes = routesOf(app)
      .filter(({ method }) => !SAFE.has(method))
      .map(({ method, url }) => ({ method, url: url.replace('*', 'x').replaceAll(/:\w+/g, 'x') }))
  })
  after(() => stack.disposeAsync())

  const ask = async (route: { method: string; url: string }, headers: Record<string, string>) => {
    const reply = await app.inject({
      method: route.method as 'POST',
      url: route.url,
      headers: { host: 'melzi.test', cookie, ...headers },
    })
    const body = reply.json<{ error?: { message?: string } } | null>()
    return { status: reply.statusCode, message: body?.error?.message }
  }

  it('change nothing through any route', async () => {
    assert.ok(routes.length > 100, 'there are routes')
    const pages: Record<string, string>[] = [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://melzi.test.evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-site' },
    ]
    for (const route of routes)
      for (const headers of pages) {
        const said = `${route.method} ${route.url} ${JSON.stringify(headers)}`
        assert.deepEqual(await ask(route, headers), { status: 403, message: REFUSED }, said)
      }
  })

  it('are told apart from our own', async () => {
    const own = { origin: 'http://melzi.test' }
    const browser = { 'sec-fetch-site': 'same-origin' }
    for (const headers of [own, browser]) {
      const made = await ask({ method: 'POST', url: '/v1/threads' }, headers)
      assert.equal(made.status, 200, made.message)
    }
  })
})
