import assert from 'node:assert/strict'
import type { RunObject } from '@melzi/contract/run.ts'
import { unitPrice } from '../../server/tests/support/factories.ts'
import { FORCED, NOBODY, pathOf } from '../bench.ts'
import { told } from '../client.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 7 and 8. */
const { rows, good, error, isolation } = rowsOf('runs')
export const runRows = rows

const hello = (content = 'Say hello.') => ({ messages: [{ role: 'user', content }] })

good('createRun', 'queued at once, with every default', 'R', async (bench) => {
  bench.says({ text: 'Hello.', firstDelayMs: 100 })
  const [assistant, thread] = [await bench.assistant(), await bench.thread('Say hello.')]
  const begun = performance.now()
  const made = await bench.run(thread.id, assistant.id)
  assert.ok(performance.now() - begun < 2_000, 'well under 2 s')
  const { id, created_at, tool_resources, ...rest } = made
  assert.match(id, /^run_[0-9A-Za-z]{24}$/)
  assert.ok(
    [{}, { code_interpreter: { file_ids: [] } }].some(
      (one) => JSON.stringify(one) === JSON.stringify(tool_resources),
    ),
  )
  assert.deepEqual(rest, {
    object: 'thread.run',
    assistant_id: assistant.id,
    thread_id: thread.id,
    status: 'queued',
    started_at: null,
    expires_at: created_at + 600,
    cancelled_at: null,
    failed_at: null,
    completed_at: null,
    required_action: null,
    last_error: null,
    model: bench.model,
    instructions: null,
    tools: [],
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
  })
  await bench.settled(made)
})
good('getRun', 'completed: times, usage, no expiry', 'R', async (bench) => {
  const { run } = await bench.ended()
  assert.equal(run.status, 'completed')
  assert.ok(run.started_at && run.completed_at && run.completed_at >= run.started_at)
  assert.deepEqual([run.expires_at, run.required_action, run.last_error], [null, null, null])
  const { prompt_tokens = 0, completion_tokens = 0, total_tokens } = run.usage ?? {}
  assert.ok(prompt_tokens > 0 && completion_tokens > 0)
  assert.equal(total_tokens, prompt_tokens + completion_tokens)
})
good('createRun', 'its own settings win, and are frozen', 'R', async (bench) => {
  const assistant = await bench.newAssistant({ instructions: 'a', temperature: 0.5 })
  const fields = {
    instructions: 'b',
    temperature: 0.25,
    top_p: 0.5,
    max_completion_tokens: 300,
    max_prompt_tokens: 300,
    truncation_strategy: { type: 'last_messages', last_messages: 3 },
    tool_choice: 'none',
    parallel_tool_calls: false,
    response_format: { type: 'text' },
    metadata: { a: 'b' },
  }
  const run = await bench.answered(assistant, fields)
  const same = Object.fromEntries(
    Object.keys(fields).map((key) => [key, run[key as keyof RunObject]]),
  )
  assert.deepEqual(same, fields)
  await bench.api.post(`/assistants/${assistant.id}`, { temperature: 1 })
  assert.equal((await bench.api.get<RunObject>(pathOf(run))).temperature, 0.25)
})
good('createRun', 'the settings of the assistant else; not its metadata', 'R', async (bench) => {
  const assistant = await bench.newAssistant({
    instructions: 'a',
    temperature: 0.5,
    metadata: { a: 'b' },
    tools: [unitPrice],
  })
  const run = await bench.answered(assistant)
  assert.deepEqual(
    [run.instructions, run.temperature, run.metadata, run.tools],
    ['a', 0.5, {}, assistant.tools],
  )
})
good('createRun', 'max_completion_tokens of 16', 'R', async (bench) => {
  const run = await bench.answered(await bench.assistant(), { max_completion_tokens: 16 })
  assert.equal(run.max_completion_tokens, 16)
})
good('createRun', 'additional_messages come before the answer, in order', 'R', async (bench) => {
  bench.says({ text: 'Hello.' })
  const { id } = await bench.thread('one')
  const additional_messages = ['two', 'three'].map((content) => ({ role: 'user', content }))
  const assistant = await bench.assistant()
  await bench.settled(await bench.run(id, assistant.id, { additional_messages }))
  const texts = (await bench.messages(id)).map(({ content: [part] }) =>
    part?.type === 'text' ? part.text.value : '',
  )
  assert.deepEqual(texts.slice(0, 3), ['one', 'two', 'three'])
  assert.equal(texts.length, 4)
})
good('createRun', 'run_id of additional_messages', '?', async (bench) => {
  bench.says({ text: 'Hello.' })
  const { id } = await bench.newThread()
  const additional_messages = [{ role: 'user', content: 'one' }]
  const run = await bench.run(id, (await bench.assistant()).id, { additional_messages })
  await bench.settled(run)
  const [message] = await bench.messages(id)
  return message?.run_id === run.id ? 'the run' : `${message?.run_id}`
})
error('createRun', 'many additional_messages', '?', async (bench) => {
  const { id } = await bench.newThread()
  const additional_messages = Array.from({ length: 101 }, () => ({ role: 'user', content: 'x' }))
  const body = { assistant_id: (await bench.assistant()).id, additional_messages }
  bench.says({ text: 'Hello.' })
  return `101: ${told(await bench.api.send('POST', `/threads/${id}/runs`, { body }))}`
})
good('createRun', 'additional_instructions and the field instructions', '?', async (bench) => {
  const assistant = await bench.newAssistant({ instructions: 'One.' })
  const run = await bench.answered(assistant, { additional_instructions: 'Two.' })
  return JSON.stringify(run.instructions)
})
good('createRun', 'no additional_messages: [] is accepted', 'R', async (bench) => {
  const run = await bench.answered(await bench.assistant(), { additional_messages: [] })
  assert.equal(run.status, 'completed')
})
good(
  'createRun',
  'an assistant with instructions speaks on an empty thread',
  'R',
  async (bench) => {
    bench.says({ text: 'Hello.' })
    const assistant = await bench.newAssistant({ instructions: 'Say hello.' })
    const run = await bench.run((await bench.newThread()).id, assistant.id)
    assert.equal((await bench.settled(run)).status, 'completed')
  },
)
good('createThreadAndRun', 'makes both', 'R', async (bench) => {
  bench.says({ text: 'Hello.' })
  const run = await bench.api.post<RunObject>('/threads/runs', {
    assistant_id: (await bench.assistant()).id,
    thread: { ...hello(), metadata: { a: 'b' } },
  })
  assert.equal(run.status, 'queued')
  assert.equal((await bench.settled(run)).status, 'completed')
  assert.equal((await bench.messages(run.thread_id)).length, 2)
  const thread = await bench.api.get<{ metadata: object }>(`/threads/${run.thread_id}`)
  assert.deepEqual(thread.metadata, { a: 'b' })
})
good('createThreadAndRun', 'no thread, an assistant with instructions', 'R', async (bench) => {
  bench.says({ text: 'Hello.' })
  const assistant = await bench.newAssistant({ instructions: 'Say hello.' })
  const run = await bench.api.post<RunObject>('/threads/runs', { assistant_id: assistant.id })
  assert.equal((await bench.settled(run)).status, 'completed')
})
good('listRuns', 'has the run as it is read', 'D', async (bench) => {
  const { run } = await bench.ended()
  const { data } = await bench.api.get<{ data: RunObject[] }>(`/threads/${run.thread_id}/runs`)
  assert.deepEqual(data, [run])
})
good('modifyRun', 'metadata of an ended run', 'D', async (bench) => {
  const run = await bench.answered(await bench.assistant())
  const changed = await bench.api.post<RunObject>(pathOf(run), { metadata: { a: 'b' } })
  assert.deepEqual(changed, { ...run, metadata: { a: 'b' } })
})
good('modifyRun', 'of an active run', '?', async (bench) => {
  const run = await bench.sharedWaiting()
  return told(await bench.api.send('POST', pathOf(run), { body: { metadata: { a: 'b' } } }))
})
good(
  'cancelRun',
  'from in_progress: cancelling, then cancelled; the thread is free',
  'R',
  async (bench) => {
    const asked = bench.target.script?.asked ?? 0
    bench.says({ text: ['one ', 'two'], hangAfter: 1 })
    const thread = await bench.thread('Say hello.')
    const run = await bench.run(thread.id, (await bench.assistant()).id)
    await bench.target.script?.waitFor(asked + 1)
    const reply = await bench.api.call<RunObject>('POST', `${pathOf(run)}/cancel`)
    assert.deepEqual([reply.status, reply.cancelled_at], ['cancelling', null])
    const ended = await bench.settled(run)
    assert.equal(ended.status, 'cancelled')
    assert.ok(ended.cancelled_at)
    await bench.api.post(`/threads/${thread.id}/messages`, { role: 'user', content: 'again' })
  },
  'a scripted model',
)
good('cancelRun', 'from requires_action', '?', async (bench) => {
  const run = await bench.waiting()
  const reply = await bench.api.call<RunObject>('POST', `${pathOf(run)}/cancel`)
  const ended = await bench.settled(run)
  const again = await bench.api.send('POST', `${pathOf(run)}/cancel`)
  return `${reply.status}, then ${ended.status}; again: ${told(again)}`
})
good('getRun', 'requires_action: the calls, no usage, the step open', 'R', async (bench) => {
  const run = await bench.sharedWaiting()
  assert.equal(run.usage, null)
  const calls = run.required_action?.submit_tool_outputs.tool_calls ?? []
  assert.ok(calls.length > 0)
  for (const call of calls) {
    assert.match(call.id, /^call_/)
    assert.deepEqual([call.type, call.function.name], ['function', 'unit_price'])
    JSON.parse(call.function.arguments)
  }
  const step = (await bench.steps(run)).at(-1)
  assert.deepEqual([step?.type, step?.status, step?.usage], ['tool_calls', 'in_progress', null])
})
good(
  'getRun',
  'arguments of a call without any are {}',
  'R',
  async (bench) => {
    bench.says({ toolCalls: [{ name: 'unit_price', arguments: '' }] })
    const [assistant, thread] = [await bench.tooled(), await bench.thread('Hello.')]
    const run = await bench.settled(await bench.run(thread.id, assistant.id, FORCED))
    const [call] = run.required_action?.submit_tool_outputs.tool_calls ?? []
    assert.equal(call?.function.arguments, '{}')
  },
  'a scripted model',
)
good(
  'getRun',
  'failed: why and when, and the thread is free',
  'D',
  async (bench) => {
    bench.says({ status: 400, body: { error: { message: 'no', type: 'invalid_request_error' } } })
    const thread = await bench.thread('Say hello.')
    const run = await bench.settled(await bench.run(thread.id, (await bench.assistant()).id))
    assert.equal(run.status, 'failed')
    assert.ok(run.failed_at && run.last_error?.message)
    assert.ok(
      ['server_error', 'rate_limit_exceeded', 'invalid_prompt'].includes(run.last_error.code),
    )
    assert.equal(run.expires_at, null)
    await bench.api.post(`/threads/${thread.id}/messages`, { role: 'user', content: 'again' })
  },
  'a scripted model',
)
good(
  'getRun',
  'incomplete: cut by its token limit, and says so',
  'R',
  async (bench) => {
    bench.says({ text: ['cut ', 'off'], finishReason: 'length' })
    const thread = await bench.thread('Say hello.')
    const fields = { max_completion_tokens: 16 }
    const made = await bench.run(thread.id, (await bench.assistant()).id, fields)
    const run = await bench.settled(made)
    assert.equal(run.status, 'incomplete')
    assert.deepEqual(run.incomplete_details, { reason: 'max_completion_tokens' })
    assert.ok(run.completed_at && run.usage)
    assert.equal(run.expires_at, null)
    const message = (await bench.messages(thread.id)).at(-1)
    assert.deepEqual(
      [message?.status, message?.incomplete_details],
      ['incomplete', { reason: 'max_tokens' }],
    )
  },
  'a scripted model',
)

good('getRun', 'usage tells cached and reasoning tokens', 'R', async (bench) => {
  const { run } = await bench.ended()
  const { prompt_token_details, completion_tokens_details } = run.usage ?? {}
  assert.ok(Number.isInteger(prompt_token_details?.cached_tokens))
  assert.ok(Number.isInteger(completion_tokens_details?.reasoning_tokens))
})
good('createThreadAndRun', 'tool_resources of its own', 'D', async (bench) => {
  const file = await bench.file()
  bench.says({ text: 'Hello.' })
  const tool_resources = { code_interpreter: { file_ids: [file.id] } }
  const run = await bench.api.post<RunObject>('/threads/runs', {
    assistant_id: (await bench.assistant()).id,
    thread: hello(),
    tool_resources,
  })
  assert.equal((await bench.settled(run)).status, 'completed')
})
error('createRun', 'an include there is not', 'T', async (bench) => {
  const { id } = await bench.thread('Say hello.')
  const body = { assistant_id: (await bench.assistant()).id }
  const path = `/threads/${id}/runs?include[]=everything`
  await bench.api.refused('POST', path, { body }, { status: 400 })
})
for (const operation of ['createRun', 'createThreadAndRun'])
  isolation(
    operation,
    'the assistant of somebody else',
    'D',
    async (bench) => {
      const other = bench.other ?? assert.fail('no second key')
      const body = { assistant_id: (await bench.assistant()).id }
      let path = '/threads/runs'
      if (operation === 'createRun') {
        const { id } = await other.post<{ id: string }>('/threads', hello())
        path = `/threads/${id}/runs`
      }
      const reply = await other.send('POST', path, { body })
      if (operation === 'createRun') await other.delete(path.replace('/runs', ''))
      assert.ok([403, 404].includes(reply.status), `${reply.status} ${reply.text.slice(0, 200)}`)
    },
    'a second key',
  )
error('createRun', 'nothing to say', 'R', async (bench) => {
  const { id } = await bench.newThread()
  const message =
    'Run creation requires a Thread with a user message or an assistant with instructions.'
  const body = { assistant_id: (await bench.assistant()).id }
  const refusal = { status: 400, message, param: null, code: 'invalid_thread' }
  await bench.api.refused('POST', `/threads/${id}/runs`, { body }, refusal)
})
error('createThreadAndRun', 'nothing to say', 'R', async (bench) => {
  const body = { assistant_id: (await bench.assistant()).id }
  await bench.api.refused(
    'POST',
    '/threads/runs',
    { body },
    { status: 400, code: 'invalid_thread' },
  )
})
error('createRun', 'on a thread that has an active run', 'T', async (bench) => {
  const { id, thread_id } = await bench.sharedWaiting()
  const message = `Thread ${thread_id} already has an active run ${id}.`
  const body = { assistant_id: (await bench.assistant()).id }
  const refusal = { status: 400, message, param: null, code: null }
  await bench.api.refused('POST', `/threads/${thread_id}/runs`, { body }, refusal)
})
for (const operation of ['createRun', 'createThreadAndRun']) {
  const path = async (bench: Parameters<(typeof rows)[0]['check']>[0]) =>
    operation === 'createRun' ? `/threads/${(await bench.thread('x')).id}/runs` : '/threads/runs'
  error(operation, "an assistant that is nobody's", 'T', async (bench) => {
    const id = `asst_${NOBODY}`
    const refusal = { status: 404, message: `No assistant found with id '${id}'.` }
    await bench.api.refused('POST', await path(bench), { body: { assistant_id: id } }, refusal)
  })
  error(operation, 'an assistant_id that is none', 'T', async (bench) => {
    const message = "Invalid 'assistant_id': 'x'. Expected an ID that begins with 'asst'."
    const refusal = { status: 400, message, param: 'assistant_id', code: 'invalid_value' }
    await bench.api.refused('POST', await path(bench), { body: { assistant_id: 'x' } }, refusal)
  })
  error(operation, 'a tool_choice there is not', 'T', async (bench) => {
    const body = { assistant_id: (await bench.assistant()).id, tool_choice: 'perhaps' }
    await bench.api.refused('POST', await path(bench), { body }, { status: 400 })
  })
  error(operation, 'a stream of it is refused as plain JSON', 'R', async (bench) => {
    const body = { assistant_id: `asst_${NOBODY}`, stream: true }
    await bench.api.refused('POST', await path(bench), { body }, { status: 404 })
  })
}
error('cancelRun', 'a completed run', 'T', async (bench) => {
  const { run } = await bench.ended()
  const message = "Cannot cancel run with status 'completed'."
  const refusal = { status: 400, message, param: null, code: null }
  await bench.api.refused('POST', `${pathOf(run)}/cancel`, {}, refusal)
})
error('getRun', 'a run of another thread', 'T', async (bench) => {
  const { run } = await bench.ended()
  const { id } = await bench.newThread()
  const message = `No run found with id '${run.id}'.`
  await bench.api.refused('GET', `/threads/${id}/runs/${run.id}`, {}, { status: 404, message })
})
