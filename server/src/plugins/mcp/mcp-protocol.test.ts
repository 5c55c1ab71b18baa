/** Both generations of the protocol, as a server sees them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mcpHouse } from '../../../tests/support/mcp-house.ts'
import { HELLO, startScriptedMcp, TOOL, type Asked } from '../../../tests/support/mcp-servers.ts'
import { CallBudget, currentBudget } from './call-budget.ts'
import { createMcpFetch } from './mcp-fetch.ts'

/** The newest protocol's handshake; says whether it was that. */
const discover = ({ method, result }: Asked): boolean => {
  if (method !== 'server/discover') return false
  const { capabilities, serverInfo } = HELLO
  const supportedVersions = ['2026-07-28']
  const cache = { ttlMs: 0, cacheScope: 'private' }
  result({ resultType: 'complete', ...cache, supportedVersions, capabilities, serverInfo })
  return true
}

/** Aborts a call once the server has it; gives what it rejects with. */
const aborted = async (isNewest: boolean) => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const server = await startScriptedMcp((asked) => {
    if (isNewest && discover(asked)) return true
    if (asked.method !== 'tools/call') return false
    asked.events()
    arrive()
    return true
  })
  await using _server = server
  await using mcp = mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })
  const stop = new AbortController()
  const call = mcp.call('t', {}, {}, stop.signal)
  await arrived
  stop.abort(new Error('the run was cancelled'))
  await assert.rejects(call, /the run was cancelled/)
  await server.allClosed()
  return server.asked
}

describe('a call that is given up', () => {
  it('is cancelled by a notification in the protocol of 2025', async () => {
    const asked = await aborted(false)
    const call = asked.find(({ method }) => method === 'tools/call')?.message
    const told = asked.find(({ method }) => method === 'notifications/cancelled')?.message
    const { requestId } = (told as { params: { requestId: unknown } }).params
    assert.equal(requestId, (call as { id: unknown }).id)
  })

  it('is cancelled by the end of its stream in the newest protocol', async () => {
    const asked = await aborted(true)
    assert.deepEqual(
      asked.map(({ method }) => method),
      ['server/discover', 'tools/call'],
    )
  })
})

describe('what is said of an exchange that is over', () => {
  it('still goes out, where a request does not', async () => {
    await using server = await startScriptedMcp(() => false)
    const fetch = createMcpFetch({
      url: server.url,
      egress: { internalHosts: [server.host] },
      authorize: async () => ({ headers: [], query: [] }),
      forget: () => false,
    })
    const limits = { requests: 9, upBytes: 99, downBytes: 99, messages: 9, parts: 9 }
    const budget = new CallBudget({ ...limits, timeoutMs: 1_000 })
    budget.end()
    const post = (message: object) => {
      const body = JSON.stringify({ jsonrpc: '2.0', ...message })
      return currentBudget.run(budget, () => fetch(server.url, { method: 'POST', body }))
    }
    await assert.rejects(post({ id: 1, method: 'tools/call' }), /the exchange is over/)
    assert.equal((await post({ method: 'notifications/cancelled' })).status, 202)
    assert.deepEqual(
      server.asked.map(({ method }) => method),
      ['notifications/cancelled'],
    )
  })
})

describe('the newest protocol', () => {
  it('repeats the arguments as headers that the tool asks for', async () => {
    const region = { type: 'string', 'x-mcp-header': 'Region' }
    const tool = { ...TOOL, inputSchema: { type: 'object', properties: { region } } }
    await using server = await startScriptedMcp((asked) => {
      if (discover(asked)) return true
      const done = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
      if (asked.method === 'tools/list') asked.result({ ...done, tools: [tool] })
      else if (asked.method === 'tools/call')
        asked.result({ ...done, content: [{ type: 'text', text: 'ok' }] })
      else return false
      return true
    })
    await using mcp = mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })
    const document = await mcp.describe()
    assert.equal((await mcp.call('t', { region: 'tw' }, { document })).ok, true)
    const headers = server.asked.at(-1)?.headers
    assert.equal(headers?.['mcp-param-region'], 'tw')
    assert.equal(headers?.['mcp-protocol-version'], '2026-07-28')
    assert.equal(headers?.['mcp-session-id'], undefined)
  })
})

describe('the protocol of 2025', () => {
  it('is spoken to a server that says nothing to the question for a newer one', async () => {
    await using server = await startScriptedMcp(({ method }) => method === 'server/discover')
    await using mcp = mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })
    assert.equal((await mcp.call('t')).output, 'ok')
    await using silent = await startScriptedMcp(({ method }) => method !== 'DELETE')
    const egress = { internalHosts: [silent.host] }
    await using nothing = mcpHouse({ url: silent.url }, { egress })
    const result = await nothing.call('t', {}, { limits: { wallMs: 1_000 } })
    assert.equal(result.error?.kind, 'timeout')
  })

  it('asks again for an answer whose stream broke', async () => {
    await using server = await startScriptedMcp((asked) => {
      if (asked.method === 'tools/call') {
        asked.events()
        asked.response.write('retry: 5\nid: 41\ndata: \n\n')
        asked.response.end()
        return true
      }
      if (asked.method !== 'GET') return false
      asked.events()
      const result = { content: [{ type: 'text', text: String(asked.headers['last-event-id']) }] }
      const call = server.asked.find(({ method }) => method === 'tools/call')?.message
      asked.event({ id: (call as { id: number }).id, result })
      asked.response.end()
      return true
    })
    await using mcp = mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })
    const result = await mcp.call('t')
    assert.deepEqual([result.ok, result.output], [true, '41'])
    const names = server.asked.map(({ method }) => method)
    // The stream for what a server says unasked is never opened.
    assert.equal(names.filter((name) => name === 'GET').length, 1)
  })
})
