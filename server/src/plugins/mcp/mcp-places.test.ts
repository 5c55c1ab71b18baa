/** Where an MCP server can lead its client: nowhere else. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mcpHouse, scriptedHouse as setUp, within } from '../../../tests/support/mcp-house.ts'
import { startScriptedMcp } from '../../../tests/support/mcp-servers.ts'

describe('other places', () => {
  it('that a redirect names are not gone to', async () => {
    await using inside = await startScriptedMcp(() => false)
    for (const status of [301, 302, 303, 307, 308]) {
      await using t = await setUp((asked) => {
        asked.response.writeHead(status, { location: inside.url }).end()
        return true
      })
      const result = await within(4_000, t.mcp.call('t'))
      assert.deepEqual([result.ok, result.error?.kind], [false, 'unavailable'])
      assert.match(result.error?.message ?? '', /redirects to another place/)
    }
    assert.equal(inside.asked.length, 0)
  })

  it('that are not public are refused, and the record says so', async () => {
    await using inside = await startScriptedMcp(() => false)
    const port = inside.host.split(':')[1]
    const addresses = [
      inside.url,
      `http://[::ffff:127.0.0.1]:${port}/mcp`,
      `http://2130706433:${port}/mcp`,
      'http://169.254.169.254/latest',
      'http://10.0.0.1/mcp',
    ]
    for (const url of addresses) {
      await using mcp = mcpHouse({ url })
      await assert.rejects(mcp.describe(), { status: 400, param: 'api.url' }, url)
      const result = await within(4_000, mcp.call('t'))
      assert.deepEqual([result.ok, result.error?.kind], [false, 'egress'], url)
      assert.equal(result.usage.http.length, 1)
      assert.equal(result.usage.http[0]?.refused, result.error?.message)
    }
    assert.equal(inside.asked.length, 0)
  })

  it('that a name comes to mean are refused, and each request looks once and goes where it looked', async () => {
    await using server = await startScriptedMcp(() => false)
    const port = server.host.split(':')[1]
    let looked = 0
    let answers = [['127.0.0.1']]
    const resolve = async () => {
      looked += 1
      const addresses = answers.length > 1 ? answers.shift() : answers[0]
      return (addresses ?? []).map((address) => ({ address, family: 4 }))
    }
    for (const meant of [['127.0.0.1'], ['10.0.0.1', '93.184.215.14'], ['169.254.169.254']]) {
      answers = [meant]
      await using mcp = mcpHouse({ url: 'http://rebind.test/mcp' }, { egress: { resolve } })
      assert.equal((await mcp.call('t')).error?.kind, 'egress')
    }
    assert.equal(server.asked.length, 0)
    looked = 0
    // The operator opened the name: what the second look-up says is where only the second request goes.
    answers = [['127.0.0.1'], ['127.0.0.1'], ['127.0.0.1'], ['127.0.0.1'], ['127.0.0.2']]
    const egress = { resolve, internalHosts: [`open.test:${port}`] }
    await using mcp = mcpHouse({ url: `http://open.test:${port}/mcp` }, { egress })
    assert.equal((await mcp.call('t')).ok, true)
    assert.equal(looked, server.asked.length)
    const asked = server.asked.length
    assert.equal((await mcp.call('t')).ok, false)
    assert.equal(server.asked.length, asked)
    assert.ok(looked > asked)
  })
})
