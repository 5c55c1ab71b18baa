import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { MessageDelta, MessageObject } from '@melzi/contract/message.ts'
import type { FileSearchToolCall, RunStepDelta, RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { Api, textOf, unitPrice } from '../support/factories.ts'
import { assertLawfulStream } from '../support/lawful-stream.ts'
import type { ChatBody } from '../support/scripted-auto.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'
import type { ScriptedTurn } from '../support/scripted-turn.ts'
import type { WireEvent } from '../support/sse.ts'
import { addText, ASSISTANTS } from '../support/vector-stores.ts'

// behaviour.md 11 to 14: file_search in runs.
const LEAVE = 'Every employee has ten days of annual leave. Leave is asked for two weeks ahead.'
const CHINESE = '員工每年有特別休假十四天，未休完的假可遞延一年。'
const CONTENT = '?include[]=step_details.tool_calls[*].file_search.results[*].content'

/** What the newest tool message of a request says. */
const told = (body: ChatBody): string => {
  const message = body.messages?.findLast(({ role }) => role === 'tool')
  return typeof message?.content === 'string' ? message.content : ''
}

const firstMark = (body: ChatBody): string => /【[^】]*】/.exec(told(body))?.[0] ?? ''

type Answer = (body: ChatBody) => ScriptedTurn

const search =
  (query: string, name = 'file_search'): Answer =>
  () => ({ toolCalls: [{ name, arguments: { query } }] })

const searchOf = (step: RunStepObject | undefined): FileSearchToolCall['file_search'] => {
  const details = step?.step_details
  assert.ok(details?.type === 'tool_calls')
  const found = details.tool_calls.find((one) => one.type === 'file_search')
  assert.ok(found)
  return found.file_search
}

const dataOf = <T>(events: readonly WireEvent[], name: string): T[] =>
  events.filter(({ event }) => event === `thread.${name}`).map(({ data }) => data as T)

const order = (events: readonly WireEvent[]): string =>
  events
    .map(({ event }) => event.replace(/^thread\.(?:run\.(?=step\.))?/, ''))
    .filter((name, i, all) => name !== 'message.delta' || name !== all[i - 1])
    .join(' ')

const OPEN = 'step.created step.in_progress'
const MSG = `${OPEN} message.created message.in_progress message.delta message.completed step.completed`

describe('file_search in runs', () => {
  let script: Answer[] = []
  let model: ScriptedModel
  let server: BootedServer
  let api: Api
  let store: VectorStoreObject
  let assistant: AssistantObject
  let leaveFile: string

  before(async () => {
    model = await startScriptedModel({ handler: ({ body }) => script.shift()?.(body) })
    server = await bootServer({ model: { url: model.url } })
    api = new Api(server)
    store = await api.post('/vector_stores', { name: 'handbook' })
    leaveFile = (await addText(api, store.id, LEAVE, 'leave.txt')).id
    await addText(api, store.id, CHINESE, '請假規則.md', { attributes: { language: 'zh' } })
    assistant = await api.assistant({
      tools: [{ type: 'file_search' }],
      tool_resources: { file_search: { vector_store_ids: [store.id] } },
    })
  })
  beforeEach(() => {
    script = []
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  const streamed = async (thread: ThreadObject, fields: object = {}, query = '') => {
    const path = `/threads/${thread.id}/runs${query}`
    const events = await api.events(path, { assistant_id: assistant.id, ...fields })
    assertLawfulStream(events)
    assert.equal(script.length, 0, 'the model was asked as often as the script says')
    return events
  }

  const settledRun = async (assistantId: string, thread: ThreadObject, fields: object = {}) => {
    const run = await api.settled(await api.run(thread.id, assistantId, fields))
    assert.equal(script.length, 0, 'the model was asked as often as the script says')
    return run
  }

  it('searches, cites by marks with offsets, and says it in the recorded order', async () => {
    script = [
      search('annual leave days'),
      (body) => {
        const mark = firstMark(body)
        return { text: ['😀 Ten days', '.', mark.slice(0, 3), mark.slice(3), ' Ask', ' early.'] }
      },
    ]
    const events = await streamed(await api.thread('How much leave do I have?'))
    assert.equal(
      order(events),
      `run.created run.queued run.in_progress ${OPEN} step.delta step.completed ${MSG} run.completed done`,
    )
    const [delta] = dataOf<RunStepDelta>(events, 'run.step.delta')
    const [called] = delta?.delta.step_details.tool_calls ?? []
    const ranking = { ranker: 'default_2024_08_21', score_threshold: 0 }
    assert.deepEqual(called, {
      index: 0,
      id: called?.id,
      type: 'file_search',
      file_search: { ranking_options: ranking, results: [] },
    })
    const [step] = dataOf<RunStepObject>(events, 'run.step.completed')
    const { ranking_options: options, results = [] } = searchOf(step)
    assert.deepEqual(options, ranking)
    const best = results[0]
    assert.deepEqual([best?.file_id, best?.file_name], [leaveFile, 'leave.txt'])
    assert.deepEqual(Object.keys(best ?? {}), ['file_id', 'file_name', 'score', 'attributes'])
    assert.ok(best !== undefined && best.score > 0 && best.score <= 1)

    const [message] = dataOf<MessageObject>(events, 'message.completed')
    const [part] = message?.content ?? []
    assert.ok(part?.type === 'text')
    const [annotation, ...more] = part.text.annotations
    assert.deepEqual(more, [])
    const mark = annotation?.text ?? ''
    assert.match(mark, /^【\d+:0†leave\.txt】$/)
    assert.equal(part.text.value, `😀 Ten days.${mark} Ask early.`)
    const place = { start_index: 11, end_index: 11 + mark.length }
    assert.deepEqual(annotation, {
      type: 'file_citation',
      text: mark,
      ...place,
      file_citation: { file_id: leaveFile },
    })
    const cited = dataOf<MessageDelta>(events, 'message.delta').flatMap(({ delta: { content } }) =>
      content.filter((one) => one.type === 'text' && (one.text?.annotations?.length ?? 0) > 0),
    )
    assert.deepEqual(cited, [
      {
        index: 0,
        type: 'text',
        text: {
          value: mark,
          annotations: [
            {
              index: 0,
              type: 'file_citation',
              text: mark,
              ...place,
              file_citation: { file_id: leaveFile, quote: '' },
            },
          ],
        },
      },
    ])
    const [stored] = (await api.messages(message?.thread_id ?? '')).slice(-1)
    assert.deepEqual(stored, message)
  })

  it('tells the model the passages and how to cite them', async () => {
    script = [search('特別休假'), () => ({ text: '十四天。' })]
    const before = model.requests.length
    await streamed(await api.thread('特休有幾天？'))
    const [asked, answered] = model.requests.slice(before).map(({ body }) => body)
    const system = asked?.messages?.[0]
    assert.ok(system?.role === 'system' && JSON.stringify(system).includes('file_search'))
    const [offered] = asked?.tools ?? []
    assert.equal(offered?.function.name, 'file_search')
    assert.deepEqual(offered?.function.parameters?.required, ['query'])
    assert.match(told(answered ?? {}), /^【\d+:0†請假規則\.md】\n員工每年有特別休假十四天/)
  })

  it('shows what passages say only to who asks for it, on the stream and on reading', async () => {
    script = [search('annual leave'), () => ({ text: 'Ten.' })]
    const events = await streamed(await api.thread('leave?'), {}, CONTENT)
    const [step] = dataOf<RunStepObject>(events, 'run.step.completed')
    assert.equal(searchOf(step).results?.[0]?.content?.[0]?.text, LEAVE)
    const path = `/threads/${step?.thread_id}/runs/${step?.run_id}/steps`
    const plain = await api.get<RunStepObject>(`${path}/${step?.id}`)
    assert.equal(searchOf(plain).results?.[0]?.content, undefined)
    const asked = await api.get<RunStepObject>(`${path}/${step?.id}${CONTENT}`)
    assert.deepEqual(searchOf(asked), searchOf(step))
    const listed = await api.get<{ data: RunStepObject[] }>(`${path}${CONTENT}&order=asc`)
    assert.deepEqual(searchOf(listed.data[0]), searchOf(step))
  })

  it('keeps to max_num_results and score_threshold, and finds nothing without failing', async () => {
    const narrow = await api.assistant({
      tools: [{ type: 'file_search', file_search: { max_num_results: 1 } }],
      tool_resources: { file_search: { vector_store_ids: [store.id] } },
    })
    script = [search('employee leave 員工 休假'), () => ({ text: 'ok' })]
    const run = await settledRun(narrow.id, await api.thread('leave?'))
    assert.equal(searchOf((await api.steps(run))[0]).results?.length, 1)

    const ranking = { score_threshold: 0.99, ranker: 'auto' }
    const strict = { tools: [{ type: 'file_search', file_search: { ranking_options: ranking } }] }
    script = [search('zeppelin'), (body) => ({ text: told(body) })]
    const empty = await settledRun(assistant.id, await api.thread('zeppelins?'), strict)
    assert.equal(empty.status, 'completed')
    const found = searchOf((await api.steps(empty))[0])
    assert.deepEqual(found, { ranking_options: ranking, results: [] })
    assert.equal(textOf((await api.messages(empty.thread_id)).at(-1)), 'No passage was found.')
  })

  it('waits for what is attached to the thread, and searches it beside the assistant', async () => {
    const file = await api.file('The door code of the lab is 4711.', 'lab.txt', ASSISTANTS)
    const thread = await api.post<ThreadObject>('/threads', {
      messages: [
        {
          role: 'user',
          content: 'What is the door code?',
          attachments: [{ file_id: file.id, tools: [{ type: 'file_search' }] }],
        },
      ],
    })
    script = [search('door code lab annual leave'), (body) => ({ text: firstMark(body) })]
    const events = await streamed(thread)
    const names = searchOf(dataOf<RunStepObject>(events, 'run.step.completed')[0]).results?.map(
      (result) => result.file_name,
    )
    assert.ok(names?.includes('lab.txt') && names.includes('leave.txt'), String(names))
  })

  it('is forced by tool_choice, once', async () => {
    script = [search('leave'), () => ({ text: 'ok' })]
    const before = model.requests.length
    await streamed(await api.thread('hello'), { tool_choice: { type: 'file_search' } })
    const choices = model.requests.slice(before).map(({ body }) => body.tool_choice)
    assert.deepEqual(choices, [{ type: 'function', function: { name: 'file_search' } }, undefined])
    const thread = await api.thread('hello')
    const wrong = { assistant_id: assistant.id, tool_choice: { type: 'code_interpreter' } }
    await api.refused('POST', `/threads/${thread.id}/runs`, wrong, {
      status: 400,
      param: 'tool_choice.type',
    })
  })

  it('is known under another name where a function of the client has its own, and works beside it', async () => {
    const same = { ...unitPrice, function: { ...unitPrice.function, name: 'file_search' } }
    const fields = { tools: [{ type: 'file_search' }, same] }
    const both = [
      { name: 'melzi_file_search', arguments: { query: 'annual leave' } },
      { name: 'file_search', arguments: { price: 1, weight: 2 } },
    ]
    script = [() => ({ toolCalls: both }), (body) => ({ text: `got ${told(body)}` })]
    const thread = await api.thread('hello')
    const path = `/threads/${thread.id}/runs`
    const events = await api.events(path, { assistant_id: assistant.id, ...fields })
    assertLawfulStream(events)
    const [run] = dataOf<RunObject>(events, 'run.requires_action')
    const waiting = run?.required_action?.submit_tool_outputs.tool_calls ?? []
    assert.deepEqual(
      waiting.map((one) => one.function.name),
      ['file_search'],
    )
    const [open] = await api.steps(run as RunObject)
    assert.equal(open?.status, 'in_progress')
    assert.equal(searchOf(open).results?.[0]?.file_name, 'leave.txt')
    const more = await api.events(`${path}/${run?.id}/submit_tool_outputs`, {
      tool_outputs: [{ tool_call_id: waiting[0]?.id, output: 'sixty' }],
    })
    assertLawfulStream(more, { waitingStepId: String(open?.id) })
    const [message] = dataOf<MessageObject>(more, 'message.completed')
    assert.equal(textOf(message), 'got sixty')
  })

  it('survives arguments that are none', async () => {
    script = [
      () => ({ toolCalls: [{ name: 'file_search', arguments: '{"query' }] }),
      (body) => ({ text: told(body) }),
    ]
    const events = await streamed(await api.thread('hello'))
    assert.match(textOf(dataOf<MessageObject>(events, 'message.completed')[0]), /not made/)
  })

  it('answers with the demo model too, citing what it quotes', async () => {
    await using demo = await bootServer({ model: 'demo' })
    const client = new Api(demo)
    const made = await client.post<VectorStoreObject>('/vector_stores', {})
    await addText(client, made.id, LEAVE, 'leave.txt')
    const helper = await client.assistant({
      model: 'melzi-demo',
      tools: [{ type: 'file_search' }],
      tool_resources: { file_search: { vector_store_ids: [made.id] } },
    })
    const thread = await client.thread('How many days of annual leave do employees have?')
    const events = await client.events(`/threads/${thread.id}/runs`, { assistant_id: helper.id })
    assertLawfulStream(events)
    const [part] = dataOf<MessageObject>(events, 'message.completed')[0]?.content ?? []
    assert.ok(part?.type === 'text')
    assert.match(part.text.value, /ten days of annual leave/)
    assert.equal(part.text.annotations.length, 1)
  })
})
