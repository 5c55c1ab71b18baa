import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLooseJson } from './loose-json.ts'

test('repairs what people paste and nothing else', () => {
  assert.deepEqual(parseLooseJson('\uFEFF{"a": [1, 2, ],\n "b,]": "x\ty\n\\"z\\"", }'), {
    a: [1, 2],
    'b,]': 'x\ty\n"z"',
  })
  for (const text of ['{"a": 1,,}', '"a', '"a\\', '[1', "{'a': 1}", ''])
    assert.throws(() => parseLooseJson(text), SyntaxError, text)
})

test('a text of a megabyte is read in no time, whatever it holds', () => {
  const texts = [
    '"' + '\\"'.repeat(500_000),
    '"' + 'a'.repeat(1_000_000),
    '"\\'.repeat(300_000),
    ', '.repeat(500_000),
    ',' + ' '.repeat(1_000_000),
  ]
  const started = Date.now()
  for (const text of texts) assert.throws(() => parseLooseJson(text), SyntaxError)
  assert.ok(Date.now() - started < 2000)
})
