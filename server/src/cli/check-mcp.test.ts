import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readConfig } from '../config/config.ts'
import { ConfigError } from '../config/settings.ts'
import { readMcpCommands } from '../config/mcp-commands.ts'
import { checkMcpCommands } from './check-mcp.ts'

const PATH = process.env['PATH'] ?? ''
const check = (commands?: string) =>
  checkMcpCommands(readConfig({ PATH, ...(commands && { MELZI_MCP_COMMANDS: commands }) }))
const neverRead = () => assert.fail('no file is read')

describe('the list of MCP commands', () => {
  it('is JSON, or a file of it', async () => {
    assert.equal(readMcpCommands(null, neverRead).size, 0)
    const json =
      '{"files": {"command": "npx", "args": ["-y", "x"], "env": {"K": "v"}}, "b_2": {"command": "b"}}'
    const expected = [
      ['files', { command: 'npx', args: ['-y', 'x'], env: { K: 'v' } }],
      ['b_2', { command: 'b', args: [], env: {} }],
    ]
    assert.deepEqual([...readMcpCommands(json, neverRead)], expected)
    const read = (path: string) => (path === 'some/file.json' ? json : neverRead())
    assert.deepEqual([...readMcpCommands('some/file.json', read)], expected)
  })

  it('that is wrong is refused by the name of the variable and the place, never with a value', () => {
    const cases: [string, RegExp][] = [
      ['{"a": {"command": "x", "env": {"K": "hidden-1"}}', /cannot be read as JSON/],
      ['{"a": {"command": ""}}', /a\.command/],
      ['{"a": {"command": "x", "shell": "hidden-1"}}', /Unrecognized key: "shell"/],
      ['{"a": {"command": "x", "env": {"K": ["hidden-1"]}}}', /a\.env\.K/],
      ['{"a b": {"command": "x"}}', /must be a name/],
      ['{"a": {"command": "x", "args": "hidden-1"}}', /a\.args/],
    ]
    for (const [json, why] of cases) {
      assert.throws(
        () => readMcpCommands(json, neverRead),
        (error) => {
          assert.ok(error instanceof ConfigError)
          assert.match(error.message, /^MELZI_MCP_COMMANDS: /)
          assert.match(error.message, why)
          assert.ok(!error.message.includes('hidden-1'))
          return true
        },
      )
    }
    assert.throws(
      () =>
        readMcpCommands('/nowhere/x.json', () => {
          throw new Error('ENOENT')
        }),
      /nowhere.*ENOENT/,
    )
  })
})

describe('the doctor on MCP commands', () => {
  it('says which are listed, and which are not there', async () => {
    assert.equal(check().state, 'note')
    const there = check(
      '{"files": {"command": "sh", "args": ["secret-argument"], "env": {"KEY": "secret"}}}',
    )
    assert.deepEqual([there.state, there.message], ['ok', 'files (sh)'])
    const absent = check('{"files": {"command": "sh"}, "gone": {"command": "no-such-program"}}')
    assert.deepEqual(
      [absent.state, absent.message],
      ['missing', 'files (sh), gone (no-such-program); not found: gone'],
    )
    assert.match(check('{').message, /MELZI_MCP_COMMANDS/)
    const folder = await mkdtemp(join(tmpdir(), 'melzi-mcp-'))
    try {
      const file = join(folder, 'commands.json')
      await writeFile(file, JSON.stringify({ it: { command: process.execPath } }))
      assert.equal(check(file).state, 'ok')
      assert.equal(check(join(folder, 'none.json')).state, 'missing')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
