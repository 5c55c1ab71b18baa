import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ReferenceDocument } from '@melzi/contract/reference/document.ts'
import { createHttpServer } from '../../http/server.ts'
import { createLog } from '../../platform/log.ts'
import { docsRoutes, openApiRoutes } from './routes.ts'
import { createReferenceService } from './service.ts'

const boot = (publicUrl: string | null) => {
  const app = createHttpServer({ log: createLog('silent'), bodyLimit: 1_000 })
  const deps = { reference: createReferenceService(), publicUrl }
  docsRoutes(app, deps)
  void app.register(async (scope) => openApiRoutes(scope, deps), { prefix: '/v1' })
  return { app, [Symbol.asyncDispose]: () => app.close() }
}

describe('the address of the reference', () => {
  it('is what the operator says, below a path too', async () => {
    await using server = boot('https://melzi.example/below/')
    const reply = await server.app.inject({ url: '/v1/openapi.json', headers: { host: 'else:1' } })
    const { servers, paths } = reply.json<ReferenceDocument>()
    assert.deepEqual(servers, [{ url: 'https://melzi.example/below/v1' }])
    assert.deepEqual(paths['/healthz']?.servers, [{ url: 'https://melzi.example/below' }])
    const page = await server.app.inject({ url: '/docs', headers: { host: 'else:1' } })
    assert.match(page.body, /curl https:\/\/melzi\.example\/below\/healthz/)
    assert.doesNotMatch(page.body, /else:1|origin\.invalid/)
  })

  it('is where the request came to when the operator says nothing', async () => {
    await using server = boot(null)
    for (const host of ['melzi.example', '[::1]:3000', '10.0.0.5:8080']) {
      const reply = await server.app.inject({ url: '/v1/openapi.json', headers: { host } })
      assert.deepEqual(reply.json<ReferenceDocument>().servers, [{ url: `http://${host}/v1` }])
    }
  })

  it('is a path alone when the request names no host that can be one', async () => {
    await using server = boot(null)
    for (const host of ['a b', '"><script>', 'x:99999999']) {
      const reply = await server.app.inject({ url: '/v1/openapi.json', headers: { host } })
      const { servers, paths } = reply.json<ReferenceDocument>()
      assert.deepEqual(servers, [{ url: '/v1' }])
      assert.deepEqual(paths['/healthz']?.servers, [{ url: '/' }])
    }
  })
})
