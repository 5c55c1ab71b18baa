/** The kind `mcp` against real servers of third parties. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { skipUnless } from '../../../tests/support/components.ts'
import { mcpHouse } from '../../../tests/support/mcp-house.ts'
import {
  EVERYTHING,
  PYTHON_TOOLS,
  startEverything,
  startPythonTools,
  type McpServer,
} from '../../../tests/support/mcp-servers.ts'
import { pythonClient } from '../../../../scripts/python-clients.ts'

const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const path = process.env['PATH'] ?? ''
const everythingCommand = {
  command: process.execPath,
  args: [EVERYTHING, 'stdio'],
  env: { OF_THE_OPERATOR: 'yes' },
}

describe('the reference server over streamable HTTP (sessions, server-sent events)', () => {
  let server: McpServer
  before(async () => (server = await startEverything()))
  after(() => server[Symbol.asyncDispose]())
  const house = () => mcpHouse({ url: server.url }, { egress: { internalHosts: [server.host] } })

  it('says what it offers, and each tool is a function', async () => {
    await using mcp = house()
    const document = await mcp.describe()
    const read = JSON.parse(document ?? '') as Record<string, unknown>
    assert.equal(read['protocol'], '2025-11-25')
    assert.deepEqual(read['server'], {
      name: 'mcp-servers/everything',
      version: '2.0.0',
      title: 'Everything Reference Server',
    })
    assert.ok(mcp.names(document).includes('get-structured-content'))
  })

  it('gives text, structured content, pictures, links and failures of its tools', async () => {
    await using mcp = house()
    assert.equal((await mcp.call('echo', { message: '你好 "x"' })).output, 'Echo: 你好 "x"')
    const sum = await mcp.call('get-sum', { a: 1, b: 2 })
    assert.deepEqual([sum.ok, sum.output], [true, 'The sum of 1 and 2 is 3.'])
    // The session is kept: one request, where the first call took three.
    assert.deepEqual(sum.usage.http, [{ host: '127.0.0.1', status: 200, refused: null }])
    const weather = await mcp.call('get-structured-content', { location: 'New York' })
    assert.equal((JSON.parse(weather.output) as { conditions: string }).conditions, 'Cloudy')
    const image = await mcp.call('get-tiny-image')
    assert.equal(image.pictures.length, 1)
    assert.ok(
      Buffer.from(image.pictures[0] ?? [])
        .subarray(0, 8)
        .equals(PNG),
    )
    const links = await mcp.call('get-resource-links', { count: 2 })
    assert.match(links.output, /\[A link: Blob Resource 1, demo:\/\/resource\/dynamic\/blob\/1/)
    const text = { resourceType: 'Text', resourceId: 1 }
    assert.match((await mcp.call('get-resource-reference', text)).output, /plaintext resource/)
    const blob = { resourceType: 'Blob', resourceId: 1 }
    assert.match(
      (await mcp.call('get-resource-reference', blob)).output,
      /\[A file that is not shown: demo:/,
    )
    const wrong = await mcp.call('get-sum', { a: 'x' })
    assert.equal(wrong.ok, false)
    assert.match(wrong.output, /expected number, received string/)
    const absent = await mcp.call('nope')
    assert.deepEqual([absent.ok, /nope not found/.test(absent.output)], [false, true])
  })

  it('waits for a tool that reports progress, and ends one that takes too long', async () => {
    await using mcp = house()
    const tool = 'trigger-long-running-operation'
    assert.equal((await mcp.call(tool, { duration: 1, steps: 5 })).ok, true)
    const started = performance.now()
    const late = await mcp.call(tool, { duration: 30, steps: 30 }, { limits: { wallMs: 500 } })
    assert.deepEqual([late.ok, late.error?.kind], [false, 'timeout'])
    assert.ok(performance.now() - started < 3_000)
    assert.equal((await mcp.call('echo', { message: 'still here' })).ok, true)
  })

  it('runs calls at the same time on one session', async () => {
    await using mcp = house()
    await mcp.call('echo', { message: 'first' })
    const started = performance.now()
    const tool = 'trigger-long-running-operation'
    const all = await Promise.all([1, 2, 3].map(() => mcp.call(tool, { duration: 1, steps: 2 })))
    assert.ok(all.every(({ ok, usage }) => ok && usage.http.length === 1))
    assert.ok(performance.now() - started < 2_500)
  })

  it('is asked again in a new session after it was started anew', async () => {
    const first = await startEverything()
    await using mcp = mcpHouse({ url: first.url }, { egress: { internalHosts: [first.host] } })
    assert.equal((await mcp.call('echo', { message: 'a' })).ok, true)
    await first[Symbol.asyncDispose]()
    const gone = await mcp.call('echo', { message: 'b' })
    assert.deepEqual([gone.ok, gone.error?.kind], [false, 'unavailable'])
    await using _second = await startEverything(Number(first.host.split(':')[1]))
    const again = await mcp.call('echo', { message: 'c' })
    assert.deepEqual([again.ok, again.output], [true, 'Echo: c'])
    const [refused] = again.usage.http
    assert.ok(refused?.status === 400 || refused?.status === 404)
  })
})

describe(
  'the Python SDK over streamable HTTP (newest protocol, no sessions)',
  skipUnless('python-mcp'),
  () => {
    for (const flags of [[], ['json'], ['json', 'stateless']]) {
      it(`gives results, structured content, pictures and failures (${flags.join(' ') || 'events'})`, async () => {
        await using server = await startPythonTools(...flags)
        await using mcp = mcpHouse(
          { url: server.url },
          { egress: { internalHosts: [server.host] } },
        )
        const document = await mcp.describe()
        assert.equal((JSON.parse(document ?? '') as { protocol: string }).protocol, '2026-07-28')
        const names = mcp.names(document)
        assert.ok(names.includes('add'))
        const dotted = names.find((name) => name.startsWith('weather_now_'))
        assert.match(dotted ?? '', /^[a-zA-Z0-9_-]{1,64}$/)
        assert.equal((await mcp.call('add', { a: 20, b: 22 }, { document })).output, '42')
        const weather = await mcp.call('weather.now', { city: '臺北' }, { document })
        assert.deepEqual(JSON.parse(weather.output), { city: '臺北', degrees: 21.5 })
        const failed = await mcp.call('fail', { why: 'x' })
        assert.deepEqual([failed.ok, failed.error], [false, null])
        assert.match(failed.output, /Error executing tool fail/)
        assert.equal((await mcp.call('picture')).pictures.length, 1)
        const asking = await mcp.call('ask')
        assert.equal(asking.ok, false)
        const long = await mcp.call('long', { length: 100_000 })
        assert.deepEqual([long.truncated, Buffer.byteLength(long.output)], [true, 262_143])
      })
    }
  },
)

describe('listed commands', () => {
  it('are started once for a plugin, with the listed environment and PATH alone', async () => {
    const commands = new Map([['everything', everythingCommand]])
    await using mcp = mcpHouse({ command: 'everything' }, { commands, path })
    assert.ok(mcp.names(await mcp.describe()).includes('echo'))
    assert.equal((await mcp.call('echo', { message: 'x' })).output, 'Echo: x')
    const env = JSON.parse((await mcp.call('get-env')).output) as Record<string, string>
    assert.deepEqual(Object.keys(env).toSorted(), ['OF_THE_OPERATOR', 'PATH'])
    assert.equal((await mcp.call('get-tiny-image')).pictures.length, 1)
    const tool = 'trigger-long-running-operation'
    const late = await mcp.call(tool, { duration: 30, steps: 3 }, { limits: { wallMs: 300 } })
    assert.equal(late.error?.kind, 'timeout')
    assert.equal((await mcp.call('echo', { message: 'y' })).output, 'Echo: y')
  })

  it('speak the Python SDK too', skipUnless('python-mcp'), async () => {
    const command = { command: pythonClient('mcp-2'), args: [PYTHON_TOOLS, 'stdio'], env: {} }
    await using mcp = mcpHouse(
      { command: 'tools' },
      { commands: new Map([['tools', command]]), path },
    )
    assert.equal((await mcp.call('add', { a: 1, b: 2 })).output, '3')
  })

  it('are not taken from a plugin file', async () => {
    await using mcp = mcpHouse({ command: 'node' }, { commands: new Map(), path })
    await assert.rejects(mcp.describe(), { status: 400, param: 'api.command' })
    const call = await mcp.call('echo')
    assert.deepEqual([call.ok, call.error?.kind], [false, 'unavailable'])
    assert.match(call.error?.message ?? '', /MELZI_MCP_COMMANDS/)
  })

  it('end with the kind', async () => {
    const commands = new Map([['everything', everythingCommand]])
    const mcp = mcpHouse({ command: 'everything' }, { commands, path })
    await mcp.call('echo', { message: 'x' })
    const pids = childrenRunning(EVERYTHING)
    assert.equal(pids.length, 1)
    await mcp[Symbol.asyncDispose]()
    assert.deepEqual(
      pids.filter((pid) => existsSync(`/proc/${pid}`)),
      [],
    )
  })
})

/** Child processes of this test that run a program. */
const childrenRunning = (program: string): number[] =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((pid) => pid !== '')
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${program}\0stdio`))
