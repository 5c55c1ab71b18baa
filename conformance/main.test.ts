import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startModelServer } from '../server/tests/support/model-server.ts'
import { Bench } from './bench.ts'
import { checkRows } from './check-rows.ts'
import { commandOf, readOptions } from './options.ts'
import { toMarkdown, toText } from './report.ts'
import type { Outcome } from './row.ts'
import { allRows } from './rows.ts'
import { foreignTarget } from './target.ts'

const run = promisify(execFile)
const MAIN = path.join(import.meta.dirname, 'main.ts')
const TIMEOUT_MS = 180_000
const OUTPUT_BYTES = 16 * 1024 * 1024

describe('the conformance runner', () => {
  it('finds no row that Melzi fails', async () => {
    const report = path.join(tmpdir(), `melzi-conformance-${process.pid}.md`)
    const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES }
    const { stdout } = await run(process.execPath, [MAIN, '--report', report], options).catch(
      (error: { stdout: string }) => error,
    )
    const lines = stdout.split('\n')
    assert.deepEqual(
      lines.filter((line) => /^(?:fail|skipped) /.test(line)),
      [],
    )
    const passed = lines.filter((line) => line.startsWith('pass ')).length
    assert.ok(passed > 600, stdout.slice(-2_000))
    const text = await readFile(report, 'utf8')
    await rm(report)
    assert.match(text, /^# Conformance\n\nMelzi \d/)
    assert.match(text, new RegExp(`\\| all \\| ${passed} \\| 0 \\|`))
  })

  it('passes nothing of a server that agrees to everything', async () => {
    await using server = await startModelServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    const model = 'm'
    await using target = foreignTarget({
      baseUrl: server.origin,
      apiKey: 'k',
      secondKey: 'l',
      model,
      speechModel: model,
      transcriptionModel: model,
      azureUrl: server.origin,
    })
    const outcomes = await checkRows(allRows(), new Bench(target))
    const passed = outcomes.filter(({ status }) => status === 'pass')
    assert.deepEqual(
      passed.map(({ row }) => `${row.area}: ${row.operation}: ${row.name}`),
      [],
    )
    const skipped = outcomes.filter(({ status }) => status === 'skipped')
    assert.ok(skipped.length > 0)
    for (const { note } of skipped) assert.equal(note, 'needs a scripted model')
  })
})

describe('options', () => {
  it('say what they are not', () => {
    const refused = (args: string[], message: RegExp) =>
      assert.throws(() => readOptions(args), message)
    refused(['--only', 'everything'], /'everything' is no area/)
    refused(['--base-url', 'http://127.0.0.1:1'], /goes with --api-key and --model/)
    refused(['--api-key', 'k'], /goes with --base-url/)
    refused(['--write', '--only', 'runs'], /--write wants every area/)
  })
  it('are repeated without keys', () => {
    const args = ['--api-key', 'secret', '--second-key=secret', '--model', 'm']
    const command = commandOf(args)
    assert.equal(command, 'npm run conformance -- --api-key … --second-key=… --model m')
  })
  it('are read', () => {
    const options = readOptions(
      '--base-url http://127.0.0.1:1/v1 --api-key k --model m --only runs,files --report a.md'.split(
        ' ',
      ),
    )
    assert.deepEqual(options.areas, ['runs', 'files'])
    assert.equal(options.report, 'a.md')
    assert.equal(options.foreign?.secondKey, null)
    assert.equal(readOptions(['--write']).report, 'docs/conformance.md')
  })
})

describe('the report', () => {
  const row = { ...allRows()[0], name: 'a | b', evidence: 'R' } as Outcome['row']
  const outcomes: Outcome[] = [
    { row, status: 'pass', note: '' },
    { row: { ...row, evidence: '?' }, status: 'our choice', note: 'one\ntwo' },
    { row, status: 'fail', note: '<x>' },
  ]
  it('counts and escapes', () => {
    const heading = { target: 'T', command: 'c', date: '2026-01-31' }
    const text = toMarkdown(outcomes, heading)
    assert.match(text, /\| all \| 1 \| 1 \| 1 \| 0 \|/)
    assert.match(text, /a \\\| b \| R \| pass/)
    assert.match(text, /our choice \| one two \|/)
    assert.match(text, /&lt;x>/)
    assert.match(toText(outcomes), /all +1 +1 +1 +0/)
  })
})
