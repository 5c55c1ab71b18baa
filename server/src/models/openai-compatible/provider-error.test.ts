import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  cutSecrets,
  providerMessage,
  retryAfterMs,
  statusError,
  streamedError,
} from './provider-error.ts'

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

test('statuses become codes', () => {
  const codes = [400, 413, 422, 429, 401, 404, 408, 500, 503, 302].map((status) => {
    const failure = statusError('m', answer(status, ''), [])
    return [status, failure.error.code, failure.isRetryable]
  })
  assert.deepEqual(codes, [
    [400, 'invalid_prompt', false],
    [413, 'invalid_prompt', false],
    [422, 'invalid_prompt', false],
    [429, 'rate_limit_exceeded', true],
    [401, 'server_error', false],
    [404, 'server_error', false],
    [408, 'server_error', true],
    [500, 'server_error', true],
    [503, 'server_error', true],
    [302, 'server_error', false],
  ])
})

test('the message names model and status and repeats the provider, in every usual form', () => {
  const { error } = statusError(
    'gpt-4o',
    answer(429, { error: { message: 'Rate limit\n reached' } }),
    [],
  )
  assert.equal(error.message, "The server of model 'gpt-4o' answered 429: Rate limit reached")
  assert.equal(providerMessage('{"error":"model not found"}'), 'model not found')
  assert.equal(providerMessage('[{"error":{"message":"from a list"}}]'), 'from a list')
  assert.equal(providerMessage('{"object":"error","message":"flat"}'), 'flat')
  assert.equal(providerMessage('{"detail":[{"msg":"field required"}]}'), 'field required')
  assert.equal(
    providerMessage('<html><head><title>502 Bad Gateway</title></head></html>'),
    '502 Bad Gateway',
  )
  assert.equal(providerMessage('upstream timed out'), 'upstream timed out')
  assert.equal(providerMessage(''), '')
  assert.ok(statusError('m', answer(500, 'x'.repeat(5000)), []).error.message.length < 600)
})

test('no key, bearer or URL credential stays in a message', () => {
  const key = 'my own key, of any form'
  const dirty = [
    `Incorrect API key provided: sk-proj-AbCdEfGh1234567890. Find your key there.`,
    `we got ${key}`,
    'header was Authorization: Bearer abc.def-ghi',
    'fetch https://user:pa55@host/v1?key=AIzaSyA1234567890abcdefghij failed',
    '{"api_key":"deadbeef"}',
    'token a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6',
    'mlz_0123456789abcdefABCDEF',
  ].join('; ')
  const clean = cutSecrets(dirty, [key, null, ''])
  for (const secret of [
    'AbCdEfGh',
    key,
    'abc.def',
    'pa55',
    'AIzaSy',
    'deadbeef',
    'a1b2c3d4',
    'mlz_0123',
  ]) {
    assert.ok(!clean.includes(secret), `${secret} in ${clean}`)
  }
  assert.match(clean, /Find your key there/)
  const id = 'request 123e4567-e89b-42d3-a456-426614174000 took too long for gpt-4o-2024-08-06'
  assert.equal(cutSecrets(id, []), id)
})

test('retry-after in seconds, in ms, as a date, and unreadable', () => {
  const now = Date.parse('2026-11-22T10:00:00Z')
  assert.equal(retryAfterMs({ 'retry-after': '2' }, now), 2000)
  assert.equal(retryAfterMs({ 'retry-after': '2', 'retry-after-ms': '150' }, now), 150)
  assert.equal(retryAfterMs({ 'retry-after': 'Sun, 22 Nov 2026 10:00:03 GMT' }, now), 3000)
  assert.equal(retryAfterMs({ 'retry-after': 'soon' }, now), null)
  assert.equal(retryAfterMs({}, now), null)
})

test('errors inside a stream', () => {
  assert.equal(
    streamedError('m', { code: 429, message: 'slow' }, []).error.code,
    'rate_limit_exceeded',
  )
  assert.equal(
    streamedError('m', { type: 'rate_limit_error', message: 'slow' }, []).error.code,
    'rate_limit_exceeded',
  )
  assert.equal(
    streamedError('m', { code: 'context_length_exceeded', message: 'long' }, []).error.code,
    'invalid_prompt',
  )
  const plain = streamedError('m', 'out of memory', [])
  assert.equal(plain.error.code, 'server_error')
  assert.equal(plain.error.message, "The server of model 'm' reported an error: out of memory")
})
