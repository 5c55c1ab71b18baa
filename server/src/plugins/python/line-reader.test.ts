import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineReader } from './line-reader.ts'

test('lines come whole however the bytes are cut', () => {
  const text = 'a\n\nbc中\nrest'
  for (const size of [1, 2, 3, 100]) {
    const lines: string[] = []
    const reader = new LineReader((line) => lines.push(line.toString('utf8')))
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
    assert.deepEqual(lines, ['a', '', 'bc中'])
    assert.equal(reader.pendingBytes, 4)
    assert.ok(
      reader.pendingStartsWith('res') &&
        !reader.pendingStartsWith('rex') &&
        !reader.pendingStartsWith('rest of it'),
    )
  }
})

test('nothing pending', () => {
  const reader = new LineReader(() => {})
  assert.ok(!reader.pendingStartsWith('a'))
  reader.push(Buffer.from('a\n'))
  assert.deepEqual([reader.pendingBytes, reader.pendingStartsWith('a')], [0, false])
})

test('after its close no line comes, not even of the same chunk', () => {
  const lines: string[] = []
  const reader = new LineReader((line) => {
    lines.push(line.toString('utf8'))
    if (lines.length === 2) reader.close()
  })
  reader.push(Buffer.from('a\nb\nc\nd'))
  reader.push(Buffer.from('e\nf'))
  assert.deepEqual([lines, reader.pendingBytes], [['a', 'b'], 0])
})
