import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AssistantObject } from '@melzi/contract/assistant.ts'
import { ErrorReply } from '@melzi/contract/error.ts'
import { MessageObject } from '@melzi/contract/message.ts'
import { RunStepObject } from '@melzi/contract/run-step.ts'
import { RunObject } from '@melzi/contract/run.ts'
import { StreamEvent } from '@melzi/contract/stream-event.ts'
import { applyPatch } from './json-patch.ts'
import { validateEvent, validateRequest, validateResponse } from './openapi.ts'

const usage = {
  prompt_tokens: 3,
  completion_tokens: 2,
  total_tokens: 5,
  prompt_token_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
}

const assistant: AssistantObject = {
  id: 'asst_1',
  object: 'assistant',
  created_at: 1,
  name: null,
  description: null,
  model: 'm',
  instructions: null,
  tools: [
    {
      type: 'function',
      function: { name: 'f', parameters: { type: 'object', properties: {} }, strict: false },
    },
  ],
  top_p: 1,
  temperature: 1,
  reasoning_effort: null,
  tool_resources: {},
  metadata: {},
  response_format: 'auto',
}

const message: MessageObject = {
  id: 'msg_1',
  object: 'thread.message',
  created_at: 1,
  assistant_id: null,
  thread_id: 'thread_1',
  run_id: null,
  status: 'completed',
  incomplete_details: null,
  incomplete_at: null,
  completed_at: 1,
  role: 'user',
  content: [
    { type: 'text', text: { value: 'hi', annotations: [] } },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'auto' } },
  ],
  attachments: [],
  metadata: {},
}

const run: RunObject = {
  id: 'run_1',
  object: 'thread.run',
  created_at: 1,
  assistant_id: 'asst_1',
  thread_id: 'thread_1',
  status: 'requires_action',
  started_at: 2,
  expires_at: 601,
  cancelled_at: null,
  failed_at: null,
  completed_at: null,
  required_action: {
    type: 'submit_tool_outputs',
    submit_tool_outputs: {
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
  },
  last_error: null,
  model: 'm',
  instructions: null,
  tools: assistant.tools,
  tool_resources: {},
  metadata: {},
  temperature: 1,
  top_p: 1,
  reasoning_effort: null,
  max_completion_tokens: 16,
  max_prompt_tokens: null,
  truncation_strategy: { type: 'auto', last_messages: null },
  incomplete_details: null,
  usage: null,
  response_format: 'auto',
  tool_choice: 'auto',
  parallel_tool_calls: true,
}

const step: RunStepObject = {
  id: 'step_1',
  object: 'thread.run.step',
  created_at: 1,
  run_id: 'run_1',
  assistant_id: 'asst_1',
  thread_id: 'thread_1',
  type: 'tool_calls',
  status: 'completed',
  cancelled_at: null,
  completed_at: 3,
  expires_at: null,
  expired_at: null,
  failed_at: null,
  last_error: null,
  step_details: {
    type: 'tool_calls',
    tool_calls: [
      { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}', output: 'x' } },
    ],
  },
  usage,
  metadata: {},
}

const page = (item: { id: string }) => ({
  object: 'list',
  data: [item],
  first_id: item.id,
  last_id: item.id,
  has_more: false,
})

describe('our schemas and the published ones', () => {
  const replies: [
    path: string,
    object: { id: string },
    schema: { parse(value: unknown): unknown },
  ][] = [
    ['/assistants/asst_1', assistant, AssistantObject],
    ['/threads/thread_1/messages/msg_1', message, MessageObject],
    ['/threads/thread_1/runs/run_1', run, RunObject],
    ['/threads/thread_1/runs/run_1/steps/step_1', step, RunStepObject],
  ]
  for (const [path, object, schema] of replies) {
    it(`agree on ${path}`, () => {
      assert.deepEqual(schema.parse(object), object)
      validateResponse('GET', path, 200, object)
      validateResponse('GET', path.slice(0, path.lastIndexOf('/')), 200, page(object))
    })
  }

  const events: StreamEvent[] = [
    {
      event: 'thread.created',
      data: { id: 'thread_1', object: 'thread', created_at: 1, metadata: {}, tool_resources: {} },
    },
    { event: 'thread.run.requires_action', data: run },
    { event: 'thread.run.step.completed', data: step },
    {
      event: 'thread.message.incomplete',
      data: { ...message, status: 'incomplete', incomplete_details: { reason: 'run_failed' } },
    },
    {
      event: 'thread.message.delta',
      data: {
        id: 'msg_1',
        object: 'thread.message.delta',
        delta: { content: [{ index: 0, type: 'text', text: { value: 'Hel', annotations: [] } }] },
      },
    },
    {
      event: 'thread.run.step.delta',
      data: {
        id: 'step_1',
        object: 'thread.run.step.delta',
        delta: {
          step_details: {
            type: 'tool_calls',
            tool_calls: [
              {
                index: 0,
                id: 'call_1',
                type: 'function',
                function: { name: 'f', arguments: '', output: null },
              },
            ],
          },
        },
      },
    },
    {
      event: 'error',
      data: { error: { message: 'm', type: 'server_error', param: null, code: null } },
    },
    { event: 'done', data: '[DONE]' },
  ]
  for (const one of events) {
    it(`agree on ${one.event}`, () => {
      assert.deepEqual(StreamEvent.parse(one), one)
      validateEvent(one.event, one.data)
    })
  }
})

describe('what is not as published is refused, and the message says where', () => {
  const { usage: _usage, ...withoutUsage } = run
  it('in responses', () => {
    assert.throws(
      () => validateResponse('GET', '/threads/thread_1/runs/run_1', 200, withoutUsage),
      /response 200 of GET \/threads\/thread_1\/runs\/run_1 is not as published:\n[\s\S]*'usage'/,
    )
    assert.throws(
      () => validateResponse('POST', '/threads/runs', 200, { ...run, status: 'paused' }),
      /at \/status: .*"paused"/,
    )
    assert.throws(
      () => validateResponse('DELETE', '/assistants/asst_1', 204, null),
      /no such answer/,
    )
    assert.throws(
      () => validateResponse('PUT', '/assistants/asst_1', 200, assistant),
      /no such answer/,
    )
  })

  it('in errors, on every path', () => {
    const error = { message: 'm', type: 'invalid_request_error', param: null, code: null }
    assert.ok(ErrorReply.parse({ error }))
    validateResponse('GET', '/nowhere', 404, { error })
    assert.throws(() => validateResponse('GET', '/nowhere', 404, { message: 'm' }), /'error'/)
    const { param: _param, ...withoutParam } = error
    assert.throws(
      () => validateResponse('GET', '/assistants/asst_1', 404, { error: withoutParam }),
      /'param'/,
    )
  })

  it('in requests', () => {
    validateRequest('POST', '/threads/runs', { assistant_id: 'asst_1', thread: { messages: [] } })
    assert.throws(
      () => validateRequest('POST', '/threads/runs', { metadata: {} }),
      /'assistant_id'/,
    )
    // /threads/{thread_id} takes metadata and nothing else of this
    validateRequest('POST', '/threads/thread_1', { metadata: {} })
    assert.throws(
      () => validateRequest('POST', '/threads/thread_1', { messages: [] }),
      /additional/,
    )
    assert.throws(
      () => validateRequest('POST', '/threads/thread_1', { metadata: { k: 'v'.repeat(513) } }),
      /at \/metadata\/k: .*512/,
    )
  })

  it('in events', () => {
    assert.throws(() => validateEvent('thread.run.started', run), /no such event/)
    assert.throws(() => validateEvent('thread.message.created', run), /at \/data/)
    assert.throws(() => validateEvent('done', '[DONE] '), /at \/data/)
    assert.throws(
      () => validateEvent('error', { message: 'm', type: 't', param: null, code: null }),
      /'error'/,
    )
  })
})

describe('paths of our own', () => {
  it('pass', () => {
    validateRequest('POST', '/pluginapi', { anything: 1 })
    validateResponse('POST', '/pluginapi', 200, 'text')
  })
})

describe('a patch', () => {
  it('adds, replaces and removes, and fails where there is nothing', () => {
    const document = { a: { 'x/y': 1, z: [{ q: 2 }] } }
    applyPatch(document, [
      { op: 'replace', path: '/a/x~1y', value: 5 },
      { op: 'add', path: '/a/new', value: null },
      { op: 'remove', path: '/a/z/0/q' },
    ])
    assert.deepEqual(document, { a: { 'x/y': 5, new: null, z: [{}] } })
    assert.throws(() => applyPatch(document, [{ op: 'remove', path: '/a/none' }]), /nothing at/)
    assert.throws(() => applyPatch(document, [{ op: 'move', path: '/a/new' }]), /unknown operation/)
  })
})
