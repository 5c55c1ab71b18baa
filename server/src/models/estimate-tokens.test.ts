import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  IMAGE_TOKENS,
  estimateMessageTokens,
  estimatePromptTokens,
  estimateTokens,
} from './estimate-tokens.ts'

test('four letters or one CJK character make a token', () => {
  assert.equal(estimateTokens(''), 0)
  assert.equal(estimateTokens('abcd'), 1)
  assert.equal(estimateTokens('abcde'), 2)
  assert.equal(estimateTokens('達哥'), 2)
  assert.equal(estimateTokens('達哥 says'), 4)
  assert.equal(estimateTokens('😀😀'), 2)
})

test('images count the same whatever their bytes, and functions count', () => {
  const image = {
    type: 'image',
    url: `data:image/png;base64,${'A'.repeat(10_000)}`,
    detail: 'auto',
  } as const
  assert.equal(estimateMessageTokens({ role: 'user', parts: [image] }), 4 + IMAGE_TOKENS)
  const call = { id: 'call_1', name: 'abcd', arguments: '{"a":1}' }
  assert.equal(
    estimateMessageTokens({ role: 'assistant', text: null, toolCalls: [call] }),
    4 + 4 + 1 + 2,
  )
  const messages = [{ role: 'system', text: 'abcd' }] as const
  const fn = { name: 'f', description: null, parameters: {}, strict: false }
  assert.equal(estimatePromptTokens({ messages: [...messages], functions: [] }), 5)
  assert.ok(estimatePromptTokens({ messages: [...messages], functions: [fn] }) > 5)
})
