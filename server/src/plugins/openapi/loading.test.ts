/** Where documents come from. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { describePlugin, kindFor, openHouse, pluginFile, startApi } from './openapi-house.ts'
import { createOpenApiKind } from './openapi-kind.ts'

const DOCUMENT = JSON.stringify({
  openapi: '3.1.0',
  servers: [{ url: '../v2' }],
  paths: { '/a': { get: { operationId: 'a' } } },
})

describe('OpenAPI documents by address', () => {
  it('follows redirects, and takes relative servers from where the document stands in the end', async () => {
    await using api = await startApi()
    api.answer = ({ url }, response) => {
      if (url === '/old') {
        response.writeHead(302, { location: `http://docs.test:${api.port}/x/y/openapi.json` }).end()
      } else if (url === '/x/y/openapi.json') {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(DOCUMENT))
      } else response.writeHead(200, { 'content-type': 'text/plain' }).end('done')
    }
    const file = pluginFile({}, `http://api.test:${api.port}/old`)
    const house = await openHouse(kindFor([api.port]), file)
    assert.deepEqual(house.functions[0]?.name, 'a')
    const result = await house.call('a')
    assert.equal(result.output, 'done')
    assert.equal(api.asked.at(-1)?.url, '/x/v2/a')
    assert.equal(api.asked.at(-1)?.headers.host, `docs.test:${api.port}`)
  })

  it('says why a document could not be loaded', async () => {
    await using api = await startApi()
    const url = `http://api.test:${api.port}/openapi.json`
    const refuse = (message: RegExp, from = url) =>
      assert.rejects(describePlugin(kindFor([api.port]), pluginFile({}, from)), {
        status: 400,
        param: 'api.url',
        message,
      })
    api.answer = (_, response) => void response.writeHead(404).end('nothing')
    await refuse(/could not be loaded: its server answered 404 Not Found\.$/)
    api.answer = (_, response) => void response.end('<html>a page</html>')
    await refuse(/must hold an object|neither YAML nor JSON/)
    api.answer = (_, response) => void response.end(Buffer.alloc(10_000_000, 32))
    await refuse(/could not be loaded: The answer is larger than 5000000 bytes\.$/)
    api.answer = (_, response) =>
      void response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(50_000_000)))
    await refuse(/unpacks to more than 5000000 bytes/)
    api.answer = (_, response) => void response.writeHead(302, { location: url }).end()
    await refuse(/redirects more than 5 times/)
    await refuse(/The port 1 is not allowed/, 'http://api.test:1/')
  })

  it('loads from no internal host that the operator has not opened', async () => {
    await using api = await startApi()
    const closed = createOpenApiKind({
      clock: { now: () => 0 },
      reach: { resolve: async () => [{ address: '127.0.0.1', family: 4 }] },
    })
    for (const url of [
      'http://inner.test/',
      'http://127.0.0.1/',
      'http://[::1]/',
      'http://0x7f.1/',
    ]) {
      await assert.rejects(describePlugin(closed, pluginFile({}, url)), {
        status: 400,
        param: 'api.url',
        message: /is not on the public internet/,
      })
    }
    assert.deepEqual(api.asked, [])
  })
})
