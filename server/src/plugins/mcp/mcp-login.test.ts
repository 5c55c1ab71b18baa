/** What an MCP server is shown of who calls, and that nobody else is. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { mcpHouse } from '../../../tests/support/mcp-house.ts'
import { HELLO, startScriptedMcp, TOOL, type Asked } from '../../../tests/support/mcp-servers.ts'

const secrets = { TOKEN: 'secret-token-1', USER: 'ann', PASSWORD: 'pass-word' }

describe('the login of an MCP plugin', () => {
  it('is in every request, the end of the session included', async () => {
    const cases: [object, (asked: { headers: Record<string, unknown>; url: string }) => boolean][] =
      [
        [
          { type: 'bearer', secret: 'TOKEN' },
          ({ headers }) => headers['authorization'] === 'Bearer secret-token-1',
        ],
        [
          { type: 'basic', username_secret: 'USER', password_secret: 'PASSWORD' },
          ({ headers }) => headers['authorization'] === `Basic ${btoa('ann:pass-word')}`,
        ],
        [
          { type: 'api_key', in: 'header', name: 'X-Key', secret: 'TOKEN' },
          ({ headers }) => headers['x-key'] === 'secret-token-1',
        ],
        [
          { type: 'api_key', in: 'query', name: 'key', secret: 'TOKEN' },
          ({ url }) => url === '/mcp?key=secret-token-1',
        ],
      ]
    for (const [auth, isShown] of cases) {
      await using server = await startScriptedMcp(({ method, result }) => {
        if (method !== 'initialize') return false
        result(HELLO, { 'mcp-session-id': 'session-1' })
        return true
      })
      const egress = { internalHosts: [server.host] }
      const mcp = mcpHouse({ url: server.url }, { egress, melzi: { auth } })
      await mcp.describe(secrets)
      assert.equal((await mcp.call('t', {}, { secrets })).ok, true)
      await mcp[Symbol.asyncDispose]()
      assert.ok(server.asked.length >= 9)
      assert.ok(server.asked.every(isShown), JSON.stringify(auth))
      assert.equal(server.asked.at(-1)?.method, 'DELETE')
      const after = server.asked.filter(({ method }) => method === 'tools/call')
      assert.ok(after.every(({ headers }) => headers['mcp-session-id'] === 'session-1'))
      assert.ok(after.every(({ headers }) => headers['mcp-protocol-version'] === '2025-11-25'))
    }
  })

  it('whose secret has no value is a failure that names it', async () => {
    await using server = await startScriptedMcp(() => false)
    const auth = { type: 'bearer', secret: 'TOKEN' }
    await using mcp = mcpHouse(
      { url: server.url },
      { egress: { internalHosts: [server.host] }, melzi: { auth } },
    )
    const result = await mcp.call('t')
    assert.match(result.error?.message ?? '', /'TOKEN' of the plugin has no value/)
    assert.equal(server.asked.length, 0)
  })

  it('by OAuth2 is renewed once when the server refuses the token', async () => {
    let tokens = 0
    const tokenServer = createServer((_request, response) => {
      tokens += 1
      response.end(JSON.stringify({ access_token: `token-number-${tokens}`, expires_in: 3600 }))
    })
    await new Promise<void>((resolve) => tokenServer.listen(0, '127.0.0.1', resolve))
    const tokenHost = `127.0.0.1:${(tokenServer.address() as AddressInfo).port}`
    let good = 'Bearer token-number-1'
    await using server = await startScriptedMcp(({ headers, response }) => {
      if (headers.authorization === good) return false
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
      return true
    })
    const auth = {
      type: 'oauth2',
      token_url: `http://${tokenHost}/token`,
      client_id_secret: 'USER',
      client_secret_secret: 'PASSWORD',
    }
    const egress = { internalHosts: [server.host, tokenHost] }
    await using mcp = mcpHouse({ url: server.url }, { egress, melzi: { auth } })
    assert.equal((await mcp.call('t', {}, { secrets })).ok, true)
    assert.equal(tokens, 1)
    good = 'Bearer token-number-2'
    assert.equal((await mcp.call('t', {}, { secrets })).ok, true)
    assert.equal(tokens, 2)
    good = 'nobody'
    const refused = await mcp.call('t', {}, { secrets })
    assert.match(refused.error?.message ?? '', /401/)
    assert.equal(tokens, 3)
    tokenServer.close()
  })

  it('that a server repeats is taken out of what is told', async () => {
    const repeat = ({ method, headers, result, response }: Asked, fail: boolean) => {
      const said = `you sent ${headers.authorization} for ${secrets.PASSWORD}`
      if (method === 'tools/list') result({ tools: [{ ...TOOL, description: said }] })
      else if (method !== 'tools/call') return false
      else if (fail) response.writeHead(500).end(said)
      else result({ content: [{ type: 'text', text: said }] })
      return true
    }
    const auths = [
      { type: 'bearer', secret: 'TOKEN' },
      { type: 'basic', username_secret: 'USER', password_secret: 'PASSWORD' },
    ]
    for (const fail of [false, true]) {
      for (const auth of auths) {
        await using server = await startScriptedMcp((asked) => repeat(asked, fail))
        const egress = { internalHosts: [server.host] }
        const melzi = { auth, secrets: Object.keys(secrets) }
        await using mcp = mcpHouse({ url: server.url }, { egress, melzi })
        const told = [
          JSON.stringify(await mcp.call('t', {}, { secrets })),
          (await mcp.describe(secrets)) ?? '',
        ]
        for (const text of told) {
          assert.match(text, /you sent (?:Bearer|Basic) \[secret.*\] for \[secret PASSWORD\]/)
          for (const value of [secrets.TOKEN, secrets.PASSWORD, btoa('ann:pass-word')])
            assert.ok(!text.includes(value), text)
        }
      }
    }
  })
})

describe('a session', () => {
  const sessions = async () => {
    let given = 0
    return startScriptedMcp(({ method, headers, result }) => {
      if (method === 'initialize') {
        given += 1
        result(HELLO, { 'mcp-session-id': `session-${given}` })
        return true
      }
      if (method !== 'tools/call') return false
      result({ content: [{ type: 'text', text: String(headers['mcp-session-id']) }] })
      return true
    })
  }

  it('is of one caller, plugin, version and set of secrets', async () => {
    await using server = await sessions()
    await using mcp = mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })
    const of = async (given: object) => (await mcp.call('t', {}, given)).output
    const first = await of({})
    assert.equal(await of({}), first)
    const others = [
      { callerId: 'person_9' },
      { version: 2 },
      { pluginId: 'plug_9' },
      { ownerId: 'person_9' },
      { workspaceId: 'ws_9' },
      { secrets: { A: '1' } },
      { secrets: { A: '2' } },
    ]
    const ids = [first]
    for (const other of others) ids.push(await of(other))
    assert.equal(new Set(ids).size, others.length + 1)
    assert.equal(await of({}), first)
  })

  it('that has expired is begun anew, once', async () => {
    let expired = 0
    let given = 0
    let lasts = true
    await using server = await startScriptedMcp(({ method, headers, response, result }) => {
      if (method === 'initialize') {
        given += 1
        result(HELLO, { 'mcp-session-id': `session-${given}` })
        return true
      }
      if (method !== 'tools/call') return false
      if (lasts && headers['mcp-session-id'] === `session-${given}` && expired !== given)
        return false
      response.writeHead(404).end('Session not found')
      return true
    })
    await using mcp = mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })
    assert.equal((await mcp.call('t')).ok, true)
    expired = given
    assert.equal((await mcp.call('t')).ok, true)
    assert.equal(given, 2)
    // A server that knows no session for long is not asked for ever.
    lasts = false
    const never = await mcp.call('t')
    assert.match(never.error?.message ?? '', /answered 404: Session not found/)
    assert.equal(given, 3)
  })

  it('ends when nobody has used it for a while', async () => {
    await using server = await sessions()
    const egress = { internalHosts: [server.host] }
    await using mcp = mcpHouse({ url: server.url }, { egress, pools: { http: { idleMs: 50 } } })
    await mcp.call('t')
    while (server.asked.at(-1)?.method !== 'DELETE')
      await new Promise((done) => setTimeout(done, 10))
    assert.equal((await mcp.call('t')).output, 'session-2')
  })
})
