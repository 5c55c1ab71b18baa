import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTooDeep } from './json-depth.ts'
import type { Json } from './python/sandbox-driver.ts'

const nested = (open: string, inner: string, close: string, levels: number): Json =>
  JSON.parse(open.repeat(levels) + inner + close.repeat(levels)) as Json

test('a hundred levels of arrays and objects are taken, one more is not', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    assert.equal(isTooDeep(nested(open, '1', close, 100)), false)
    assert.equal(isTooDeep(nested(open, '1', close, 101)), true)
    assert.equal(isTooDeep(nested(open, 'null', close, 200_000)), true)
  }
  for (const flat of [null, 1, 'x', [], {}, nested('[', '[],{}', ']', 99)])
    assert.equal(isTooDeep(flat), false)
  assert.equal(isTooDeep(nested('[', '[],{"a":{}}', ']', 99)), true)
})
