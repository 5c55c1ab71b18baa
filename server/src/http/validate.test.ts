import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CreateAssistantRequest, ModifyAssistantRequest } from '@melzi/contract/assistant.ts'
import { ListQuery } from '@melzi/contract/list.ts'
import { CreateMessageRequest } from '@melzi/contract/message.ts'
import { RunStepListQuery } from '@melzi/contract/run-step.ts'
import { CreateRunRequest, SubmitToolOutputsRequest } from '@melzi/contract/run.ts'
import { CreateThreadRequest } from '@melzi/contract/thread.ts'
import { refusal, table } from '../../tests/support/refusal-table.ts'
import { parseBody, parseQuery } from './validate.ts'

const run = (fields: object) => ({ assistant_id: 'asst_1', ...fields })
const user = (content: unknown) => ({ role: 'user', content })
const functionTool = (fields: object) => ({
  model: 'm',
  tools: [{ type: 'function', function: fields }],
})

table('messages', CreateMessageRequest, [
  [
    { role: 'x', content: 'hi' },
    "Invalid value: 'x'. Supported values are: 'user' and 'assistant'.",
    'role',
    'invalid_value',
  ],
  [
    { role: 5, content: 'hi' },
    "Invalid type for 'role': expected a string, but got an integer instead.",
    'role',
    'invalid_type',
  ],
  [
    user(5),
    "Invalid type for 'content': expected a string or an array, but got an integer instead.",
    'content',
    'invalid_type',
  ],
  [
    user(null),
    "Invalid type for 'content': expected a string or an array, but got null instead.",
    'content',
    'invalid_type',
  ],
  [
    user([]),
    "Invalid 'content': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    'content',
    'empty_array',
  ],
  [
    user('x'.repeat(256_001)),
    "Invalid 'content': string too long. Expected a string with maximum length 256000, but got a string with length 256001 instead.",
    'content',
    'string_above_max_length',
  ],
  [
    user([{ type: 'text', text: { value: 'x' } }]),
    "Invalid type for 'content[0].text': expected a string, but got an object instead.",
    'content[0].text',
    'invalid_type',
  ],
  [
    user([{ type: 'text' }]),
    "Missing required parameter: 'content[0].text'.",
    'content[0].text',
    'missing_required_parameter',
  ],
  [
    user([{ type: 'audio' }]),
    "Invalid value: 'audio'. Supported values are: 'image_file', 'image_url', and 'text'.",
    'content[0].type',
    'invalid_value',
  ],
  [
    user([{ type: 'text', text: 'a', extra: 1 }]),
    "Unknown parameter: 'content[0].extra'.",
    'content[0].extra',
    'unknown_parameter',
  ],
  [
    user([{ type: 'image_url', image_url: { url: 'https://a/b.png', detail: 'huge' } }]),
    "Invalid value: 'huge'. Supported values are: 'auto', 'low', and 'high'.",
    'content[0].image_url.detail',
    'invalid_value',
  ],
])

table('threads', CreateThreadRequest, [
  [
    {
      messages: [
        user([
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: 'ftp://a/b' } },
        ]),
      ],
    },
    "Invalid 'messages[0].content[1].image_url.url'. Expected a valid URL, but got a value with an invalid format.",
    'messages[0].content[1].image_url.url',
    'invalid_value',
  ],
])

table('assistants', CreateAssistantRequest, [
  [
    { model: 'm', name: 'n'.repeat(257) },
    "Invalid 'name': string too long. Expected a string with maximum length 256, but got a string with length 257 instead.",
    'name',
    'string_above_max_length',
  ],
  [
    functionTool({ name: 'has space' }),
    "Invalid 'tools[0].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]{1,64}$'.",
    'tools[0].function.name',
    'invalid_value',
  ],
  [
    functionTool({ name: 'f', parameters: { type: 'string' } }),
    `Invalid schema for function 'f': In context=(), schema must be a JSON Schema of 'type: "object"', got 'type: "string"'.`,
    'tools[0].function.parameters',
    'invalid_function_parameters',
  ],
])

table('tool outputs', SubmitToolOutputsRequest, [
  [
    { tool_outputs: [{ tool_call_id: 'call_1', output: { a: 1 } }] },
    "Invalid type for 'tool_outputs[0].output': expected a string, but got an object instead.",
    'tool_outputs[0].output',
    'invalid_type',
  ],
])

describe('accepted bodies', () => {
  it('get their defaults, and null means the default', () => {
    assert.deepEqual(parseBody(CreateThreadRequest, undefined), {
      messages: [],
      tool_resources: {},
      metadata: {},
    })
    const assistant = parseBody(CreateAssistantRequest, {
      model: 'm',
      temperature: null,
      metadata: null,
    })
    assert.equal(assistant.temperature, 1)
    assert.deepEqual(assistant.metadata, {})
    assert.equal(assistant.response_format, 'auto')
  })

  it('keep zero and false', () => {
    const body = parseBody(
      CreateRunRequest,
      run({ temperature: 0, top_p: 0, parallel_tool_calls: false }),
    )
    assert.deepEqual([body.temperature, body.top_p, body.parallel_tool_calls], [0, 0, false])
  })

  it('leave absent keys of an update absent', () => {
    assert.deepEqual(parseBody(ModifyAssistantRequest, { name: null }), { name: null })
  })

  it('take data URLs, and do not count them as text', () => {
    const url = `data:image/png;base64,${'A'.repeat(300_000)}`
    const parts = parseBody(
      CreateMessageRequest,
      user([{ type: 'image_url', image_url: { url } }]),
    ).content
    assert.deepEqual(parts, [{ type: 'image_url', image_url: { url, detail: 'auto' } }])
    assert.equal(
      parseBody(CreateMessageRequest, user(`see ${url} there`)).content.length,
      url.length + 10,
    )
  })

  it('count characters outside the BMP once', () => {
    assert.equal(
      parseBody(CreateAssistantRequest, { model: 'm', name: '😀'.repeat(256) }).name?.length,
      512,
    )
  })
})

describe('queries', () => {
  const rows: [query: object, message: string, param: string, code: string][] = [
    [
      { limit: 'abc' },
      "Invalid type for 'limit': expected an integer, but got a string instead.",
      'limit',
      'invalid_type',
    ],
    [
      { limit: '1.5' },
      "Invalid type for 'limit': expected an integer, but got a decimal number instead.",
      'limit',
      'invalid_type',
    ],
    [
      { limit: ['1', '2'] },
      "Invalid type for 'limit': expected an integer, but got an array instead.",
      'limit',
      'invalid_type',
    ],
    [
      { limit: '101' },
      "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
      'limit',
      'integer_above_max_value',
    ],
    [
      { limit: '99999999999999999999' },
      "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 100000000000000000000 instead.",
      'limit',
      'integer_above_max_value',
    ],
    [
      { limit: '-99999999999999999999' },
      "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got -100000000000000000000 instead.",
      'limit',
      'integer_below_min_value',
    ],
    [
      { limit: '0' },
      "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead.",
      'limit',
      'integer_below_min_value',
    ],
    [
      { order: 'up' },
      "Invalid value: 'up'. Supported values are: 'asc' and 'desc'.",
      'order',
      'invalid_value',
    ],
    [
      { limits: '3' },
      "Unknown parameter: 'limits'. Did you mean 'limit'?",
      'limits',
      'unknown_parameter',
    ],
    [{ 'include[]': 'all' }, "Unknown parameter: 'include'.", 'include', 'unknown_parameter'],
  ]
  for (const [query, message, param, code] of rows) {
    it(message, () => {
      const error = refusal(() => parseQuery(ListQuery, query))
      assert.deepEqual([error.message, error.param, error.code], [message, param, code])
    })
  }

  it('have defaults, and read numbers and lists', () => {
    assert.deepEqual(
      { ...parseQuery(ListQuery, { 'api-version': '2024-05-01-preview' }) },
      { limit: 20, order: 'desc' },
    )
    const content = 'step_details.tool_calls[*].file_search.results[*].content'
    const query = parseQuery(RunStepListQuery, {
      limit: '5',
      after: 'step_1',
      'include[]': content,
    })
    assert.deepEqual({ ...query }, { limit: 5, order: 'desc', after: 'step_1', include: [content] })
    const error = refusal(() => parseQuery(RunStepListQuery, { 'include[]': [content, 'x'] }))
    assert.equal(error.param, 'include[1]')
  })
})
