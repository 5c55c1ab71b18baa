import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { component } from '../server/tests/support/components.ts'
import type { Section } from './figures.ts'

const run = promisify(execFile)
const MAIN = path.join(import.meta.dirname, 'main.ts')
const TIMEOUT_MS = 240_000

const bench = (...args: string[]) => run(process.execPath, [MAIN, ...args], { timeout: TIMEOUT_MS })

test('the whole bench runs, small, and gives figures for both sides', async () => {
  const { stdout } = await bench('--quick', '--json')
  const { sections } = JSON.parse(stdout) as { sections: Section[] }
  assert.deepEqual(
    sections.map((section) => section.name),
    [
      'first-token',
      'stream-cpu',
      'lifecycles',
      'plugin-calls',
      'crowd-deno',
      'crowd-native',
      'search',
      'indexing',
      'key-check',
    ],
  )
  for (const { name, figures, skipped } of sections) {
    assert.ok(figures.length > 0 || skipped.length > 0, `${name} has neither figures nor a reason`)
    for (const { measure, melzi, beside } of figures) {
      assert.ok(melzi > 0, `${measure}: ${melzi}`)
      // JSON has no NaN: null is the side that could not be measured, of which `skipped` tells.
      assert.ok(beside > 0 || skipped.length > 0, `${measure}: ${beside}`)
    }
  }
  const lifecycles = sections.find((section) => section.name === 'lifecycles')
  assert.equal(lifecycles?.figures.length, component('postgresql').available ? 2 : 1)
})

test('what it is not asked in the right words it refuses', async () => {
  await assert.rejects(bench('--only', 'everything'), /'everything' is no section/)
  await assert.rejects(bench('--quick', '--write'), /--write wants the whole bench/)
  const { stdout } = await bench('--help')
  assert.match(stdout, /--quick/)
})
