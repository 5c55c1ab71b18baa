import assert from 'node:assert/strict'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import { told } from '../client.ts'
import { rowsOf } from '../row.ts'

/** behaviour.md 3 and 4. */
const { rows, good, error } = rowsOf('assistants')
export const assistantRows = rows

const RANKING = { ranker: 'default_2024_08_21', score_threshold: 0, hybrid_search: null }
const f = (fields: object = {}) => ({ type: 'function', function: { name: 'f', ...fields } })

good('createAssistant', 'model alone: defaults of everything else', 'R', async (bench) => {
  const made = await bench.newAssistant()
  assert.match(made.id, /^asst_[0-9A-Za-z]{24}$/)
  const { id: _, created_at, ...rest } = made
  assert.ok(Number.isInteger(created_at) && Math.abs(created_at - Date.now() / 1000) < 300)
  assert.deepEqual(rest, {
    object: 'assistant',
    name: null,
    description: null,
    model: bench.model,
    instructions: null,
    tools: [],
    top_p: 1,
    temperature: 1,
    reasoning_effort: null,
    tool_resources: {},
    metadata: {},
    response_format: 'auto',
  })
})
good('createAssistant', 'every field is echoed', 'D', async (bench) => {
  const fields = {
    name: 'Da 達',
    description: 'd',
    instructions: 'i',
    temperature: 0.5,
    top_p: 0.25,
    metadata: { a: 'b' },
    response_format: { type: 'json_object' },
  }
  const made = await bench.newAssistant(fields)
  const same = Object.fromEntries(
    Object.keys(fields).map((key) => [key, made[key as keyof AssistantObject]]),
  )
  assert.deepEqual(same, fields)
})
good('createAssistant', 'response_format json_schema is echoed as sent', 'D', async (bench) => {
  const response_format = {
    type: 'json_schema',
    json_schema: { name: 'n', schema: { type: 'object', properties: {} }, strict: false },
  }
  const made = await bench.newAssistant({ response_format })
  assert.deepEqual(made.response_format, response_format)
})
good('createAssistant', 'a function comes back with strict and parameters', 'R', async (bench) => {
  const made = await bench.newAssistant({ tools: [f()] })
  assert.deepEqual(made.tools, [
    f({ parameters: { type: 'object', properties: {} }, strict: false }),
  ])
})
good('createAssistant', 'file_search comes back with its ranking', 'R', async (bench) => {
  const plain = await bench.newAssistant({ tools: [{ type: 'file_search' }] })
  assert.deepEqual(plain.tools, [
    { type: 'file_search', file_search: { ranking_options: RANKING } },
  ])
  const few = await bench.newAssistant({
    tools: [{ type: 'file_search', file_search: { max_num_results: 3 } }],
  })
  assert.deepEqual(few.tools, [
    { type: 'file_search', file_search: { max_num_results: 3, ranking_options: RANKING } },
  ])
})
good('createAssistant', 'code_interpreter comes back bare, with its files', 'R', async (bench) => {
  const made = await bench.newAssistant({ tools: [{ type: 'code_interpreter' }] })
  assert.deepEqual(made.tools, [{ type: 'code_interpreter' }])
  assert.deepEqual(made.tool_resources, { code_interpreter: { file_ids: [] } })
})
good('createAssistant', 'tool_resources name files and a store', 'D', async (bench) => {
  const [file, { store }] = [await bench.file(), await bench.filled()]
  const tool_resources = {
    code_interpreter: { file_ids: [file.id] },
    file_search: { vector_store_ids: [store.id] },
  }
  const tools = [{ type: 'code_interpreter' }, { type: 'file_search' }]
  const made = await bench.newAssistant({ tools, tool_resources })
  assert.deepEqual(made.tool_resources, tool_resources)
})
good('createAssistant', 'vector_stores makes a store', 'R', async (bench) => {
  const file = await bench.file()
  const made = await bench.newAssistant({
    tools: [{ type: 'file_search' }],
    tool_resources: { file_search: { vector_stores: [{ file_ids: [file.id] }] } },
  })
  const { vector_store_ids: ids = [], ...rest } = (made.tool_resources?.file_search ?? {}) as {
    vector_store_ids?: string[]
  }
  assert.deepEqual([ids.length, rest], [1, {}])
  bench.keep(`/vector_stores/${ids[0]}`)
  const { data } = await bench.api.get<{ data: { id: string }[] }>(`/vector_stores/${ids[0]}/files`)
  assert.deepEqual(
    data.map(({ id }) => id),
    [file.id],
  )
})
good('getAssistant', 'what was made', 'D', async (bench) => {
  const made = await bench.assistant()
  assert.deepEqual(await bench.api.get(`/assistants/${made.id}`), made)
})
good('listAssistants', 'has what was made', 'D', async (bench) => {
  const made = await bench.newAssistant()
  const { data } = await bench.api.get<{ data: AssistantObject[] }>('/assistants')
  assert.deepEqual(
    data.find(({ id }) => id === made.id),
    made,
  )
})
good('modifyAssistant', 'absent keys stay, lists replace', 'D', async (bench) => {
  const made = await bench.newAssistant({ name: 'A', instructions: 'i', tools: [f()] })
  const path = `/assistants/${made.id}`
  const changed = await bench.api.post<AssistantObject>(path, { name: 'B' })
  assert.deepEqual(changed, { ...made, name: 'B' })
  const bare = await bench.api.post<AssistantObject>(path, { tools: [] })
  assert.deepEqual(bare, { ...changed, tools: [] })
  assert.deepEqual(await bench.api.get(path), bare)
})
good('modifyAssistant', 'what metadata does to the stored map', '?', async (bench) => {
  const made = await bench.newAssistant({ metadata: { a: '1', b: '2' } })
  const path = `/assistants/${made.id}`
  const changed = await bench.api.post<AssistantObject>(path, { metadata: { a: '3' } })
  const cleared = await bench.api.post<AssistantObject>(path, { metadata: null })
  const how = 'b' in changed.metadata ? 'merged' : 'replaced'
  return `${how}; null gives ${JSON.stringify(cleared.metadata)}`
})
good('deleteAssistant', 'says so, and it is gone', 'R', async (bench) => {
  const { id } = await bench.newAssistant()
  const deleted = { id, object: 'assistant.deleted', deleted: true }
  assert.deepEqual(await bench.api.delete(`/assistants/${id}`), deleted)
  await bench.api.refused('GET', `/assistants/${id}`, {}, { status: 404 })
})
good('deleteAssistant', 'a second time', '?', async (bench) => {
  const { id } = await bench.newAssistant()
  await bench.api.delete(`/assistants/${id}`)
  return told(await bench.api.send('DELETE', `/assistants/${id}`))
})

error('createAssistant', 'a model that does not exist', 'R', async ({ api }) => {
  const model = 'no-such-model-here'
  const message = `The model '${model}' does not exist`
  const refusal = { status: 404, message, param: 'model', code: 'model_not_found' }
  await api.refused('POST', '/assistants', { body: { model } }, refusal)
})
error('createAssistant', 'a function whose name is not one', 'D', async ({ api, model }) => {
  const body = { model, tools: [f({ name: 'no spaces' })] }
  await api.refused('POST', '/assistants', { body }, { status: 400 })
})
error('createAssistant', 'a function whose parameters are no schema', 'R', async (bench) => {
  const body = { model: bench.model, tools: [f({ parameters: { type: 'string' } })] }
  await bench.api.refused(
    'POST',
    '/assistants',
    { body },
    {
      status: 400,
      message: /^Invalid schema for function 'f': /,
      param: 'tools[0].function.parameters',
      code: 'invalid_function_parameters',
    },
  )
})
error('createAssistant', 'a tool there is not', 'T', async ({ api, model }) => {
  const body = { model, tools: [{ type: 'crystal_ball' }] }
  const message = /^Invalid value: 'crystal_ball'\. Supported values are: /
  const refusal = { status: 400, message, param: 'tools[0].type', code: 'invalid_value' }
  await api.refused('POST', '/assistants', { body }, refusal)
})
const badResources: [what: string, resources: object][] = [
  [
    '21 files of code_interpreter',
    { code_interpreter: { file_ids: Array.from({ length: 21 }, (_, i) => `file-${i}`) } },
  ],
  ['two stores', { file_search: { vector_store_ids: ['vs_1', 'vs_2'] } }],
]
for (const [what, tool_resources] of badResources)
  error('createAssistant', what, 'D', async ({ api, model }) => {
    await api.refused('POST', '/assistants', { body: { model, tool_resources } }, { status: 400 })
  })
error('createAssistant', "a file that is nobody's", 'R', async ({ api, model }) => {
  const id = `file-${'x'.repeat(24)}`
  const tool_resources = { code_interpreter: { file_ids: [id] } }
  const refusal = { status: 404, message: `No such File object: ${id}` }
  const tools = [{ type: 'code_interpreter' }]
  await api.refused('POST', '/assistants', { body: { model, tools, tool_resources } }, refusal)
})
error('createAssistant', "a store that is nobody's", '?', async ({ api, model }) => {
  const tool_resources = { file_search: { vector_store_ids: [`vs_${'x'.repeat(24)}`] } }
  const tools = [{ type: 'file_search' }]
  return told(await api.send('POST', '/assistants', { body: { model, tools, tool_resources } }))
})
