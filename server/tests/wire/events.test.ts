import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, textOf, unitPrice } from '../support/factories.ts'
import { assertLawfulStream } from '../support/lawful-stream.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'
import type { WireEvent } from '../support/sse.ts'

// behaviour.md 11: the order of events of each flow, with runs of deltas written once.
const HEAD = ['run.created', 'run.queued', 'run.in_progress']
const MSG_OPEN = ['step.created', 'step.in_progress', 'message.created', 'message.in_progress']
const MSG = [...MSG_OPEN, 'message.delta', 'message.completed', 'step.completed']
const TOOL_STEP = ['step.created', 'step.in_progress', 'step.delta']
const END = ['run.completed', 'done']

const shortName = (event: string) => event.replace(/^thread\.(?:run\.(?=step\.))?/, '')

const order = (events: readonly WireEvent[]): string[] =>
  events
    .map(({ event }) => shortName(event))
    .filter((name, i, all) => !name.endsWith('.delta') || name !== all[i - 1])

const last = <T>(events: readonly WireEvent[], name: string): T => {
  const found = events.findLast(({ event }) => shortName(event) === name)
  assert.ok(found, `${name} is among the events`)
  return found.data as T
}

const call = (name: string, args: unknown) => ({ toolCalls: [{ name, arguments: args }] })

describe('event order', () => {
  let model: ScriptedModel
  let server: BootedServer
  let api: Api
  let plain: AssistantObject
  let tooled: AssistantObject

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
    api = new Api(server)
    plain = await api.assistant()
    tooled = await api.assistant({ tools: [unitPrice] })
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  const streamed = async (assistant: AssistantObject, fields: object = {}) => {
    const thread = await api.thread('hello')
    const path = `/threads/${thread.id}/runs`
    const events = await api.events(path, { assistant_id: assistant.id, ...fields })
    assertLawfulStream(events)
    return events
  }

  /** Opens the stream with the outputs of the run's one waiting call. */
  const submitted = async (events: readonly WireEvent[], output: string) => {
    const run = last<RunObject>(events, 'run.requires_action')
    const calls = run.required_action?.submit_tool_outputs.tool_calls ?? []
    const path = `/threads/${run.thread_id}/runs/${run.id}/submit_tool_outputs`
    const more = await api.events(path, {
      tool_outputs: calls.map(({ id }) => ({ tool_call_id: id, output })),
    })
    assertLawfulStream(more, { waitingStepId: last<RunStepObject>(events, 'step.created').id })
    return more
  }

  it('plain text', async () => {
    model.push({ text: ['Hel', 'lo ', 'you'] })
    const events = await streamed(plain)
    assert.deepEqual(order(events), [...HEAD, ...MSG, ...END])
    assert.equal(textOf(last<MessageObject>(events, 'message.completed')), 'Hello you')
    const run = last<RunObject>(events, 'run.completed')
    assert.equal(run.usage?.total_tokens, 15)
    assert.deepEqual(run.usage, last<RunStepObject>(events, 'step.completed').usage)
    const [message] = (await api.messages(run.thread_id)).slice(-1)
    assert.deepEqual(message, last<MessageObject>(events, 'message.completed'))
    const [step] = await api.steps(run)
    assert.deepEqual(step, last<RunStepObject>(events, 'step.completed'))
    assert.deepEqual(await api.settled(run), run)
  })

  it('thread and run in one request', async () => {
    model.push({ text: 'hi' })
    const events = await api.events('/threads/runs', {
      assistant_id: plain.id,
      thread: { messages: [{ role: 'user', content: 'hello' }] },
    })
    assertLawfulStream(events)
    assert.deepEqual(order(events), ['created', ...HEAD, ...MSG, ...END])
    assert.equal(events[0]?.event, 'thread.created')
  })

  it('a function call, its output, and the answer', async () => {
    model.push(call('unit_price', { price: 120, weight: 2 }), { text: ['It is ', '60'] })
    const events = await streamed(tooled)
    assert.deepEqual(order(events), [...HEAD, ...TOOL_STEP, 'run.requires_action', 'done'])
    const more = await submitted(events, '60')
    assert.deepEqual(order(more), [
      'step.completed',
      'run.queued',
      'run.in_progress',
      ...MSG,
      ...END,
    ])
    const details = last<RunStepObject>(more.slice(0, 1), 'step.completed').step_details
    assert.ok(details.type === 'tool_calls' && details.tool_calls[0]?.type === 'function')
    assert.equal(details.tool_calls[0].function.output, '60')
    assert.equal(last<RunObject>(more, 'run.completed').usage?.total_tokens, 30)
  })

  it('a second round of calls', async () => {
    model.push(call('unit_price', { price: 1, weight: 1 }), call('unit_price', {}), { text: 'ok' })
    const first = await streamed(tooled)
    const second = await submitted(first, '1')
    assert.deepEqual(order(second), [
      'step.completed',
      'run.queued',
      'run.in_progress',
      ...TOOL_STEP,
      'run.requires_action',
      'done',
    ])
    const third = await submitted(second, '2')
    assert.deepEqual(order(third), [
      'step.completed',
      'run.queued',
      'run.in_progress',
      ...MSG,
      ...END,
    ])
  })

  it('two calls in one step, one after the other', async () => {
    model.push({
      toolCalls: [
        { name: 'unit_price', arguments: { price: 1, weight: 2 } },
        { name: 'unit_price', arguments: { price: 3, weight: 4 } },
      ],
    })
    const events = await streamed(tooled)
    assert.deepEqual(order(events), [...HEAD, ...TOOL_STEP, 'run.requires_action', 'done'])
    const run = last<RunObject>(events, 'run.requires_action')
    assert.deepEqual(
      run.required_action?.submit_tool_outputs.tool_calls.map((each) =>
        JSON.parse(each.function.arguments),
      ),
      [
        { price: 1, weight: 2 },
        { price: 3, weight: 4 },
      ],
    )
    model.push({ text: 'both' })
    await submitted(events, '1')
  })

  it('text, then a call, in one turn', async () => {
    model.push({ text: 'Let me see. ', ...call('unit_price', { price: 1, weight: 1 }) })
    const events = await streamed(tooled)
    assert.deepEqual(order(events), [...HEAD, ...MSG, ...TOOL_STEP, 'run.requires_action', 'done'])
    model.push({ text: 'done' })
    await submitted(events, '1')
  })

  it('the token limit', async () => {
    model.push({ text: ['cut ', 'off'], finishReason: 'length' })
    const events = await streamed(plain, { max_completion_tokens: 256 })
    assert.deepEqual(order(events), [
      ...HEAD,
      ...MSG_OPEN,
      'message.delta',
      'message.incomplete',
      'step.completed',
      'run.incomplete',
      'done',
    ])
    const message = last<MessageObject>(events, 'message.incomplete')
    assert.deepEqual(message.incomplete_details, { reason: 'max_tokens' })
    assert.equal(textOf(message), 'cut off')
    const run = last<RunObject>(events, 'run.incomplete')
    assert.deepEqual(run.incomplete_details, { reason: 'max_completion_tokens' })
    assert.ok(run.completed_at)
  })

  it('a refusal', async () => {
    model.push({ refusal: ['I must ', 'not'] })
    const events = await streamed(plain)
    assert.deepEqual(order(events), [...HEAD, ...MSG, ...END])
    const { content } = last<MessageObject>(events, 'message.completed')
    assert.deepEqual(content, [{ type: 'refusal', refusal: 'I must not' }])
  })

  it('a failure while the model writes', async () => {
    model.push({ text: ['one ', 'two ', 'three'], cutAfter: 2 })
    const events = await streamed(plain)
    assert.deepEqual(order(events), [
      ...HEAD,
      ...MSG_OPEN,
      'message.delta',
      'message.incomplete',
      'step.failed',
      'run.failed',
      'done',
    ])
    const message = last<MessageObject>(events, 'message.incomplete')
    assert.deepEqual(message.incomplete_details, { reason: 'run_failed' })
    assert.equal(textOf(message), 'one two ')
    assert.equal(last<RunStepObject>(events, 'step.failed').last_error?.code, 'server_error')
    const run = last<RunObject>(events, 'run.failed')
    assert.equal(run.last_error?.code, 'server_error')
    assert.ok(run.failed_at)
  })

  it('a failure before any step', async () => {
    model.push({ status: 400, body: { error: { message: 'no such thing', type: 'invalid' } } })
    const events = await streamed(plain)
    assert.deepEqual(order(events), [...HEAD, 'run.failed', 'done'])
    assert.doesNotMatch(JSON.stringify(events), /sk-scripted/)
  })

  it('cancellation while the model writes', async () => {
    model.push({ text: ['one ', 'two'], hangAfter: 1 })
    const thread = await api.thread('hello')
    const path = `/threads/${thread.id}/runs`
    const events: WireEvent[] = []
    for await (const event of api.stream(path, { assistant_id: plain.id })) {
      events.push(event)
      if (event.event !== 'thread.message.delta') continue
      const run = last<RunObject>(events, 'run.created')
      const reply = await api.post<RunObject>(`${path}/${run.id}/cancel`)
      assert.equal(reply.status, 'cancelling')
      assert.equal(reply.cancelled_at, null)
    }
    assertLawfulStream(events)
    assert.deepEqual(order(events), [
      ...HEAD,
      ...MSG_OPEN,
      'message.delta',
      'run.cancelling',
      'message.incomplete',
      'step.cancelled',
      'run.cancelled',
      'done',
    ])
    assert.deepEqual(last<MessageObject>(events, 'message.incomplete').incomplete_details, {
      reason: 'run_cancelled',
    })
    assert.ok(last<RunObject>(events, 'run.cancelled').cancelled_at)
    // The model's connection is let go, and the thread takes messages again.
    await model.requests.at(-1)?.closed
    assert.equal(model.requests.at(-1)?.aborted, true)
    await api.post(`/threads/${thread.id}/messages`, { role: 'user', content: 'again' })
  })

  it('a client that leaves does not end the run', async () => {
    model.push({ text: ['a', 'b', 'c', 'd'], delayMs: 40 })
    const thread = await api.thread('hello')
    let run: RunObject | undefined
    for await (const { event, data } of api.stream(`/threads/${thread.id}/runs`, {
      assistant_id: plain.id,
    })) {
      if (event === 'thread.run.created') run = data as RunObject
      if (event === 'thread.message.delta') break
    }
    assert.ok(run)
    assert.equal((await api.settled(run)).status, 'completed')
    assert.equal(textOf((await api.messages(thread.id)).at(-1)), 'abcd')
  })

  it('errors before the first event are plain JSON answers', async () => {
    const thread = await api.thread('hello')
    await api.refused(
      'POST',
      `/threads/${thread.id}/runs`,
      { assistant_id: `asst_${'x'.repeat(24)}`, stream: true },
      { status: 404 },
    )
  })
})

describe('expiry', () => {
  it('ends an open message and its step on the open stream', async () => {
    await using model = await startScriptedModel()
    await using server = await bootServer({
      model: { url: model.url },
      env: { MELZI_RUN_EXPIRES_SECONDS: '2' },
    })
    const api = new Api(server)
    const assistant = await api.assistant({ tools: [unitPrice] })
    model.push({ text: ['one ', 'two'], hangAfter: 1 })
    const thread = await api.thread('hello')
    const path = `/threads/${thread.id}/runs`
    const events = await api.events(path, { assistant_id: assistant.id })
    assertLawfulStream(events)
    assert.deepEqual(order(events), [
      ...HEAD,
      ...MSG_OPEN,
      'message.delta',
      'message.incomplete',
      'step.expired',
      'run.expired',
      'done',
    ])
    assert.deepEqual(last<MessageObject>(events, 'message.incomplete').incomplete_details, {
      reason: 'run_expired',
    })

    // Nobody needs to listen: a run that waits for its client expires as well, and lets go of the thread.
    model.push(call('unit_price', {}))
    const waiting = await api.settled(await api.run(thread.id, assistant.id))
    assert.equal(waiting.status, 'requires_action')
    const until = Date.now() + 8_000
    let run = waiting
    while (run.status === 'requires_action' && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      run = await api.get<RunObject>(`${path}/${waiting.id}`)
    }
    assert.equal(run.status, 'expired')
    assert.equal((await api.steps(run))[0]?.status, 'expired')
    await api.post(`/threads/${thread.id}/messages`, { role: 'user', content: 'again' })
  })
})
