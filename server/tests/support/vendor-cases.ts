import assert from 'node:assert/strict'

import { converseStream, fixture, type VendorAnswer } from './vendor-server.ts'
import type { ModelRequest } from '../../src/models/language-model.ts'
import type { VendorSettings } from '../../src/models/ai-sdk/settings.ts'

// Every vendor in its own wire form: the answers are written after the vendors' published descriptions.
const parameters = {
  type: 'object',
  properties: { price: { type: 'number' } },
  required: ['price'],
}
export const functions = [
  { name: 'unit_price', description: 'A price', parameters, strict: false },
  { name: 'now', description: null, parameters: {}, strict: false },
]
export const schema = {
  type: 'object',
  properties: { n: { type: 'integer' } },
  required: ['n'],
  additionalProperties: false,
}
const PNG = 'iVBORw0KGgo='
export const conversation: ModelRequest['messages'] = [
  { role: 'system', text: 'Be brief.' },
  {
    role: 'user',
    parts: [
      { type: 'text', text: 'What is it?' },
      { type: 'image', url: `data:image/png;base64,${PNG}`, detail: 'auto' },
    ],
  },
  {
    role: 'assistant',
    text: null,
    toolCalls: [
      { id: 'call_one1one1', name: 'unit_price', arguments: '{"price":1}' },
      { id: 'call_two2two2', name: 'now', arguments: '' },
    ],
  },
  { role: 'tool', callId: 'call_one1one1', output: 'one' },
  { role: 'tool', callId: 'call_two2two2', output: 'two' },
]

interface Vendor {
  settings: Partial<VendorSettings> & Pick<VendorSettings, 'provider' | 'upstreamModel'>
  base: string
  /** Where and how the request arrives. */
  path: string
  key: [header: string, value: string]
  text: VendorAnswer
  tools: VendorAnswer
  /** An answer cut by the token limit, and one the vendor filtered. */
  cut: VendorAnswer
  filtered: VendorAnswer
  /** Prompt, completion, cached, reasoning tokens of the text. */
  usage: [number, number, number, number]
  error: object
  /** Checks of the bodies we send. */
  sent: {
    conversation: (body: Body) => void
    choice: (body: Body) => void
    effort: (body: Body) => void
    schema: (body: Body) => void
    single: ((body: Body) => void) | null
  }
}
type Body = any // oxlint-disable-line typescript/no-explicit-any -- five foreign wire forms, looked into by path

const replace = (answer: VendorAnswer, from: string, to: string): VendorAnswer => ({
  body: String(answer.body).replace(from, to),
})

const anthropicText = fixture('anthropic-text')
const googleText = fixture('google-text')
const mistralText = fixture('mistral-text')
const azureText = fixture('azure-text')
const novaText = (reason: string) =>
  converseStream([
    ['messageStart', { role: 'assistant' }],
    ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello' } }],
    ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: ' 世界' } }],
    ['contentBlockStop', { contentBlockIndex: 0 }],
    ['messageStop', { stopReason: reason }],
    [
      'metadata',
      {
        usage: { inputTokens: 20, outputTokens: 5, totalTokens: 37, cacheReadInputTokens: 12 },
        metrics: { latencyMs: 10 },
      },
    ],
  ])

const openAiStyle = (body: Body, ids: readonly [string, string]) => {
  assert.deepEqual(body.messages.slice(-3), [
    {
      role: 'assistant',
      content: body.messages.at(-3).content,
      tool_calls: [
        {
          id: ids[0],
          type: 'function',
          function: { name: 'unit_price', arguments: '{"price":1}' },
        },
        { id: ids[1], type: 'function', function: { name: 'now', arguments: '{}' } },
      ],
    },
    { ...body.messages.at(-2), role: 'tool', tool_call_id: ids[0], content: 'one' },
    { ...body.messages.at(-1), role: 'tool', tool_call_id: ids[1], content: 'two' },
  ])
  assert.equal(body.messages[0].content, 'Be brief.')
  assert.ok(JSON.stringify(body.messages[1]).includes(`data:image/png;base64,${PNG}`))
  assert.deepEqual(body.tools[0].function.parameters, parameters)
}

export const vendors: Record<string, Vendor> = {
  anthropic: {
    settings: { provider: 'anthropic', upstreamModel: 'claude-sonnet-4-5' },
    base: '/v1',
    path: '/v1/messages',
    key: ['x-api-key', 'vendor-key-1234567890'],
    text: anthropicText,
    tools: fixture('anthropic-tools'),
    cut: replace(anthropicText, 'end_turn', 'max_tokens'),
    filtered: replace(anthropicText, 'end_turn', 'refusal'),
    usage: [125, 15, 100, 0],
    error: { type: 'error', error: { type: 'invalid_request_error', message: 'too many bananas' } },
    sent: {
      conversation: (body) => {
        assert.equal(body.system[0].text, 'Be brief.')
        assert.deepEqual(body.messages, [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is it?' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
            ],
          },
          {
            role: 'assistant',
            content: [
              { type: 'tool_use', id: 'call_one1one1', name: 'unit_price', input: { price: 1 } },
              { type: 'tool_use', id: 'call_two2two2', name: 'now', input: {} },
            ],
          },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'call_one1one1', content: 'one' },
              { type: 'tool_result', tool_use_id: 'call_two2two2', content: 'two' },
            ],
          },
        ])
        assert.deepEqual(body.tools[0].input_schema, parameters)
        assert.deepEqual(['temperature' in body, 'top_p' in body], [false, false])
      },
      choice: (body) => assert.deepEqual(body.tool_choice, { type: 'tool', name: 'now' }),
      effort: (body) => assert.equal(body.thinking.type, 'enabled'),
      schema: (body) =>
        assert.deepEqual(body.output_config.format, { type: 'json_schema', schema }),
      single: (body) => assert.equal(body.tool_choice.disable_parallel_tool_use, true),
    },
  },
  google: {
    settings: { provider: 'google', upstreamModel: 'gemini-2.5-flash' },
    base: '/v1beta',
    path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
    key: ['x-goog-api-key', 'vendor-key-1234567890'],
    text: googleText,
    tools: fixture('google-tools'),
    cut: replace(googleText, '"STOP"', '"MAX_TOKENS"'),
    filtered: replace(googleText, '"STOP"', '"SAFETY"'),
    usage: [20, 35, 12, 30],
    error: { error: { code: 400, message: 'too many bananas', status: 'INVALID_ARGUMENT' } },
    sent: {
      conversation: (body) => {
        assert.deepEqual(body.systemInstruction.parts, [{ text: 'Be brief.' }])
        const [user, model, outputs] = body.contents
        assert.deepEqual(user.parts[1], { inlineData: { mimeType: 'image/png', data: PNG } })
        const calls = model.parts.map((part: Body) => [
          part.functionCall.name,
          part.functionCall.args,
        ])
        assert.deepEqual(calls, [
          ['unit_price', { price: 1 }],
          ['now', {}],
        ])
        assert.deepEqual(
          outputs.parts.map((part: Body) => part.functionResponse.name),
          ['unit_price', 'now'],
        )
        assert.ok(JSON.stringify(outputs).includes('two'))
        assert.equal(body.tools[0].functionDeclarations[0].name, 'unit_price')
      },
      choice: (body) =>
        assert.deepEqual(body.toolConfig.functionCallingConfig.allowedFunctionNames, ['now']),
      effort: (body) =>
        assert.ok(body.generationConfig.thinkingConfig.thinkingBudget > 0, JSON.stringify(body)),
      schema: (body) => {
        assert.equal(body.generationConfig.responseMimeType, 'application/json')
        assert.ok(JSON.stringify(body.generationConfig).includes('"n"'))
      },
      single: null,
    },
  },
  mistral: {
    settings: { provider: 'mistral', upstreamModel: 'mistral-small-latest' },
    base: '/v1',
    path: '/v1/chat/completions',
    key: ['authorization', 'Bearer vendor-key-1234567890'],
    text: mistralText,
    tools: fixture('mistral-tools'),
    cut: replace(mistralText, '"stop"', '"length"'),
    filtered: replace(mistralText, '"stop"', '"model_length"'),
    usage: [20, 5, 0, 0],
    error: { object: 'error', message: 'too many bananas', type: 'invalid_request_error' },
    sent: {
      conversation: (body) => {
        const ids = body.messages[2].tool_calls.map((call: Body) => call.id) as [string, string]
        for (const id of ids) assert.match(id, /^[A-Za-z0-9]{9}$/)
        openAiStyle(body, ids)
      },
      choice: (body) => assert.ok(JSON.stringify([body.tool_choice, body.tools]).includes('now')),
      effort: (body) => assert.equal(body.reasoning_effort, 'high'),
      schema: (body) => assert.deepEqual(body.response_format.json_schema.schema, schema),
      single: (body) => assert.equal(body.parallel_tool_calls, false),
    },
  },
  azure: {
    settings: { provider: 'azure', upstreamModel: 'my-deployment', apiVersion: '2024-10-21' },
    base: '/openai',
    path: '/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21',
    key: ['api-key', 'vendor-key-1234567890'],
    text: azureText,
    tools: fixture('azure-tools'),
    cut: replace(azureText, '"finish_reason":"stop"', '"finish_reason":"length"'),
    filtered: replace(azureText, '"finish_reason":"stop"', '"finish_reason":"content_filter"'),
    usage: [20, 45, 12, 40],
    error: { error: { code: '400', message: 'too many bananas' } },
    sent: {
      conversation: (body) => openAiStyle(body, ['call_one1one1', 'call_two2two2']),
      choice: (body) =>
        assert.deepEqual(body.tool_choice, { type: 'function', function: { name: 'now' } }),
      effort: (body) => assert.equal(body.reasoning_effort, 'high'),
      schema: (body) => assert.deepEqual(body.response_format.json_schema.schema, schema),
      single: (body) => assert.equal(body.parallel_tool_calls, false),
    },
  },
  bedrock: {
    settings: {
      provider: 'bedrock',
      upstreamModel: 'anthropic.claude-sonnet-4-20250514-v1:0',
      aws: { region: 'us-east-1', accessKeyId: null, secretAccessKey: null, sessionToken: null },
    },
    base: '',
    path: '/model/anthropic.claude-sonnet-4-20250514-v1%3A0/converse-stream',
    key: ['authorization', 'Bearer vendor-key-1234567890'],
    text: novaText('end_turn'),
    tools: converseStream([
      ['messageStart', { role: 'assistant' }],
      [
        'contentBlockStart',
        {
          contentBlockIndex: 0,
          start: { toolUse: { toolUseId: 'tooluse_1', name: 'unit_price' } },
        },
      ],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '{"price": 1' } } }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { toolUse: { input: '20}' } } }],
      ['contentBlockStop', { contentBlockIndex: 0 }],
      [
        'contentBlockStart',
        { contentBlockIndex: 1, start: { toolUse: { toolUseId: 'tooluse_2', name: 'now' } } },
      ],
      ['contentBlockStop', { contentBlockIndex: 1 }],
      ['messageStop', { stopReason: 'tool_use' }],
      ['metadata', { usage: { inputTokens: 40, outputTokens: 12, totalTokens: 52 } }],
    ]),
    cut: novaText('max_tokens'),
    filtered: novaText('guardrail_intervened'),
    usage: [32, 5, 12, 0],
    error: { message: 'too many bananas', type: 'ValidationException' },
    sent: {
      conversation: (body) => {
        assert.deepEqual(body.system, [{ text: 'Be brief.' }])
        const [user, assistant, outputs] = body.messages
        assert.deepEqual(user.content[1], { image: { format: 'png', source: { bytes: PNG } } })
        assert.deepEqual(
          assistant.content.map((part: Body) => [part.toolUse.name, part.toolUse.input]),
          [
            ['unit_price', { price: 1 }],
            ['now', {}],
          ],
        )
        assert.deepEqual(
          outputs.content.map((part: Body) => part.toolResult.content),
          [[{ text: 'one' }], [{ text: 'two' }]],
        )
        assert.deepEqual(body.toolConfig.tools[0].toolSpec.inputSchema.json, parameters)
        assert.deepEqual(body.inferenceConfig ?? {}, {})
      },
      choice: (body) => assert.deepEqual(body.toolConfig.toolChoice, { tool: { name: 'now' } }),
      effort: (body) => assert.equal(body.additionalModelRequestFields.thinking.type, 'enabled'),
      schema: (body) => assert.ok(JSON.stringify(body).includes('"n"')),
      single: null,
    },
  },
}
