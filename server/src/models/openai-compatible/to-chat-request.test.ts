import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ModelRequest } from '../language-model.ts'
import { inlineImages } from './inline-images.ts'
import { DEFAULT_RETRIES, DEFAULT_TIMEOUTS } from './settings.ts'
import type { OpenAiCompatibleSettings } from './settings.ts'
import { quirkIn, toChatRequest } from './to-chat-request.ts'

const settings: OpenAiCompatibleSettings = {
  name: 'm',
  upstreamModel: 'upstream',
  baseUrl: 'http://127.0.0.1/v1',
  apiKey: null,
  apiKeyHeader: null,
  query: {},
  images: 'url',
  contextTokens: null,
  maxTokensField: 'max_tokens',
  sampling: true,
  timeouts: DEFAULT_TIMEOUTS,
  retries: DEFAULT_RETRIES,
}
const plain: ModelRequest = {
  model: 'asked',
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  functions: [],
  toolChoice: 'auto',
  parallelToolCalls: true,
  temperature: null,
  topP: null,
  reasoningEffort: null,
  responseFormat: 'auto',
  maxTokens: null,
}
const fn = { name: 'f', description: null, parameters: {}, strict: false }
const body = (request: Partial<ModelRequest>, changes: Partial<OpenAiCompatibleSettings> = {}) =>
  toChatRequest({ ...plain, ...request }, { ...settings, ...changes }) as Record<string, unknown>

test('a plain request says nothing it need not say', () => {
  assert.deepEqual(body({}), {
    model: 'upstream',
    messages: [{ role: 'user', content: 'hi' }],
    stream: true,
    stream_options: { include_usage: true },
  })
  assert.equal(body({}, { upstreamModel: null })['model'], 'asked')
})

test('every kind of message', () => {
  const { messages } = body({
    messages: [
      { role: 'system', text: 's' },
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'look' },
          { type: 'image', url: 'https://a.example/x.png', detail: 'low' },
        ],
      },
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', text: 'said', toolCalls: [] },
      { role: 'assistant', text: null, toolCalls: [{ id: 'call_1', name: 'f', arguments: '{}' }] },
      { role: 'tool', callId: 'call_1', output: 'out' },
    ],
  })
  assert.deepEqual(messages, [
    { role: 'system', content: 's' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'look' },
        { type: 'image_url', image_url: { url: 'https://a.example/x.png', detail: 'low' } },
      ],
    },
    { role: 'user', content: 'a\nb' },
    { role: 'assistant', content: 'said' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'out' },
  ])
})

test('functions, tool choice and parallel calls', () => {
  const sent = body({
    functions: [{ ...fn, description: 'd', strict: true }],
    toolChoice: 'required',
    parallelToolCalls: false,
  })
  assert.deepEqual(sent['tools'], [
    {
      type: 'function',
      function: {
        name: 'f',
        description: 'd',
        parameters: { type: 'object', properties: {} },
        strict: true,
      },
    },
  ])
  assert.equal(sent['tool_choice'], 'required')
  assert.equal(sent['parallel_tool_calls'], false)
  const auto = body({ functions: [fn] })
  assert.ok(!('tool_choice' in auto) && !('parallel_tool_calls' in auto))
  const forced = { type: 'function', function: { name: 'f' } } as const
  assert.deepEqual(body({ functions: [fn], toolChoice: forced })['tool_choice'], forced)
  const hosted = {
    functions: [{ ...fn, name: 'file_search' }],
    toolChoice: { type: 'file_search' } as const,
  }
  assert.deepEqual(body(hosted)['tool_choice'], {
    type: 'function',
    function: { name: 'file_search' },
  })
  assert.ok(!('tools' in body({ toolChoice: 'none', parallelToolCalls: false })))
})

test('settings of the call: 0 is 0, formats, effort, token limit', () => {
  const format = {
    type: 'json_schema',
    json_schema: { name: 'n', schema: { type: 'object' } },
  } as const
  const sent = body({
    temperature: 0,
    topP: 0.5,
    reasoningEffort: 'low',
    maxTokens: 7,
    responseFormat: format,
  })
  assert.equal(sent['temperature'], 0)
  assert.equal(sent['top_p'], 0.5)
  assert.equal(sent['reasoning_effort'], 'low')
  assert.equal(sent['max_tokens'], 7)
  assert.deepEqual(sent['response_format'], format)
  assert.equal(
    body({ maxTokens: 7 }, { maxTokensField: 'max_completion_tokens' })['max_completion_tokens'],
    7,
  )
  assert.ok(!('response_format' in body({ responseFormat: { type: 'text' } })))
})

test('a model without sampling gets no temperature of 1, and no other is dropped in silence', () => {
  assert.ok(!('temperature' in body({ temperature: 1, topP: 1 }, { sampling: false })))
  assert.throws(() => body({ temperature: 0.2 }, { sampling: false }), {
    code: 'invalid_prompt',
    message: /temperature/,
  })
})

test('what a 400 names can be spared only when it was sent and changes nothing', () => {
  const sent = body({ temperature: 1, topP: 0.5, maxTokens: 5 })
  const known = new Set<never>()
  assert.equal(
    quirkIn("Unrecognized request argument supplied: 'stream_options'", sent, known),
    'stream_options',
  )
  assert.equal(
    quirkIn(
      "Unsupported parameter: 'max_tokens', use 'max_completion_tokens' instead.",
      sent,
      known,
    ),
    'max_tokens',
  )
  assert.equal(quirkIn("'temperature' does not support 1", sent, known), 'temperature')
  assert.equal(quirkIn("'top_p' is not supported", sent, known), null)
  assert.equal(quirkIn('parallel_tool_calls is unknown', sent, known), null)
  assert.equal(quirkIn('stream_options again', sent, new Set(['stream_options'] as const)), null)
})

test('images: as they came, inlined, refused', async () => {
  const url = 'https://a.example/x.png'
  const data = 'data:image/png;base64,AAAA'
  const messages: ModelRequest['messages'] = [
    {
      role: 'user',
      parts: [
        { type: 'image', url, detail: 'auto' },
        { type: 'image', url: data, detail: 'auto' },
      ],
    },
  ]
  const { signal } = new AbortController()
  const asked: string[] = []
  const fetchImage = async (address: string) => {
    asked.push(address)
    return 'data:image/png;base64,BBBB'
  }
  assert.equal(await inlineImages(messages, 'url', 'm', fetchImage, signal), messages)
  const [inlined] = await inlineImages(messages, 'inline', 'm', fetchImage, signal)
  assert.deepEqual(
    inlined?.role === 'user' && inlined.parts.map((part) => part.type === 'image' && part.url),
    ['data:image/png;base64,BBBB', data],
  )
  assert.deepEqual(asked, [url])
  await assert.rejects(inlineImages(messages, 'refuse', 'm', fetchImage, signal), {
    code: 'invalid_prompt',
    message: /'m' takes no images/,
  })
  const failing = async () => Promise.reject(new Error('address http://10.0.0.1 is private'))
  await assert.rejects(
    inlineImages(messages, 'inline', 'm', failing, signal),
    (error: Error) => !error.message.includes('10.0.0.1'),
  )
  assert.deepEqual(await inlineImages(plain.messages, 'refuse', 'm', null, signal), plain.messages)
})
