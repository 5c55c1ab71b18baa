import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { bootServer, type BootedServer } from './support/boot.ts'

// A maker imports the address of an API's document, and a client calls one of its operations as it calls any plugin.

const DOCUMENT = {
  openapi: '3.1.0',
  paths: {
    '/weather/{city}': {
      get: {
        operationId: 'showWeather',
        parameters: [{ name: 'city', in: 'path', required: true, schema: { type: 'string' } }],
      },
    },
    '/stations': { get: { operationId: 'listStations' } },
  },
}

describe('an OpenAPI plugin in the whole program', () => {
  const asked: string[] = []
  const api = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.setHeader('content-type', 'application/json')
    const body = request.url === '/openapi.json' ? DOCUMENT : { sky: '晴 "clear"', degrees: 31 }
    response.end(JSON.stringify(body, null, 2))
  })
  let server: BootedServer
  let url: string

  before(async () => {
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    const host = `127.0.0.1:${(api.address() as AddressInfo).port}`
    url = `http://${host}`
    server = await bootServer({ env: { MELZI_ALLOW_INTERNAL_HOSTS: host } })
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    api.closeAllConnections()
    api.close()
  })

  const post = async (where: string, body: unknown) => {
    const response = await fetch(`${server.baseUrl}${where}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const importFile = async (id: string, more: object): Promise<string> => {
    const file = path.join(server.dataDir, `${id}.json`)
    const api = { type: 'openapi', url: `${url}/openapi.json` }
    await writeFile(file, JSON.stringify({ id, api, ...more }))
    return server.cli('plugin', 'import', file)
  }

  it('is imported by the address of its document and called by name of an operation', async () => {
    await importFile('sky', { melzi: { functions: ['showWeather'] } })
    await server.cli('plugin', 'attach', 'sky', server.assistantId)
    const thread = await post('/threads', {})
    const call = (pid: string, args: object) => {
      const query = new URLSearchParams({
        tid: String(thread.body['id']),
        aid: server.assistantId,
        pid,
      })
      return post(`/pluginapi?${query.toString()}`, args)
    }
    const good = await call('showWeather', { city: '臺北' })
    assert.deepEqual(
      [good.status, good.body['text']],
      [200, '{"sky":"晴 \\"clear\\"","degrees":31}'],
    )
    assert.equal(asked.at(-1), '/weather/%E8%87%BA%E5%8C%97')
    const wrong = await call('showWeather', { town: 'Taipei' })
    assert.equal(wrong.status, 200)
    assert.match(String(wrong.body['text']), /'city' is required; 'town' is no parameter/)
    assert.equal((await call('listStations', {})).status, 404)
    assert.equal(asked.length, 2)
  })

  it('is refused where the operator has opened no way to its document', async () => {
    const before = asked.length
    await assert.rejects(
      importFile('inner', { api: { type: 'openapi', url: 'http://localhost:1/openapi.json' } }),
      /The OpenAPI document could not be loaded: The port 1 is not allowed/,
    )
    assert.equal(asked.length, before)
  })
})
