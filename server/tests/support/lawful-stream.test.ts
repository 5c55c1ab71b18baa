import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertLawfulStream } from './lawful-stream.ts'
import type { WireEvent } from './sse.ts'

// The judge itself: it passes a lawful stream and finds each broken rule (behaviour.md 13).
const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  prompt_token_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
}

const run = (status: string, fields: object = {}) => ({
  id: 'run_1',
  object: 'thread.run',
  created_at: 1,
  assistant_id: 'asst_1',
  thread_id: 'thread_1',
  status,
  started_at: null,
  expires_at: 601,
  cancelled_at: null,
  failed_at: null,
  completed_at: null,
  required_action: null,
  last_error: null,
  model: 'm',
  instructions: null,
  tools: [],
  tool_resources: {},
  metadata: {},
  temperature: 1,
  top_p: 1,
  reasoning_effort: null,
  max_completion_tokens: null,
  max_prompt_tokens: null,
  truncation_strategy: { type: 'auto', last_messages: null },
  incomplete_details: null,
  usage: null,
  response_format: 'auto',
  tool_choice: 'auto',
  parallel_tool_calls: true,
  ...fields,
})

const step = (status: string, fields: object = {}) => ({
  id: 'step_1',
  object: 'thread.run.step',
  created_at: 1,
  run_id: 'run_1',
  assistant_id: 'asst_1',
  thread_id: 'thread_1',
  type: 'message_creation',
  status,
  cancelled_at: null,
  completed_at: null,
  expired_at: null,
  expires_at: null,
  failed_at: null,
  last_error: null,
  step_details: { type: 'message_creation', message_creation: { message_id: 'msg_1' } },
  usage: null,
  metadata: {},
  ...fields,
})

const message = (status: string, text: string | null, fields: object = {}) => ({
  id: 'msg_1',
  object: 'thread.message',
  created_at: 1,
  thread_id: 'thread_1',
  status,
  incomplete_details: null,
  completed_at: null,
  incomplete_at: null,
  role: 'assistant',
  content: text === null ? [] : [{ type: 'text', text: { value: text, annotations: [] } }],
  assistant_id: 'asst_1',
  run_id: 'run_1',
  attachments: [],
  metadata: {},
  ...fields,
})

const delta = (part: object) => ({
  id: 'msg_1',
  object: 'thread.message.delta',
  delta: { content: [part] },
})

const event = (name: string, data: unknown): WireEvent => ({
  event: name,
  data,
  raw: JSON.stringify(data),
  atMs: 0,
})

const FIRST = { index: 0, type: 'text', text: { value: 'Hel', annotations: [] } }
const LATER = { index: 0, type: 'text', text: { value: 'lo' } }

const lawful = (): WireEvent[] => [
  event('thread.run.created', run('queued')),
  event('thread.run.queued', run('queued')),
  event('thread.run.in_progress', run('in_progress')),
  event('thread.run.step.created', step('in_progress')),
  event('thread.run.step.in_progress', step('in_progress')),
  event('thread.message.created', message('in_progress', null)),
  event('thread.message.in_progress', message('in_progress', null)),
  event('thread.message.delta', delta(FIRST)),
  event('thread.message.delta', delta(LATER)),
  event('thread.message.completed', message('completed', 'Hello', { completed_at: 2 })),
  event('thread.run.step.completed', step('completed', { completed_at: 2, usage: USAGE })),
  event(
    'thread.run.completed',
    run('completed', { completed_at: 2, expires_at: null, usage: USAGE }),
  ),
  event('done', '[DONE]'),
]

const MESSAGE_CREATED = 5
const FIRST_DELTA = 7
const LATER_DELTA = 8
const MESSAGE_END = 9
const STEP_END = 10
const RUN_END = 11

describe('assertLawfulStream', () => {
  it('passes a lawful stream', () => assertLawfulStream(lawful()))

  const broken: [name: string, change: (events: WireEvent[]) => WireEvent[], message: RegExp][] = [
    ['no done', (all) => all.slice(0, -1), /ends with done/],
    ['no end state', (all) => all.toSpliced(RUN_END, 1), /after the run has stopped/],
    ['something after done', (all) => [...all, all[0] as WireEvent], /nothing comes after done/],
    [
      'a status that is not the event',
      (all) => all.with(2, event('thread.run.in_progress', run('queued'))),
      /status matches/,
    ],
    [
      'a delta before its message',
      (all) => all.toSpliced(MESSAGE_CREATED, 2),
      /delta is of the open message/,
    ],
    [
      'text that is not the sum of the deltas',
      (all) => all.toSpliced(LATER_DELTA, 1),
      /deltas add up/,
    ],
    [
      'annotations again',
      (all) => all.with(LATER_DELTA, event('thread.message.delta', delta(FIRST))),
      /no empty annotations/,
    ],
    [
      'no annotations at first',
      (all) => all.with(FIRST_DELTA, event('thread.message.delta', delta(LATER))),
      /first text delta has annotations/,
    ],
    [
      'an index that skips',
      (all) => all.with(LATER_DELTA, event('thread.message.delta', delta({ ...LATER, index: 2 }))),
      /dense and rising/,
    ],
    [
      'an event after the end',
      (all) => all.toSpliced(MESSAGE_END + 1, 0, all[MESSAGE_END] as WireEvent),
      /no message event after its end/,
    ],
    [
      'a second open step',
      (all) =>
        all.toSpliced(
          6,
          0,
          event('thread.run.step.created', step('in_progress', { id: 'step_2' })),
        ),
      /one open step/,
    ],
    ['a message left open', (all) => all.toSpliced(MESSAGE_END, 1), /message ends before its step/],
    ['a step left open', (all) => all.toSpliced(STEP_END, 1), /no step is open/],
    [
      'a step without usage',
      (all) => all.with(STEP_END, event('thread.run.step.completed', step('completed'))),
      /carries usage/,
    ],
    [
      'a run that still expires',
      (all) =>
        all.with(
          RUN_END,
          event('thread.run.completed', run('completed', { completed_at: 2, usage: USAGE })),
        ),
      /no expiry/,
    ],
    ['an unknown event', (all) => all.with(0, event('thread.run.begun', {})), /event 0/],
  ]
  for (const [name, change, expected] of broken)
    it(`finds ${name}`, () => assert.throws(() => assertLawfulStream(change(lawful())), expected))
})
