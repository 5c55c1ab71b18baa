import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSessionMessage } from './session-messages.ts'

const parse = (value: unknown) => parseSessionMessage(Buffer.from(JSON.stringify(value)))
const done = {
  t: 'done',
  mark: 'm',
  ok: true,
  value: null,
  traceback: null,
  leftOut: [],
  leftOutCount: 0,
}

test('a message is what it says it is, and nothing more', () => {
  assert.deepEqual(parse(done), done)
  assert.equal(parse({ ...done, extra: 1 }), null)
  assert.equal(parse({ ...done, value: 'x'.repeat(40_001) }), null)
  assert.equal(parse({ ...done, leftOut: Array(21).fill('a') }), null)
  for (const other of [null, 1, [], 'done', { t: 'other' }, { t: 'done' }, { ...done, ok: 1 }])
    assert.equal(parse(other), null)
  assert.equal(parseSessionMessage(Buffer.from('{"t":')), null)
})

test('the name of a file is no path', () => {
  const body = { t: 'body', kind: 'file', name: 'a.txt', bytes: 1 }
  for (const name of ['a.txt', '數據 1.csv', '..a', 'a'.repeat(255)])
    assert.deepEqual(parse({ ...body, name }), { ...body, name })
  for (const name of [
    '',
    '.',
    '..',
    'a/b',
    '/a',
    'a\\b',
    'a\nb',
    'a\0',
    '\u202ea',
    '\ud800',
    'a'.repeat(256),
  ])
    assert.equal(parse({ ...body, name }), null, JSON.stringify(name))
  for (const bytes of [-1, 1.5, '1', null]) assert.equal(parse({ ...body, bytes }), null)
})
