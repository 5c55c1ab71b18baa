import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../platform/errors.ts'
import { toPromptMessages } from './asked-conversation.ts'
import { toPromptFunctions } from './asked-functions.ts'

test('texts, parts and pictures are taken in all their forms', () => {
  const messages = toPromptMessages([
    { role: 'system', content: 'Be short.' },
    {
      role: 'user',
      content: ['a', { type: 'text', text: 'b' }, { type: 'text', text: { value: 'c' } }],
    },
    { role: 'assistant', content: [{ type: 'text', text: 'd' }] },
    { role: 'assistant', content: '' },
    {
      role: 'user',
      content: [
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'low' } },
      ],
    },
  ])
  assert.deepEqual(messages, [
    { role: 'system', text: 'Be short.' },
    {
      role: 'user',
      parts: ['a', 'b', 'c'].map((text) => ({ type: 'text', text })),
    },
    { role: 'assistant', text: 'd', toolCalls: [] },
    { role: 'user', parts: [{ type: 'image', url: 'data:image/png;base64,AA==', detail: 'low' }] },
  ])
})

test('old-style calls are joined with their results; what is missing is added', () => {
  const call = (id: string, name: string, given: string) => ({ id, name, arguments: given })
  const messages = toPromptMessages([
    { role: 'assistant', content: null, function_call: { name: 'f', arguments: { a: 1 } } },
    { role: 'function', name: 'f', content: 'one' },
    { role: 'function', name: 'g', content: 'two' },
    { role: 'assistant', tool_calls: [{ id: 'x', function: { name: 'h' } }] },
    { role: 'user', content: 'go on' },
    { role: 'assistant', tool_calls: [{ id: 'y', function: { name: 'h' } }] },
    { role: 'tool', tool_call_id: 'y', content: 'three' },
  ])
  assert.deepEqual(messages, [
    { role: 'assistant', text: null, toolCalls: [call('call_asked_1', 'f', '{"a":1}')] },
    { role: 'tool', callId: 'call_asked_1', output: 'one' },
    { role: 'assistant', text: null, toolCalls: [call('call_asked_2', 'g', '{}')] },
    { role: 'tool', callId: 'call_asked_2', output: 'two' },
    { role: 'assistant', text: null, toolCalls: [call('x', 'h', '{}')] },
    { role: 'tool', callId: 'x', output: '' },
    { role: 'user', parts: [{ type: 'text', text: 'go on' }] },
    { role: 'assistant', text: null, toolCalls: [call('y', 'h', '{}')] },
    { role: 'tool', callId: 'y', output: 'three' },
  ])
})

const REFUSED: [value: unknown, sentence: RegExp][] = [
  ['hi', /must be a list of messages, not a string/],
  [null, /not nothing/],
  [[1], /conversation\[0\] must be a dict, not a number/],
  [[{ role: 'robot', content: 'x' }], /conversation\[0\]: role must be/],
  [[{ role: 'user', content: 5 }], /content must be text or a list of parts, not a number/],
  [[{ role: 'user', content: [{ type: 'audio' }] }], /content\[0\]: a part must have/],
  ...['file:///etc/passwd', 'https://example.com/?stolen', 'http://internal/'].map(
    (url): [unknown, RegExp] => [
      [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
      /must be a data:image address/,
    ],
  ),
  [[{ role: 'function', content: 'x' }], /must name its function/],
  [[{ role: 'assistant', function_call: 'f' }], /must be a dict with 'name'/],
  [Array.from({ length: 501 }, () => ({ role: 'user', content: 'x' })), /501 messages/],
]

for (const [value, sentence] of REFUSED) {
  test(`a conversation is refused: ${sentence.source}, ${JSON.stringify(value).slice(0, 100)}`, () => {
    const isSentence = (error: unknown) =>
      error instanceof AppError && error.status === 400 && sentence.test(error.message)
    assert.throws(() => toPromptMessages(value), isSentence)
  })
}

test('functions are taken old-style, in tools, and with bare properties', () => {
  const city = { city: { type: 'string' } }
  const functions = toPromptFunctions([
    { name: 'a', description: 'A', parameters: { type: 'object', properties: city } },
    { type: 'function', function: { name: 'b', parameters: city } },
    { name: 'c' },
  ])
  const whole = { type: 'object', properties: city }
  assert.deepEqual(functions, [
    { name: 'a', description: 'A', parameters: whole, strict: false },
    { name: 'b', description: null, parameters: { ...whole, required: ['city'] }, strict: false },
    { name: 'c', description: null, parameters: { type: 'object', properties: {} }, strict: false },
  ])
  assert.throws(() => toPromptFunctions('f'), /must be a list/)
  assert.throws(() => toPromptFunctions([{ name: '天氣' }]), /functions\[0\] needs a 'name'/)
  assert.throws(() => toPromptFunctions([{ name: 'a', parameters: [] }]), /must be a JSON Schema/)
})
