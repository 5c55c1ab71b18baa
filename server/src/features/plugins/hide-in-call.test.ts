import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { secretHider } from '../../plugins/hide-secrets.ts'
import { hideInQuestion, hideInResult } from './hide-in-call.ts'

const WORDS = ['output', 'stdout', 'stderr', 'message', 'traceback', 'timeout', 'refused']
const hide = secretHider(
  Object.fromEntries([...WORDS, 'conversation', 'k-123456'].map((word) => [`S_${word}`, word])),
)

test('a secret that is a word of the record does not take the record apart', () => {
  const error = { kind: 'timeout', message: 'over k-123456', traceback: null } as const
  const http = [{ host: 'k-123456.example.com', status: 200, refused: null }]
  const usage = { ms: 1, cpuMs: 2, peakMiB: 3, http }
  const result = { ...sandboxResult(), ok: false, output: 'k-123456', error, usage }
  const hidden = hideInResult(hide, result)
  assert.deepEqual(Object.keys(hidden).toSorted(), Object.keys(result).toSorted())
  assert.deepEqual(
    [hidden.error?.kind, hidden.error?.message, hidden.output],
    ['timeout', 'over [secret S_k-123456]', '[secret S_k-123456]'],
  )
  assert.equal(hidden.usage.http[0]?.host, '[secret S_k-123456].example.com')
})

test('the same for a question', () => {
  const conversation = [{ role: 'user', content: 'use k-123456' }]
  assert.deepEqual(hideInQuestion(hide, { kind: 'chat', conversation, functions: null }), {
    kind: 'chat',
    conversation: [{ role: 'user', content: 'use [secret S_k-123456]' }],
    functions: null,
  })
  assert.deepEqual(hideInQuestion(hide, { kind: 'count', text: 'k-123456' }), {
    kind: 'count',
    text: '[secret S_k-123456]',
  })
})
