import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseChildMessage } from './protocol.ts'

const done = {
  t: 'done',
  ok: true,
  output: 'a',
  stdout: 'a',
  stderr: '',
  truncated: false,
  error: null,
  pictures: ['iVBORw0KGgo='],
  picturesLeftOut: 0,
}
const http = {
  t: 'http',
  id: 1,
  method: 'GET',
  url: 'http://x/',
  headers: [['a', 'b']],
  body: null,
  timeoutMs: null,
}

test('what is declared comes through, and nothing else', () => {
  assert.deepEqual(parseChildMessage(JSON.stringify({ ...done, extra: 1 })), done)
  assert.deepEqual(parseChildMessage(JSON.stringify({ ...http, extra: 1 })), http)
  assert.deepEqual(parseChildMessage('{"t":"ready","walls":["a"]}'), { t: 'ready', walls: ['a'] })
  const failed = { ...done, ok: false, error: { kind: 'memory', message: 'm', traceback: null } }
  assert.deepEqual(parseChildMessage(JSON.stringify(failed)), failed)
})

test('text that no store takes is replaced', () => {
  const message = parseChildMessage(
    JSON.stringify({ ...done, output: 'a\0b\ud800c', stdout: '\0' }),
  )
  assert.deepEqual(message, { ...done, output: 'a\uFFFDb\uFFFDc', stdout: '\uFFFD' })
})

test('everything else is null', () => {
  const error = { kind: 'python', message: 'm', traceback: null }
  const lines = [
    '',
    'x',
    'null',
    '1',
    '[]',
    '{}',
    '{"t":"other"}',
    '{"t":"ready"}',
    '{"t":"ready","walls":[1]}',
    '{"t":"fail"}',
    ...[
      { ok: 1 },
      { output: null },
      { truncated: 'no' },
      { error },
      { ok: false },
      { ok: false, error: { ...error, kind: 'busy' } },
    ].map((bad) => JSON.stringify({ ...done, ...bad })),
    ...[
      { id: 1.5 },
      { id: '1' },
      { headers: [['a']] },
      { headers: 'a' },
      { headers: Array(201).fill(['a', 'b']) },
      { headers: [['a', 'b'.repeat(49_152)]] },
      { url: `http://x/${'a'.repeat(8192)}` },
      { method: 'G'.repeat(33) },
      { body: 1 },
      { timeoutMs: -1 },
    ].map((bad) => JSON.stringify({ ...http, ...bad })),
  ]
  for (const line of lines) assert.equal(parseChildMessage(line), null, line)
})
