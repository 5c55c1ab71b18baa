/** The kind `mcp` against servers that mean harm: what they get is bounded, and said. */
import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mcpHouse, scriptedHouse as setUp, within } from '../../../tests/support/mcp-house.ts'
import { HELLO, startScriptedMcp, TOOL, type Asked } from '../../../tests/support/mcp-servers.ts'

describe('a list of tools', () => {
  it('without an end is refused', async () => {
    let page = 0
    const answer = (asked: Asked) => {
      asked.result({ tools: [{ ...TOOL, name: `t${page}` }], nextCursor: `c${(page += 1)}` })
      return true
    }
    await using t = await setUp(answer, 'tools/list')
    await assert.rejects(t.mcp.describe(), {
      status: 400,
      param: 'api',
      message: /more than 30 pages/,
    })
    assert.equal(page, 30)
  })

  it('that goes round in a circle is refused', async () => {
    let pages = 0
    const answer = (asked: Asked) => {
      pages += 1
      asked.result({ tools: [], nextCursor: 'again' })
      return true
    }
    await using t = await setUp(answer, 'tools/list')
    await assert.rejects(t.mcp.describe(), { status: 400, message: /goes round in a circle/ })
    assert.equal(pages, 2)
  })

  it('with too many tools, none, or ones that cannot be functions', async () => {
    const deep = JSON.parse('{"properties":'.repeat(200) + '{}' + '}'.repeat(200)) as object
    const bad = [
      { ...TOOL, name: '' },
      { ...TOOL, name: 'large', inputSchema: { type: 'object', description: 'x'.repeat(70_000) } },
      { ...TOOL, name: 'deep', inputSchema: { type: 'object', ...deep } },
      TOOL,
      TOOL,
      { ...TOOL, name: 'a.b/c d', description: 'x'.repeat(10_000) },
    ]
    let tools: object[] = Array.from({ length: 301 }, (_, n) => ({ ...TOOL, name: `t${n}` }))
    const answer = (asked: Asked) => {
      asked.result({ tools })
      return true
    }
    await using t = await setUp(answer, 'tools/list')
    await assert.rejects(t.mcp.describe(), { status: 400, message: /more than 300 tools/ })
    tools = []
    await assert.rejects(t.mcp.describe(), { status: 400, message: /offers no tools/ })
    tools = bad.slice(0, 3)
    await assert.rejects(t.mcp.describe(), { status: 400, message: /none of its tools/ })
    tools = bad
    const document = await t.mcp.describe()
    const names = t.mcp.names(document)
    assert.equal(names[0], 't')
    assert.match(names[1] ?? '', /^a_b_c_d_[0-9a-f]{8}$/)
    assert.equal(names.length, 2)
    const read = JSON.parse(document ?? '') as { leftOut: { name: string; why: string }[] }
    assert.deepEqual(
      read.leftOut.map(({ name }) => name),
      ['', 'large', 'deep', 't'],
    )
  })

  it('that is larger than the limit is refused', async () => {
    const answer = (asked: Asked) => {
      asked.response.writeHead(200, { 'content-type': 'application/json' })
      const line = Buffer.alloc(1_000_000, 'x')
      for (let n = 0; n < 8; n += 1) asked.response.write(line)
      asked.response.end()
      return true
    }
    await using t = await setUp(answer, 'tools/list')
    await assert.rejects(within(4_000, t.mcp.describe()), { status: 400, message: /larger than/ })
  })
})

describe('an answer', () => {
  it('that is too large, whole or as events, is ended', async () => {
    for (const type of ['application/json', 'text/event-stream']) {
      let sent = 0
      const answer = async (asked: Asked) => {
        asked.response.writeHead(200, { 'content-type': type })
        if (type !== 'application/json') asked.response.write('data: ')
        const piece = 'x'.repeat(100_000)
        while (!asked.response.destroyed && sent < 100_000_000) {
          sent += piece.length
          if (!asked.response.write(piece)) await sleep(1)
        }
        return true
      }
      await using t = await setUp(answer)
      const result = await within(6_000, t.mcp.call('t'))
      assert.deepEqual([result.ok, result.error?.kind], [false, 'output'], type)
      assert.ok(sent < 60_000_000, `${sent} bytes were taken`)
      await t.server.allClosed()
    }
  })

  it('that drips, or never comes, ends with the call, and so does its connection', async () => {
    const answers = [
      () => true,
      (asked: Asked) => {
        asked.events()
        return true
      },
      async (asked: Asked) => {
        asked.response.writeHead(200, { 'content-type': 'application/json' })
        while (!asked.response.destroyed) {
          asked.response.write(' ')
          await sleep(20)
        }
        return true
      },
    ]
    for (const answer of answers) {
      await using t = await setUp(answer)
      const result = await within(2_000, t.mcp.call('t', {}, { limits: { wallMs: 500 } }))
      assert.deepEqual([result.ok, result.error?.kind], [false, 'timeout'])
      await t.server.allClosed()
      // The server is told that nobody waits any more.
      assert.ok(t.methods().includes('notifications/cancelled'))
    }
  })

  it('made of notifications without end is ended', async () => {
    let sent = 0
    const answer = async (asked: Asked) => {
      asked.events()
      while (!asked.response.destroyed && sent < 200_000) {
        for (let n = 0; n < 500; n += 1) {
          sent += 1
          const params = { progressToken: asked.id, progress: sent }
          asked.event({ method: 'notifications/progress', params })
        }
        await sleep(1)
      }
      return true
    }
    await using t = await setUp(answer)
    const result = await within(4_000, t.mcp.call('t'))
    assert.deepEqual([result.ok, result.error?.kind], [false, 'output'])
    assert.match(result.error?.message ?? '', /more than 500 messages/)
    await t.server.allClosed()
  })

  it('that ends without a word is a failure soon, and a broken stream is asked for again a few times', async () => {
    const silent = (asked: Asked) => {
      asked.events()
      asked.response.end()
      return true
    }
    await using t = await setUp(silent)
    const result = await within(6_000, t.mcp.call('t'))
    assert.match(result.error?.message ?? '', /without an answer/)

    // Ends each stream at once, and asks to be asked again at once, for ever.
    const storm = await startScriptedMcp((asked) => {
      if (asked.method !== 'tools/call' && asked.method !== 'GET') return false
      asked.events()
      asked.response.write('retry: 1\nid: 7\ndata: \n\n')
      asked.response.end()
      return true
    })
    await using server = storm
    await using mcp = mcpHouse({ url: storm.url }, { egress: { internalHosts: [storm.host] } })
    const ended = await within(6_000, mcp.call('t', {}, { limits: { wallMs: 4_000 } }))
    assert.equal(ended.ok, false)
    assert.match(ended.error?.message ?? '', /more than 20 requests/)
    const asked = server.asked.length
    assert.ok(asked <= 26, `${asked} requests were made`)
    await sleep(300)
    assert.equal(server.asked.length, asked)
  })

  it('made of faults, or of more parts than can be read at once, holds nobody up', async () => {
    const faults = { content: Array.from({ length: 30_000 }, () => ({ type: 'z' })) }
    const many = { content: [], structuredContent: { a: Array.from({ length: 200_000 }, () => 1) } }
    const deep = `{"content":[],"structuredContent":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`
    const answers: [string, boolean, RegExp][] = [
      [JSON.stringify(faults), true, /not of the protocol.*\[29800 more parts/s],
      [JSON.stringify(many), false, /more than 100000 parts/],
      [deep, true, /nested too deeply/],
      [
        `{"content":[],"inputRequests":{},"error":${'{"a":'.repeat(150_000)}`,
        false,
        /100000 parts/,
      ],
    ]
    for (const [json, ok, what] of answers) {
      for (const type of ['application/json', 'text/event-stream']) {
        await using t = await setUp((asked) => {
          const body = `{"jsonrpc":"2.0","id":${asked.id},"result":${json}}`
          asked.response.writeHead(200, { 'content-type': type })
          // A quote in a line of its own must not hide what follows.
          asked.response.end(type === 'application/json' ? body : `: "\ndata: ${body}\n\n`)
          return true
        })
        const delay = monitorEventLoopDelay({ resolution: 1 })
        await t.mcp.call('t')
        delay.enable()
        const result = await within(4_000, t.mcp.call('t'))
        delay.disable()
        assert.equal(result.ok, ok)
        assert.match(`${result.output}${result.error?.message}`, what)
        // Before messages were brought down to what is used, the first took the SDK 1,500 ms.
        assert.ok(delay.max < 1e9, `the server stood still for ${delay.max / 1e6} ms`)
      }
    }
  })

  it('that is not of the protocol is a failure', async () => {
    const answers: [(asked: Asked) => void, RegExp][] = [
      [
        ({ response }) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
        /content type/,
      ],
      [
        ({ response }) =>
          void response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
        /could not be used/,
      ],
      [(asked) => asked.result({ content: 'x' }), /none of the protocol/],
      [({ response }) => void response.writeHead(500).end('broken'), /answered 500: broken/],
      [
        ({ response }) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
        /compressed/,
      ],
      [({ response }) => void response.writeHead(403).end(), /credentials \(403\)/],
    ]
    for (const [answer, why] of answers) {
      await using t = await setUp((asked) => {
        answer(asked)
        return true
      })
      const result = await within(6_000, t.mcp.call('t'))
      assert.deepEqual([result.ok, result.error?.kind], [false, 'unavailable'])
      assert.match(result.error?.message ?? '', why)
    }
  })
})

describe('requests of a server', () => {
  it('for sampling, elicitation and roots are refused, and the call goes on', async () => {
    const refusals: { id: unknown; error: { code: number } | undefined }[] = []
    const server = await startScriptedMcp(async (asked) => {
      if (asked.method === 'POST') {
        refusals.push(asked.message as (typeof refusals)[number])
        asked.response.writeHead(202).end()
        return true
      }
      if (asked.method !== 'tools/call') return false
      asked.events()
      const request = { messages: [], maxTokens: 5 }
      asked.event({ id: 'a', method: 'sampling/createMessage', params: request })
      asked.event({
        id: 'b',
        method: 'elicitation/create',
        params: { message: 'Your password?', requestedSchema: { type: 'object', properties: {} } },
      })
      asked.event({ id: 'c', method: 'roots/list' })
      while (refusals.length < 3 && !asked.response.destroyed) await sleep(5)
      asked.event({ id: asked.id, result: { content: [{ type: 'text', text: 'without' }] } })
      asked.response.end()
      return true
    })
    await using _server = server
    await using mcp = mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })
    const result = await within(5_000, mcp.call('t'))
    assert.deepEqual([result.ok, result.output], [true, 'without'])
    assert.deepEqual(new Set(refusals.map(({ id }) => id)), new Set(['a', 'b', 'c']))
    assert.ok(refusals.every(({ error }) => error?.code === -32601))
    const hello = server.asked.find(({ method }) => method === 'initialize')?.message
    assert.deepEqual((hello as { params: { capabilities: object } }).params.capabilities, {})
  })

  it('without end are ended', async () => {
    await using t = await setUp(async (asked) => {
      asked.events()
      for (let n = 0; n < 1_000 && !asked.response.destroyed; n += 1)
        asked.event({ id: `n${n}`, method: 'roots/list' })
      return true
    })
    const result = await within(4_000, t.mcp.call('t'))
    assert.equal(result.ok, false)
    assert.match(result.error?.message ?? '', /more than 20 requests/)
    const replies = t.methods().filter((method) => method === 'POST').length
    assert.ok(replies <= 20, `${replies} replies`)
  })

  it('in the middle of a call of the newest protocol are refused', async () => {
    let calls = 0
    const server = await startScriptedMcp((asked) => {
      if (asked.method === 'server/discover') {
        asked.result({
          resultType: 'complete',
          ttlMs: 0,
          cacheScope: 'private',
          supportedVersions: ['2026-07-28'],
          capabilities: { tools: {} },
          serverInfo: HELLO.serverInfo,
        })
        return true
      }
      if (asked.method !== 'tools/call') return false
      calls += 1
      const ask = {
        method: 'elicitation/create',
        params: { message: 'Name?', requestedSchema: { type: 'object', properties: {} } },
      }
      asked.result({ resultType: 'input_required', inputRequests: { q: ask }, requestState: 's' })
      return true
    })
    await using _server = server
    await using mcp = mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })
    const result = await within(4_000, mcp.call('t'))
    assert.match(result.error?.message ?? '', /asks its user something/)
    assert.equal(calls, 1)
  })
})
