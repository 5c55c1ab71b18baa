import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ListReply } from '@melzi/contract/list.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, textOf, unitPrice } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// behaviour.md 7: what a run is given, what it shows, and what the model hears of it.
interface Prompt {
  role: string
  content: unknown
  tool_calls?: { id: string; function: { name: string; arguments: string } }[]
  tool_call_id?: string
}

describe('run settings', () => {
  let model: ScriptedModel
  let server: BootedServer
  let api: Api

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
    api = new Api(server)
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  /** Runs an assistant on a thread; gives the ended run and what the model was asked. */
  const ran = async (assistant: object, run: object = {}, messages: string[] = ['hello']) => {
    model.push({ text: 'ok' })
    const { id } = await api.assistant(assistant)
    const thread = await api.thread(...messages)
    const ended = await api.settled(await api.run(thread.id, id, run))
    assert.equal(ended.status, 'completed', JSON.stringify(ended.last_error))
    const body = model.requests.at(-1)?.body ?? {}
    return { ended, body, prompt: (body.messages ?? []) as Prompt[] }
  }
  const asText = (prompt: readonly Prompt[]) =>
    prompt.map(({ role, content }) => `${role}: ${JSON.stringify(content)}`)

  it('fills what is not given, in the live key order', async () => {
    const { id } = await api.assistant({ instructions: 'i', temperature: 0.5 })
    const thread = await api.thread('hello')
    model.push({ text: 'ok' })
    const created = await api.run(thread.id, id)
    const { id: runId, created_at: at, ...rest } = created
    assert.match(runId, /^run_[0-9A-Za-z]{24}$/)
    assert.deepEqual(rest, {
      object: 'thread.run',
      assistant_id: id,
      thread_id: thread.id,
      status: 'queued',
      started_at: null,
      expires_at: at + 600,
      cancelled_at: null,
      failed_at: null,
      completed_at: null,
      required_action: null,
      last_error: null,
      model: 'scripted',
      instructions: 'i',
      tools: [],
      tool_resources: {},
      metadata: {},
      temperature: 0.5,
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
    assert.deepEqual(
      Object.keys(rest),
      Object.keys(rest).toSorted((a, b) => KEYS.indexOf(a) - KEYS.indexOf(b)),
    )
    const ended = await api.settled(created)
    assert.ok(ended.started_at !== null && ended.completed_at !== null)
    assert.equal(ended.expires_at, null)
    assert.deepEqual(ended.usage, {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_token_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    })
  })

  it('passes numbers on as they are, zero too', async () => {
    const { body, ended } = await ran({ temperature: 0, top_p: 0 })
    assert.deepEqual([body['temperature'], body['top_p']], [0, 0])
    assert.deepEqual([ended.temperature, ended.top_p], [0, 0])
    const own = await ran({ temperature: 1 }, { temperature: 0.25, top_p: 0.75 })
    assert.deepEqual([own.body['temperature'], own.body['top_p']], [0.25, 0.75])
  })

  it("prefers the run's model, instructions and tools", async () => {
    const { body, ended, prompt } = await ran(
      { instructions: 'of the assistant' },
      { model: 'gpt-4o', instructions: 'of the run', tools: [unitPrice], metadata: { a: 'b' } },
    )
    assert.equal(ended.model, 'gpt-4o')
    assert.equal(ended.instructions, 'of the run')
    assert.deepEqual(ended.metadata, { a: 'b' })
    assert.equal(body.tools?.[0]?.function.name, 'unit_price')
    assert.match(asText(prompt)[0] ?? '', /^(system|developer): .*of the run/)
    assert.doesNotMatch(JSON.stringify(prompt), /of the assistant/)
  })

  it('adds instructions and messages for this run', async () => {
    const { ended, prompt } = await ran(
      { instructions: 'base' },
      {
        additional_instructions: 'and more',
        additional_messages: [
          { role: 'assistant', content: 'earlier answer' },
          { role: 'user', content: 'another question' },
        ],
      },
    )
    assert.equal(ended.instructions, 'base\nand more')
    assert.match(asText(prompt)[0] ?? '', /base\\nand more/)
    assert.deepEqual(
      prompt.slice(1).map(({ role }) => role),
      ['user', 'assistant', 'user'],
    )
    assert.deepEqual((await api.messages(ended.thread_id)).map(textOf), [
      'hello',
      'earlier answer',
      'another question',
      'ok',
    ])
    const empty = await ran({}, { additional_messages: [] })
    assert.equal(empty.prompt.length, 1)
  })

  it('runs an assistant with instructions on an empty thread', async () => {
    const { ended } = await ran({ instructions: 'greet' }, {}, [])
    assert.equal(ended.status, 'completed')
  })

  it('freezes the settings when the run is made', async () => {
    const { id } = await api.assistant({ instructions: 'before', tools: [unitPrice] })
    model.push({ toolCalls: [{ name: 'unit_price', arguments: {} }] }, { text: 'ok' })
    const thread = await api.thread('hello')
    const waiting = await api.settled(await api.run(thread.id, id))
    await api.post(`/assistants/${id}`, { instructions: 'after', tools: [] })
    const outputs = waiting.required_action?.submit_tool_outputs.tool_calls.map((call) => ({
      tool_call_id: call.id,
      output: '1',
    }))
    await api.post(`/threads/${thread.id}/runs/${waiting.id}/submit_tool_outputs`, {
      tool_outputs: outputs,
    })
    assert.equal((await api.settled(waiting)).status, 'completed')
    const { messages, tools } = model.requests.at(-1)?.body ?? {}
    assert.match(JSON.stringify(messages), /before/)
    assert.equal(tools?.length, 1)
  })

  it('passes tool_choice, parallel_tool_calls and response_format on', async () => {
    const choice = { type: 'function', function: { name: 'unit_price' } }
    const format = {
      type: 'json_schema',
      json_schema: { name: 'a', schema: { type: 'object' }, strict: true },
    }
    const first = await ran(
      { tools: [unitPrice] },
      { tool_choice: choice, parallel_tool_calls: false, response_format: format },
    )
    assert.deepEqual(first.ended.tool_choice, choice)
    assert.deepEqual(first.body.tool_choice, choice)
    assert.equal(first.body['parallel_tool_calls'], false)
    assert.deepEqual(first.ended.response_format, format)
    assert.deepEqual(first.body['response_format'], format)
    for (const word of ['none', 'required'] as const) {
      const { body, ended } = await ran({ tools: [unitPrice] }, { tool_choice: word })
      assert.equal(ended.tool_choice, word)
      assert.equal(body.tool_choice, word)
    }
  })

  it("passes reasoning_effort on, the run's before the assistant's", async () => {
    const own = await ran({ reasoning_effort: 'low' }, {})
    assert.deepEqual([own.ended.reasoning_effort, own.body['reasoning_effort']], ['low', 'low'])
    const other = await ran({ reasoning_effort: 'low' }, { reasoning_effort: 'high' })
    assert.deepEqual(
      [other.ended.reasoning_effort, other.body['reasoning_effort']],
      ['high', 'high'],
    )
    const none = await ran({}, {})
    assert.deepEqual([none.ended.reasoning_effort, 'reasoning_effort' in none.body], [null, false])
  })

  it('cuts the history to the newest messages', async () => {
    const { ended, prompt } = await ran(
      { instructions: 'stay' },
      { truncation_strategy: { type: 'last_messages', last_messages: 2 } },
      ['one', 'two', 'three'],
    )
    assert.deepEqual(ended.truncation_strategy, { type: 'last_messages', last_messages: 2 })
    assert.match(asText(prompt)[0] ?? '', /stay/)
    assert.match(JSON.stringify(prompt), /two.*three/)
    assert.doesNotMatch(JSON.stringify(prompt), /one/)
  })

  it('keeps the prompt within its budget', async () => {
    const words = 'lorem ipsum dolor sit amet '.repeat(200)
    const { prompt } = await ran({}, { max_prompt_tokens: 300 }, [
      words,
      words,
      'the last question',
    ])
    assert.match(JSON.stringify(prompt), /the last question/)
    assert.ok(JSON.stringify(prompt).length < words.length, 'older messages are left out')
  })

  it('counts completion tokens over all calls of the model', async () => {
    const { id } = await api.assistant({ tools: [unitPrice] })
    const thread = await api.thread('hello')
    model.push({
      toolCalls: [{ name: 'unit_price', arguments: {} }],
      usage: { prompt_tokens: 10, completion_tokens: 200 },
    })
    const waiting = await api.settled(await api.run(thread.id, id, { max_completion_tokens: 256 }))
    assert.equal(waiting.usage, null)
    const limit = (at: number) =>
      model.requests.at(at)?.body['max_completion_tokens'] ??
      model.requests.at(at)?.body['max_tokens']
    assert.equal(limit(-1), 256)
    model.push({
      text: ['cut'],
      finishReason: 'length',
      usage: { prompt_tokens: 20, completion_tokens: 56 },
    })
    const [call] = waiting.required_action?.submit_tool_outputs.tool_calls ?? []
    await api.post(`/threads/${thread.id}/runs/${waiting.id}/submit_tool_outputs`, {
      tool_outputs: [{ tool_call_id: call?.id, output: '1' }],
    })
    const ended = await api.settled(waiting)
    assert.equal(limit(-1), 56)
    assert.equal(ended.status, 'incomplete')
    assert.deepEqual(ended.incomplete_details, { reason: 'max_completion_tokens' })
    assert.equal(ended.usage?.completion_tokens, 256)
    assert.equal(ended.usage?.total_tokens, 286)
    assert.ok(ended.completed_at)
    // The thread goes on.
    model.push({ text: 'more' })
    assert.equal((await api.settled(await api.run(thread.id, id))).status, 'completed')
  })

  it('changes metadata only, and lists runs newest first', async () => {
    const { ended } = await ran({})
    const path = `/threads/${ended.thread_id}/runs`
    const changed = await api.post<RunObject>(`${path}/${ended.id}`, { metadata: { a: 'b' } })
    assert.deepEqual(changed, { ...ended, metadata: { a: 'b' } })
    await api.refused(
      'POST',
      `${path}/${ended.id}`,
      { model: 'm' },
      { status: 400, code: 'unknown_parameter' },
    )
    model.push({ text: 'ok' })
    const second = await api.settled(await api.run(ended.thread_id, ended.assistant_id))
    const { data } = await api.get<ListReply<RunObject>>(path)
    assert.deepEqual(
      data.map(({ id }) => id),
      [second.id, ended.id],
    )
  })

  it('refuses settings out of range', async () => {
    const { id } = await api.assistant()
    const thread = await api.thread('hello')
    const refused: [fields: object, param: string][] = [
      [{ temperature: 2.1 }, 'temperature'],
      [{ max_prompt_tokens: 255 }, 'max_prompt_tokens'],
      [{ max_completion_tokens: 0 }, 'max_completion_tokens'],
      [
        { truncation_strategy: { type: 'last_messages', last_messages: 0 } },
        'truncation_strategy.last_messages',
      ],
      [{ parallel_tool_calls: 'no' }, 'parallel_tool_calls'],
      [{ tool_choice: 'maybe' }, 'tool_choice'],
    ]
    for (const [fields, param] of refused)
      await api.refused(
        'POST',
        `/threads/${thread.id}/runs`,
        { assistant_id: id, ...fields },
        { status: 400, param },
      )
    assert.deepEqual((await api.get<ListReply<RunObject>>(`/threads/${thread.id}/runs`)).data, [])
  })
})

const KEYS =
  'object assistant_id thread_id status started_at expires_at cancelled_at failed_at completed_at required_action last_error model instructions tools tool_resources metadata temperature top_p reasoning_effort max_completion_tokens max_prompt_tokens truncation_strategy incomplete_details usage response_format tool_choice parallel_tool_calls'.split(
    ' ',
  )
