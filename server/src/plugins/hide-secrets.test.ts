import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretHider } from './hide-secrets.ts'

test('a secret is taken out plain, in JSON and percent-encoded, from keys too', () => {
  const hide = secretHider({ KEY: 'p"s w-123', SHORT: 'abc' }, ['token-9'])
  assert.deepEqual(hide({ 'p"s w-123': ['x p"s w-123 p\\"s w-123 p%22s%20w-123', 'token-9abc'] }), {
    '[secret KEY]': ['x [secret KEY] [secret KEY] [secret KEY]', '[secret]abc'],
  })
})

test('a longer secret goes before a shorter one within it', () => {
  const hide = secretHider({ A: 'abcdef', B: 'abcdef-ghi' })
  assert.equal(hide('abcdef-ghi abcdef'), '[secret B] [secret A]')
})

test('names that hold the values of other secrets do not make a text grow', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEF'.split('')
  const nameFor = (letter: string) => Array.from({ length: 9 }, () => letter.repeat(6)).join('_')
  const secrets = Object.fromEntries(
    letters.map((letter, index) => [nameFor(letters[index + 1] ?? 'z'), letter.repeat(6)]),
  )
  // Each mark in the place of six letters; nine times as long for each further secret before.
  assert.equal(secretHider(secrets)('aaaaaa'), `[secret ${nameFor('b')}]`)
})
