import type { WireEvent } from './sse.ts'

/** Lawful streams made by hand, one of each flow of behaviour.md 11, for tests of the judge. */

export const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  prompt_token_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
}
const TWICE = { ...USAGE, prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 }

export const event = (name: string, data: unknown): WireEvent => ({
  event: name,
  data,
  raw: JSON.stringify(data),
  atMs: 0,
})
export const DONE = event('done', '[DONE]')

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
export const runEvent = (name: string, fields: object = {}): WireEvent =>
  event(`thread.run.${name}`, run(name === 'created' ? 'queued' : name, fields))

const step = (status: string, fields: object) => ({
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
export const stepEvent = (name: string, fields: object = {}): WireEvent => {
  const isEnd = !['created', 'in_progress'].includes(name)
  return event(`thread.run.step.${name}`, step(isEnd ? name : 'in_progress', fields))
}
const COMPLETED = { completed_at: 2, usage: USAGE }
const toolStep = (calls: object[]) => ({
  id: 'step_2',
  type: 'tool_calls',
  step_details: { type: 'tool_calls', tool_calls: calls },
})

export const messageEvent = (
  name: string,
  content: object[] = [],
  fields: object = {},
): WireEvent => {
  const isEnd = !['created', 'in_progress'].includes(name)
  return event(`thread.message.${name}`, {
    id: 'msg_1',
    object: 'thread.message',
    created_at: 1,
    thread_id: 'thread_1',
    status: isEnd ? name : 'in_progress',
    incomplete_details: null,
    completed_at: name === 'completed' ? 2 : null,
    incomplete_at: name === 'incomplete' ? 2 : null,
    role: 'assistant',
    content,
    assistant_id: 'asst_1',
    run_id: 'run_1',
    attachments: [],
    metadata: {},
    ...fields,
  })
}
export const text = (value: string, annotations: object[] = []) => ({
  type: 'text',
  text: { value, annotations },
})

export const messageDelta = (...content: object[]): WireEvent =>
  event('thread.message.delta', {
    id: 'msg_1',
    object: 'thread.message.delta',
    delta: { content },
  })
export const callDelta = (...tool_calls: object[]): WireEvent =>
  event('thread.run.step.delta', {
    id: 'step_2',
    object: 'thread.run.step.delta',
    delta: { step_details: { type: 'tool_calls', tool_calls } },
  })

const HEAD = [runEvent('created'), runEvent('queued'), runEvent('in_progress')]
const OPEN = [
  stepEvent('created'),
  stepEvent('in_progress'),
  messageEvent('created'),
  messageEvent('in_progress'),
]
export const FIRST = { index: 0, type: 'text', text: { value: 'Hel', annotations: [] } }
export const LATER = { index: 0, type: 'text', text: { value: 'lo' } }
const SAID = [
  messageDelta(FIRST),
  messageDelta(LATER),
  messageEvent('completed', [text('Hello')]),
  stepEvent('completed', COMPLETED),
]
const END = (usage: object) => [
  runEvent('completed', { completed_at: 2, expires_at: null, usage }),
  DONE,
]

/** 0-2 head, 3-4 step, 5-6 message, 7-8 deltas, 9 message end, 10 step end, 11 run end, 12 done */
export const plain = (): WireEvent[] => [...HEAD, ...OPEN, ...SAID, ...END(USAGE)]

const call = (output: string | null) => ({
  id: 'call_1',
  type: 'function',
  function: { name: 'f', arguments: '{"a":1}', output },
})
export const FUNCTION_FIRST = {
  index: 0,
  id: 'call_1',
  type: 'function',
  function: { name: 'f', arguments: '', output: null },
}
export const functionLater = (piece: string) => ({
  index: 0,
  type: 'function',
  function: { arguments: piece },
})
const action = (args: string) => ({
  required_action: {
    type: 'submit_tool_outputs',
    submit_tool_outputs: {
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: args } }],
    },
  },
})
export const REQUIRES_ACTION = (fields: object = {}) =>
  runEvent('requires_action', { ...action('{"a":1}'), ...fields })
export const OTHER_ACTION = () => REQUIRES_ACTION(action('{"a":2}'))

const TOOL_OPEN = [stepEvent('created', toolStep([])), stepEvent('in_progress', toolStep([]))]
/** 3-4 step, 5-7 deltas, 8 requires_action, 9 done */
export const functionCall = (): WireEvent[] => [
  ...HEAD,
  ...TOOL_OPEN,
  callDelta(FUNCTION_FIRST),
  callDelta(functionLater('{"a"')),
  callDelta(functionLater(':1}')),
  REQUIRES_ACTION(),
  DONE,
]
/** A tool step that ended with these calls. */
export const toolsEnd = (calls: object[], fields: object = COMPLETED): WireEvent =>
  stepEvent('completed', { ...toolStep(calls), ...fields })
export const functionEnd = (output: string | null) => toolsEnd([call(output)])
/** 0 the step that waited, 1-2 run, then the message; of the run whose `functionCall` went before */
export const submitted = (): WireEvent[] => [
  functionEnd('60'),
  runEvent('queued'),
  runEvent('in_progress'),
  ...OPEN,
  ...SAID,
  ...END(TWICE),
]

const RANKING = { ranker: 'default_2024_08_21', score_threshold: 0 }
export const SEARCH = {
  index: 0,
  id: 'call_1',
  type: 'file_search',
  file_search: { ranking_options: RANKING, results: [] },
}
const MARK = '【4:0†a.txt】'
export const citation = (fields: object = {}) => ({
  index: 0,
  type: 'file_citation',
  text: MARK,
  start_index: 3,
  end_index: 3 + MARK.length,
  file_citation: { file_id: 'file-1', quote: '' },
  ...fields,
})
export const cited = (annotations: object[], value = MARK) =>
  messageDelta({ index: 0, type: 'text', text: { value, annotations } })
export const searchEnd = (results: object[] | undefined) =>
  toolsEnd([
    {
      id: 'call_1',
      type: 'file_search',
      file_search: { ranking_options: RANKING, ...(results === undefined ? {} : { results }) },
    },
  ])
/** 5 delta, 6 tool step end, 11 first text, 12 citation */
export const search = (): WireEvent[] => {
  const { index: _, ...annotation } = citation({ file_citation: { file_id: 'file-1' } })
  return [
    ...HEAD,
    ...TOOL_OPEN,
    callDelta(SEARCH),
    searchEnd([{ file_id: 'file-1', file_name: 'a.txt', score: 0.5, attributes: {} }]),
    ...OPEN,
    messageDelta(FIRST),
    cited([citation()]),
    messageEvent('completed', [text(`Hel${MARK}`, [annotation])]),
    stepEvent('completed', COMPLETED),
    ...END(TWICE),
  ]
}

export const code = (piece: object) =>
  callDelta({ index: 0, type: 'code_interpreter', code_interpreter: piece })
export const codeFirst = (piece: object = { input: '', outputs: [] }) =>
  callDelta({ index: 0, id: 'call_1', type: 'code_interpreter', code_interpreter: piece })
const PATH = 'sandbox:/mnt/data/x.csv'
export const filePath = (fields: object = {}) => ({
  index: 0,
  type: 'file_path',
  text: PATH,
  start_index: 0,
  end_index: PATH.length,
  file_path: { file_id: 'file-3' },
  ...fields,
})
export const IMAGE = { index: 0, type: 'image_file', image_file: { file_id: 'file-2' } }
export const pathDelta = (annotation: object, value = PATH) =>
  messageDelta({ index: 1, type: 'text', text: { value, annotations: [annotation] } })
/** 5 first, 6-7 input, 8-9 outputs, 10 tool step end, 15 image, 16 path */
export const interpreter = (): WireEvent[] => {
  const { index: _, ...annotation } = filePath()
  const outputs = [
    { type: 'logs', logs: '2' },
    { type: 'image', image: { file_id: 'file-2' } },
  ]
  return [
    ...HEAD,
    ...TOOL_OPEN,
    codeFirst(),
    code({ input: 'print' }),
    code({ input: '(1+1)' }),
    code({ outputs: [{ index: 0, ...outputs[0] }] }),
    code({ outputs: [{ index: 1, ...outputs[1] }] }),
    toolsEnd([
      {
        id: 'call_1',
        type: 'code_interpreter',
        code_interpreter: { input: 'print(1+1)', outputs },
      },
    ]),
    ...OPEN,
    messageDelta(IMAGE),
    pathDelta(filePath()),
    messageEvent('completed', [
      { type: 'image_file', image_file: { file_id: 'file-2' } },
      text(PATH, [annotation]),
    ]),
    stepEvent('completed', COMPLETED),
    ...END(TWICE),
  ]
}

/** A run that ends while it writes; 7 delta, 8 message, 9 step, 10 run */
const cut = (
  reason: string,
  stepName: string,
  stepFields: object,
  runName: string,
  runFields: object,
): WireEvent[] => [
  ...HEAD,
  ...OPEN,
  messageDelta(FIRST),
  messageEvent('incomplete', [text('Hel')], { incomplete_details: { reason } }),
  stepEvent(stepName, stepFields),
  runEvent(runName, { expires_at: null, ...runFields }),
  DONE,
]
export const tokenLimit = () =>
  cut('max_tokens', 'completed', COMPLETED, 'incomplete', {
    completed_at: 2,
    incomplete_details: { reason: 'max_completion_tokens' },
    usage: USAGE,
  })
const FAULT = { failed_at: 2, last_error: { code: 'server_error', message: 'Sorry.' } }
export const failure = () => cut('run_failed', 'failed', FAULT, 'failed', FAULT)
export const cancelled = () =>
  cut('run_cancelled', 'cancelled', { cancelled_at: 2 }, 'cancelled', {
    cancelled_at: 2,
  }).toSpliced(8, 0, runEvent('cancelling'))
export const expired = () => cut('run_expired', 'expired', { expired_at: 2 }, 'expired', {})
/** A call that a token limit cut. */
export const cutCall = (): WireEvent[] => [
  ...functionCall().slice(0, 8),
  functionEnd(null),
  tokenLimit()[10] as WireEvent,
  DONE,
]
export const withThread = (): WireEvent[] => [
  event('thread.created', {
    id: 'thread_1',
    object: 'thread',
    created_at: 1,
    metadata: {},
    tool_resources: {},
  }),
  ...plain(),
]
export const errorEvent = (error: object = {}) =>
  event('error', {
    error: { message: 'm', type: 'server_error', param: null, code: null, ...error },
  })
