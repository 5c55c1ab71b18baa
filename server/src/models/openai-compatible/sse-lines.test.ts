import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createSseReader } from './sse-lines.ts'

const readAll = (...pieces: string[]): string[] => {
  const reader = createSseReader()
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]
}

test('events end at a blank line, with LF, CRLF and CR', () => {
  assert.deepEqual(readAll('data: a\n\ndata: b\n\n'), ['a', 'b'])
  assert.deepEqual(readAll('data: a\r\n\r\ndata: b\r\n\r\n'), ['a', 'b'])
  assert.deepEqual(readAll('data: a\r\rdata: b\r\r'), ['a', 'b'])
})

test('any split of the stream gives the same events', () => {
  const stream =
    '\ufeff: comment\r\n\r\nevent: x\r\nid: 1\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata:b\n\n'
  for (let at = 0; at <= stream.length; at += 1) {
    assert.deepEqual(readAll(stream.slice(0, at), stream.slice(at)), ['{"a":\n1}', 'b'])
  }
  assert.deepEqual(readAll(...stream.split('')), ['{"a":\n1}', 'b'])
})

test('one space after the colon is cut, a second one is data', () => {
  assert.deepEqual(readAll('data:  a\n\ndata:b\n\ndata:\n\n'), [' a', 'b', ''])
})

test('an event without its blank line is given at the end, a comment is not', () => {
  assert.deepEqual(readAll('data: a\n\n: bye\n\ndata: last'), ['a', 'last'])
  assert.deepEqual(readAll('data: a\r'), ['a'])
})

test('an error field becomes an error object', () => {
  assert.deepEqual(readAll('error: {"code":500}\n\n'), ['{"error":{"code":500}}'])
})

test('an event that never ends is refused', () => {
  const reader = createSseReader()
  const piece = `data: ${'x'.repeat(1024 * 1024)}`
  assert.throws(() => {
    for (let i = 0; i < 20; i += 1) reader.push(piece)
  }, RangeError)
})
