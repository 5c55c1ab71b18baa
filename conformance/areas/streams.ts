import assert from 'node:assert/strict'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { outputsOf, pathOf, type Bench, FORCED } from '../bench.ts'
import { last, order } from '../event-order.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 10 to 13: every stream here is judged by every rule; these rows add the order of each flow. */
const { rows, stream } = rowsOf('streams')
export const streamRows = rows

const HEAD = ['run.created', 'run.queued', 'run.in_progress']
const MSG_OPEN = ['step.created', 'step.in_progress', 'message.created', 'message.in_progress']
const MSG = [...MSG_OPEN, 'message.delta', 'message.completed', 'step.completed']
const TOOL = ['step.created', 'step.in_progress', 'step.delta', 'run.requires_action', 'done']
const END = ['run.completed', 'done']
const SUBMITTED = ['step.completed', 'run.queued', 'run.in_progress']
const SCRIPT = 'a scripted model'

const streamed = async (bench: Bench, assistant: AssistantObject, fields: object = {}) => {
  const { id } = await bench.thread('Say hello.')
  return bench.api.events(`/threads/${id}/runs`, { assistant_id: assistant.id, ...fields })
}
const called = async (bench: Bench) => {
  bench.says({ toolCalls: [{ name: 'unit_price', arguments: { price: 120, weight: 2 } }] })
  return streamed(bench, await bench.tooled(), FORCED)
}
const submitted = (bench: Bench, events: Awaited<ReturnType<typeof called>>) => {
  const run = last<RunObject>(events, 'run.requires_action')
  const waitingStepId = last<RunStepObject>(events, 'step.created').id
  const path = `${pathOf(run)}/submit_tool_outputs`
  return bench.api.events(path, outputsOf(run), { waitingStepId })
}

stream('createRun', 'plain text; what is said is what is stored', 'R', async (bench) => {
  bench.says({ text: ['Hel', 'lo ', 'you'] })
  const events = await streamed(bench, await bench.assistant())
  assert.deepEqual(order(events), [...HEAD, ...MSG, ...END])
  const run = last<RunObject>(events, 'run.completed')
  const message = last<MessageObject>(events, 'message.completed')
  assert.deepEqual((await bench.messages(run.thread_id)).at(-1), message)
  assert.deepEqual(await bench.steps(run), [last(events, 'step.completed')])
  assert.deepEqual(await bench.api.get(pathOf(run)), run)
})
stream(
  'createRun',
  'text above ASCII',
  'R',
  async (bench) => {
    bench.says({ text: ['達哥', '🙂 ok', '"\\n"'] })
    const events = await streamed(bench, await bench.assistant())
    const [part] = last<MessageObject>(events, 'message.completed').content
    assert.equal(part?.type === 'text' && part.text.value, '達哥🙂 ok"\\n"')
  },
  SCRIPT,
)
stream('createThreadAndRun', 'thread.created, then the same', 'R', async (bench) => {
  bench.says({ text: 'Hello.' })
  const body = {
    assistant_id: (await bench.assistant()).id,
    thread: { messages: [{ role: 'user', content: 'Say hello.' }] },
  }
  const events = await bench.api.events('/threads/runs', body, { makesThread: true })
  assert.equal(events[0]?.event, 'thread.created')
  bench.keep(`/threads/${last<RunObject>(events, 'run.completed').thread_id}`)
  assert.deepEqual(order(events).slice(1), [...HEAD, ...MSG, ...END])
})
stream('createRun', 'a function call', 'R', async (bench) => {
  const events = await called(bench)
  assert.deepEqual(order(events), [...HEAD, ...TOOL])
})
stream('submitToolOuputsToRun', 'its output, and the answer', 'R', async (bench) => {
  const events = await called(bench)
  bench.says({ text: ['It is ', '60.'] })
  const more = await submitted(bench, events)
  assert.deepEqual(order(more), [...SUBMITTED, ...MSG, ...END])
  const details = last<RunStepObject>(more.slice(0, 1), 'step.completed').step_details
  assert.ok(details.type === 'tool_calls' && details.tool_calls[0]?.type === 'function')
  assert.equal(details.tool_calls[0].function.output, '60')
})
stream(
  'submitToolOuputsToRun',
  'a second round of calls',
  'R',
  async (bench) => {
    const events = await called(bench)
    bench.says({ toolCalls: [{ name: 'unit_price', arguments: {} }] })
    const second = await submitted(bench, events)
    assert.deepEqual(order(second), [...SUBMITTED, ...TOOL])
    bench.says({ text: 'Done.' })
    assert.deepEqual(order(await submitted(bench, second)), [...SUBMITTED, ...MSG, ...END])
  },
  SCRIPT,
)
stream(
  'createRun',
  'two calls, one after the other',
  'S',
  async (bench) => {
    const toolCalls = [1, 2].map((n) => ({
      name: 'unit_price',
      arguments: { price: n, weight: n },
    }))
    bench.says({ toolCalls })
    const events = await streamed(bench, await bench.tooled(), { tool_choice: 'required' })
    assert.deepEqual(order(events), [...HEAD, ...TOOL])
    const run = last<RunObject>(events, 'run.requires_action')
    assert.deepEqual(
      run.required_action?.submit_tool_outputs.tool_calls.map((call) =>
        JSON.parse(call.function.arguments),
      ),
      toolCalls.map((call) => call.arguments),
    )
  },
  SCRIPT,
)
stream(
  'createRun',
  'text, then a call, in one turn',
  'R',
  async (bench) => {
    bench.says({ text: 'Let me see.', toolCalls: [{ name: 'unit_price', arguments: {} }] })
    const events = await streamed(bench, await bench.tooled())
    assert.deepEqual(order(events), [...HEAD, ...MSG, ...TOOL])
  },
  SCRIPT,
)
stream(
  'createRun',
  'a refusal',
  'D',
  async (bench) => {
    bench.says({ refusal: ['I must ', 'not.'] })
    const events = await streamed(bench, await bench.assistant())
    assert.deepEqual(order(events), [...HEAD, ...MSG, ...END])
    const { content } = last<MessageObject>(events, 'message.completed')
    assert.deepEqual(content, [{ type: 'refusal', refusal: 'I must not.' }])
  },
  SCRIPT,
)
stream(
  'createRun',
  'the token limit',
  'R',
  async (bench) => {
    bench.says({ text: ['cut ', 'off'], finishReason: 'length' })
    const events = await streamed(bench, await bench.assistant(), { max_completion_tokens: 256 })
    assert.deepEqual(order(events), [
      ...HEAD,
      ...MSG_OPEN,
      'message.delta',
      'message.incomplete',
      'step.completed',
      'run.incomplete',
      'done',
    ])
  },
  SCRIPT,
)
stream(
  'createRun',
  'a failure while the model writes',
  '?',
  async (bench) => {
    bench.says({ text: ['one ', 'two ', 'three'], cutAfter: 2 })
    const events = await streamed(bench, await bench.assistant())
    return order(events).slice(HEAD.length).join(', ')
  },
  SCRIPT,
)
stream(
  'createRun',
  'a failure before any step',
  '?',
  async (bench) => {
    bench.says({ status: 400, body: { error: { message: 'no', type: 'invalid_request_error' } } })
    const events = await streamed(bench, await bench.assistant())
    return order(events).join(', ')
  },
  SCRIPT,
)
stream(
  'cancelRun',
  'cancellation while the model writes',
  '?',
  async (bench) => {
    bench.says({ text: ['one ', 'two'], hangAfter: 1 })
    const { id } = await bench.thread('Say hello.')
    const body = { assistant_id: (await bench.assistant()).id }
    let asked = false
    const events = await bench.api.events(`/threads/${id}/runs`, body, {}, async (event, all) => {
      if (asked || event.event !== 'thread.message.delta') return
      asked = true
      await bench.api.call('POST', `${pathOf(last<RunObject>(all, 'run.created'))}/cancel`)
    })
    return order(events).slice(HEAD.length).join(', ')
  },
  SCRIPT,
)
stream('createRun', 'a client that leaves does not end the run', 'T', async (bench) => {
  bench.says({ text: ['a', 'b', 'c', 'd'], delayMs: 30 })
  const { id } = await bench.thread('Say hello.')
  const body = { assistant_id: (await bench.assistant()).id, stream: true }
  const response = await bench.api.fetch('POST', `/threads/${id}/runs`, { body })
  const reader = response.body?.getReader() ?? assert.fail('no stream')
  let text = ''
  while (!text.includes('\n\n')) {
    const { value, done } = await reader.read()
    assert.ok(!done, text)
    text += new TextDecoder().decode(value)
  }
  await reader.cancel()
  const [, runId] = /"id":"(run_\w+)"/.exec(text) ?? assert.fail(text)
  const run = await bench.api.get<RunObject>(`/threads/${id}/runs/${runId}`)
  assert.equal((await bench.settled(run)).status, 'completed')
})
