import assert from 'node:assert/strict'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { modelMust, pathOf, type Bench } from '../bench.ts'
import { last, order } from '../event-order.ts'
import { rowsOf } from '../row.ts'
import { cite, useBuiltIn } from '../script.ts'

/** behaviour.md 8, 11, 12 and 14. */
const { rows, good, error, stream } = rowsOf('file search')
export const fileSearchRows = rows

const QUESTION = 'What colour is the harbour clock? Search the files.'
const CHOICE = { tool_choice: { type: 'file_search' } }
const INCLUDE = 'include[]=step_details.tool_calls[*].file_search.results[*].content'
const RANKING = { ranker: 'default_2024_08_21', score_threshold: 0 }

const searcher = (bench: Bench) =>
  bench.once('searcher', async () => {
    const { store } = await bench.filled()
    return bench.newAssistant({
      tools: [{ type: 'file_search' }],
      tool_resources: { file_search: { vector_store_ids: [store.id] } },
    })
  })
const searched = (bench: Bench) =>
  bench.once('searched', async () => {
    bench.says(useBuiltIn('harbour clock'), cite)
    const thread = await bench.thread(QUESTION)
    const run = await bench.settled(await bench.run(thread.id, (await searcher(bench)).id, CHOICE))
    assert.equal(run.status, 'completed', JSON.stringify(run.last_error))
    return run
  })
const callOf = (bench: Bench, step: RunStepObject | undefined) => {
  const details = step?.step_details
  const call = details?.type === 'tool_calls' ? details.tool_calls[0] : undefined
  modelMust(bench, call?.type === 'file_search', 'search')
  return call
}

good(
  'createRun',
  'finds in the store of the assistant; results in the step',
  'R',
  async (bench) => {
    const run = await searched(bench)
    const { files } = await bench.filled()
    const steps = await bench.steps(run)
    const { id, file_search } = callOf(bench, steps[0])
    assert.match(id, /^call_/)
    const { ranker, score_threshold } = file_search.ranking_options ?? {}
    assert.deepEqual({ ranker, score_threshold }, RANKING)
    const [found] = file_search.results ?? []
    assert.deepEqual([found?.file_id, found?.file_name], [files[0]?.id, files[0]?.filename])
    assert.ok(found && found.score >= 0 && found.score <= 1)
    assert.deepEqual(found.attributes, { shelf: 'A' })
    assert.ok(!('content' in found))
    assert.deepEqual(
      [steps[0]?.type, steps[0]?.status, steps.at(-1)?.type],
      ['tool_calls', 'completed', 'message_creation'],
    )
  },
)
good('getRunStep', 'content of results with include[] alone', 'R', async (bench) => {
  const run = await searched(bench)
  const [step] = await bench.steps(run)
  const path = `${pathOf(run)}/steps/${step?.id}`
  const found = callOf(bench, await bench.api.get<RunStepObject>(`${path}?${INCLUDE}`)).file_search
  const [part] = found.results?.[0]?.content ?? []
  assert.deepEqual([part?.type, part?.text.includes('harbour clock')], ['text', true])
  const plain = callOf(bench, await bench.api.get<RunStepObject>(path)).file_search
  assert.ok(!('content' in (plain.results?.[0] ?? {})))
})
good('listRunSteps', 'content of results with include[]', 'R', async (bench) => {
  const run = await searched(bench)
  const { data } = await bench.api.get<{ data: RunStepObject[] }>(
    `${pathOf(run)}/steps?order=asc&${INCLUDE}`,
  )
  assert.ok(callOf(bench, data[0]).file_search.results?.[0]?.content?.[0]?.text)
})
good('getMessage', 'a citation covers its marker and names its file', 'R', async (bench) => {
  const run = await searched(bench)
  const { files } = await bench.filled()
  const part = (await bench.messages(run.thread_id)).at(-1)?.content[0]
  assert.ok(part?.type === 'text')
  const { value, annotations } = part.text
  const [annotation] = annotations
  modelMust(bench, value.includes('【') || annotation, 'cite')
  assert.ok(annotation?.type === 'file_citation', value)
  const { start_index, end_index, text } = annotation
  assert.equal([...value].slice(start_index, end_index).join(''), text)
  assert.match(text, /^【\d+:\d+†[^【】]+】$/)
  assert.deepEqual(annotation.file_citation, { file_id: files[0]?.id })
  assert.ok(!('index' in annotation) && !('quote' in annotation.file_citation))
})
stream('createRun', 'a search, its citation, in this order', 'R', async (bench) => {
  bench.says(useBuiltIn('harbour clock'), cite)
  const { id } = await bench.thread(QUESTION)
  const body = { assistant_id: (await searcher(bench)).id, ...CHOICE }
  const events = await bench.api.events(`/threads/${id}/runs`, body)
  assert.deepEqual(order(events), [
    'run.created',
    'run.queued',
    'run.in_progress',
    'step.created',
    'step.in_progress',
    'step.delta',
    'step.completed',
    'step.created',
    'step.in_progress',
    'message.created',
    'message.in_progress',
    'message.delta',
    'message.completed',
    'step.completed',
    'run.completed',
    'done',
  ])
  const [part] = last<MessageObject>(events, 'message.completed').content
  assert.ok(part?.type === 'text')
  modelMust(bench, part.text.value.includes('【'), 'cite')
  assert.ok(part.text.annotations.length > 0, JSON.stringify(part))
  const run = last<RunObject>(events, 'run.completed')
  assert.deepEqual((await bench.messages(run.thread_id)).at(-1), last(events, 'message.completed'))
})
stream(
  'createRun',
  'two searches in one turn: one delta for each',
  'S',
  async (bench) => {
    bench.says((body) => {
      const one = useBuiltIn('harbour clock')(body)
      const two = useBuiltIn('pears')(body)
      return 'toolCalls' in one && 'toolCalls' in two
        ? { toolCalls: [...(one.toolCalls ?? []), ...(two.toolCalls ?? [])] }
        : one
    }, cite)
    const { id } = await bench.thread(QUESTION)
    const body = { assistant_id: (await searcher(bench)).id }
    const events = await bench.api.events(`/threads/${id}/runs`, body)
    const ended = events.findIndex(({ event }) => event === 'thread.run.step.completed')
    const step = last<RunStepObject>(events.slice(0, ended + 1), 'step.completed')
    const details = step.step_details
    assert.equal(details.type === 'tool_calls' && details.tool_calls.length, 2)
  },
  'a scripted model',
)
good('createRun', 'max_num_results bounds the results', 'D', async (bench) => {
  const { store } = await bench.filled()
  const assistant = await bench.newAssistant({
    tools: [{ type: 'file_search', file_search: { max_num_results: 1 } }],
    tool_resources: { file_search: { vector_store_ids: [store.id] } },
  })
  bench.says(useBuiltIn('harbour pears owls trains'), cite)
  const thread = await bench.thread(QUESTION)
  const run = await bench.settled(await bench.run(thread.id, assistant.id, CHOICE))
  assert.equal(callOf(bench, (await bench.steps(run))[0]).file_search.results?.length, 1)
})
good('createRun', 'a file attached to the thread, waited for and found', 'D', async (bench) => {
  const file = await bench.newFile('The lighthouse keeper is called Ottavia.', 'keeper.txt')
  const attachments = [{ file_id: file.id, tools: [{ type: 'file_search' }] }]
  const content = 'Who is the lighthouse keeper? Search the files.'
  const thread = await bench.newThread({ messages: [{ role: 'user', content, attachments }] })
  const assistant = await bench.newAssistant({ tools: [{ type: 'file_search' }] })
  bench.says(useBuiltIn('lighthouse keeper'), cite)
  const run = await bench.settled(await bench.run(thread.id, assistant.id, CHOICE))
  assert.equal(run.status, 'completed', JSON.stringify(run.last_error))
  const [found] = callOf(bench, (await bench.steps(run))[0]).file_search.results ?? []
  assert.equal(found?.file_id, file.id)
})
good('createRun', 'when use moves last_active_at of the store', '?', async (bench) => {
  const run = await searched(bench)
  const { store } = await bench.filled()
  const found = await bench.api.get<VectorStoreObject>(`/vector_stores/${store.id}`)
  const [before, after] = [store.last_active_at ?? 0, found.last_active_at ?? 0]
  const used = run.started_at ?? 0
  return after > before ? 'at once' : `not ${used - before} s after the last time`
})
good('createRun', 'include[] brings content to the results of the stream', 'R', async (bench) => {
  bench.says(useBuiltIn('harbour clock'), cite)
  const { id } = await bench.thread(QUESTION)
  const body = { assistant_id: (await searcher(bench)).id, ...CHOICE }
  const events = await bench.api.events(`/threads/${id}/runs?${INCLUDE}`, body)
  const ended = events.findIndex(({ event }) => event === 'thread.run.step.completed')
  const step = last<RunStepObject>(events.slice(0, ended + 1), 'step.completed')
  const [part] = callOf(bench, step).file_search.results?.[0]?.content ?? []
  assert.ok(part?.text.includes('harbour clock'), JSON.stringify(callOf(bench, step)))
})
good(
  'createRun',
  'how offsets count characters outside the BMP',
  '?',
  async (bench) => {
    bench.says(useBuiltIn('harbour clock'), (request) => {
      const said = cite(request)
      return 'text' in said && said.text !== undefined
        ? { text: ['🕰🕰 ', ...[said.text].flat()] }
        : said
    })
    const thread = await bench.thread(QUESTION)
    const run = await bench.settled(await bench.run(thread.id, (await searcher(bench)).id, CHOICE))
    const part = (await bench.messages(run.thread_id)).at(-1)?.content[0]
    assert.ok(part?.type === 'text')
    const [annotation] = part.text.annotations
    assert.ok(annotation, part.text.value)
    const { start_index: start, end_index: end, text } = annotation
    return [...part.text.value].slice(start, end).join('') === text ? 'as one' : 'as two'
  },
  'a scripted model',
)
good(
  'createRun',
  'a search and a function of the client in one run',
  'D',
  async (bench) => {
    const { store } = await bench.filled()
    const tooled = await bench.tooled()
    const assistant = await bench.newAssistant({
      tools: [...tooled.tools, { type: 'file_search' }],
      tool_resources: { file_search: { vector_store_ids: [store.id] } },
    })
    bench.says(useBuiltIn('harbour clock'), { toolCalls: [{ name: 'unit_price', arguments: {} }] })
    const thread = await bench.thread(QUESTION)
    const run = await bench.settled(await bench.run(thread.id, assistant.id))
    assert.equal(run.status, 'requires_action', JSON.stringify(run.last_error))
    const calls = run.required_action?.submit_tool_outputs.tool_calls ?? []
    assert.deepEqual(
      calls.map(({ type }) => type),
      ['function'],
    )
  },
  'a scripted model',
)
for (const [what, file_search] of [
  ['max_num_results 51', { max_num_results: 51 }],
  ['a score_threshold of 2', { ranking_options: { score_threshold: 2 } }],
  ['ranking_options without a score_threshold', { ranking_options: { ranker: 'auto' } }],
] as const)
  error('createAssistant', what, 'D', async ({ api, model }) => {
    const body = { model, tools: [{ type: 'file_search', file_search }] }
    await api.refused('POST', '/assistants', { body }, { status: 400 })
  })
