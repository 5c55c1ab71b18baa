/** Programs of the operator that misbehave, and how long they live. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { mcpHouse, type McpCall } from '../../../tests/support/mcp-house.ts'
import type { PoolOptions } from './mcp-pool.ts'

/** A server in a few lines: `onCall` is JavaScript that sees `id`, `args` and `say`. */
const program = (onCall: string, before = '') => `
  ${before}
  const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n')
  const text = (id, value) => say({ id, result: { content: [{ type: 'text', text: String(value) }] } })
  let calls = 0
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line)
    if (method === 'initialize') say({ id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } })
    if (method === 'tools/call') { calls += 1; const args = params.arguments; ${onCall} }
  })`

const house = (
  onCall: string,
  given: { before?: string; env?: Record<string, string>; stdio?: Partial<PoolOptions> } = {},
) => {
  const args = ['-e', program(onCall, given.before)]
  const command = { command: process.execPath, args, env: given.env ?? {} }
  return mcpHouse(
    { command: 'test' },
    { commands: new Map([['test', command]]), path: '', pools: { stdio: given.stdio ?? {} } },
  )
}

/** Processes that carry a mark in their environment. */
const marked = (mark: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
        return state !== 'Z' && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)
      } catch {
        return false
      }
    })

const until = async (holds: () => boolean): Promise<void> => {
  for (const end = Date.now() + 5_000; !holds(); await sleep(10))
    assert.ok(Date.now() < end, 'it did not come to hold')
}

const as = (fields: McpCall) => fields

describe('a listed command', () => {
  it('is one process for each plugin of each owner', async () => {
    await using mcp = house('text(id, process.pid + " " + calls)')
    const call = async (fields: McpCall) => (await mcp.call('t', {}, fields)).output.split(' ')
    const [first, one] = await call({})
    const [same, two] = await call(as({ callerId: 'person_9', version: 2 }))
    assert.deepEqual([same, one, two], [first, '1', '2'])
    const others = [{ ownerId: 'person_7' }, { pluginId: 'plug_2' }, { workspaceId: 'ws_2' }]
    const pids = await Promise.all(others.map(async (fields) => (await call(fields))[0]))
    assert.equal(new Set([first, ...pids]).size, 4)
  })

  it('that prints too much at once, or too many messages, is ended', async () => {
    const floods: [string, RegExp][] = [
      [
        "const x = 'x'.repeat(1e6); const go = () => process.stdout.write(x, go); go()",
        /more than 10000000 bytes/,
      ],
      ["process.stdout.write('[' + '1,'.repeat(200000)); text(id, 1)", /more than 100000 parts/],
      [
        "const go = () => { for (let n = 0; n < 500; n += 1) say({ method: 'notifications/message', params: {} }); setImmediate(go) }; go()",
        /more than 500 messages/,
      ],
    ]
    for (const [onCall, why] of floods) {
      const env = { MARK: `flood-${process.pid}` }
      await using mcp = house(onCall, { env })
      const started = performance.now()
      const result = await mcp.call('t')
      assert.deepEqual([result.ok, result.error?.kind], [false, 'crash'])
      assert.match(result.error?.message ?? '', why)
      assert.ok(performance.now() - started < 5_000)
      await until(() => marked(env.MARK).length === 0)
    }
  })

  it('that prints what is no message goes on', async () => {
    await using mcp = house("process.stdout.write('debug\\n[1,2]\\n{}\\n'); text(id, 'fine')")
    assert.equal((await mcp.call('t')).output, 'fine')
  })

  it('that ends is started again, later after each failure', async () => {
    const stdio = { backoff: { firstMs: 300, longestMs: 600 } }
    await using mcp = house('if (args.end) process.exit(3); text(id, calls)', { stdio })
    assert.equal((await mcp.call('t')).output, '1')
    const ended = await mcp.call('t', { end: true })
    assert.match(ended.error?.message ?? '', /program of the MCP server ended \(exit code 3\)/)
    const early = await mcp.call('t')
    assert.match(early.error?.message ?? '', /tried again in 1 s/)
    await sleep(350)
    assert.equal((await mcp.call('t')).output, '1')
  })

  it('that does not start is not tried again at once', async () => {
    const command = { command: 'no-such-program', args: [], env: {} }
    const commands = new Map([['test', command]])
    await using mcp = mcpHouse({ command: 'test' }, { commands, path: '' })
    await assert.rejects(mcp.describe(), { status: 400, param: 'api.command', message: /ENOENT/ })
    assert.match((await mcp.call('t')).error?.message ?? '', /ENOENT/)
    assert.match((await mcp.call('t')).error?.message ?? '', /tried again in/)
  })

  it('takes its helpers with it, and ends when nobody has used it for a while', async () => {
    const mark = `helper-${process.pid}`
    const before = `
      process.on('SIGTERM', () => {})
      require('node:child_process').spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: 'ignore' })`
    await using mcp = house("text(id, 'x')", {
      before,
      env: { MARK: mark },
      stdio: { idleMs: 100 },
    })
    assert.equal((await mcp.call('t')).output, 'x')
    assert.equal(marked(mark).length, 2)
    await until(() => marked(mark).length === 0)
    assert.equal((await mcp.call('t')).output, 'x')
  })

  it('is one of a few for each owner: an idle one makes room, one at work does not', async () => {
    const stdio = { mostOfOwner: 2, most: 3 }
    const mark = `room-${process.pid}`
    await using mcp = house("setTimeout(() => text(id, 'x'), args.ms ?? 0)", {
      env: { MARK: mark },
      stdio,
    })
    const call = (pluginId: string, ms = 0, ownerId = 'person_1') =>
      mcp.call('t', { ms }, { pluginId, ownerId })
    for (const id of ['a', 'b', 'c']) assert.equal((await call(id)).ok, true)
    await until(() => marked(mark).length === 2)
    const busy = [call('b', 800), call('c', 800)]
    await sleep(100)
    const refused = await call('d')
    assert.deepEqual([refused.ok, refused.error?.kind], [false, 'busy'])
    assert.equal((await call('d', 0, 'person_2')).ok, true)
    assert.ok((await Promise.all(busy)).every(({ ok }) => ok))
    assert.equal((await call('d')).ok, true)
  })

  it('of the newest protocol alone is spoken to in it', async () => {
    const newest = `
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { id, method } = JSON.parse(line)
        const done = (result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } }) + '\\n')
        if (method === 'initialize') process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } }) + '\\n')
        if (method === 'server/discover') done({ ttlMs: 0, cacheScope: 'private', supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } })
        if (method === 'tools/call') done({ content: [{ type: 'text', text: 'new' }] })
      })`
    const command = { command: process.execPath, args: ['-e', newest], env: {} }
    await using mcp = mcpHouse(
      { command: 'new' },
      { commands: new Map([['new', command]]), path: '' },
    )
    assert.equal((await mcp.call('t')).output, 'new')
  })

  it('takes no login', async () => {
    await using mcp = mcpHouse(
      { command: 'test' },
      { melzi: { auth: { type: 'bearer', secret: 'T' } } },
    )
    assert.throws(() => mcp.names(null), { status: 400, param: 'melzi.auth' })
  })
})
