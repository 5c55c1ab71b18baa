import assert from 'node:assert/strict'
import type { Operation } from '@melzi/contract/reference/operation.ts'
import { PARTS } from '@melzi/contract/reference/parts.ts'
import { CANARIES } from '../support/canaries.ts'
import type { Caller, LeakHouse } from '../support/leak-house.ts'

interface Page {
  data: { id: string }[]
}

/** What a maker has: two assistants of all kinds of tools, one whose plugins run here and one whose client calls them. */
export interface Made {
  maker: Caller
  server: string
  client: string
  ids: Readonly<Record<string, string>>
}

/** An assistant may have one canary in each of its texts; name and description are for everybody who may use it. */
export const makeAssistants = async (h: LeakHouse, maker: Caller): Promise<Made> => {
  const knowledge = `The leave of everybody is ten days: ${CANARIES.knowledgeContent}.`
  const { id: knowledgeFile } = await h.upload(maker, `${CANARIES.knowledgeName}.txt`, knowledge)
  const { id: codeFile } = await h.upload(
    maker,
    `${CANARIES.codeFileName}.csv`,
    CANARIES.codeFileContent,
  )
  const store = await h.make(maker, '/vector_stores', { name: CANARIES.storeName })
  await h.make(maker, `/vector_stores/${store.id}/files`, {
    file_id: knowledgeFile,
    attributes: { note: CANARIES.knowledgeAttribute },
  })
  await h.until(maker, `/vector_stores/${store.id}/files/${knowledgeFile}`, ['completed'])
  const source = (what: string) =>
    `# ${CANARIES.pluginComment}\nprint("${what} ${CANARIES.pluginSource}")`
  const fine = await h.plugin(maker, 'fine', source('works'), ['KEY'])
  await h.make(maker, `/plugins/${fine.id}/secrets`, {
    name: 'KEY',
    value: CANARIES.pluginSecret,
  })
  const broken = await h.plugin(maker, 'broken', source('fails'))
  const quiet = await h.plugin(maker, 'quiet', source('quiet'))
  const weather = await h.make(maker, '/plugins', {
    id: 'forecast',
    name_for_model: 'forecast',
    description_for_model: CANARIES.pluginDescription,
    api: { type: 'openapi', url: h.openapiUrl },
  })
  const schema = { type: 'object', description: CANARIES.responseFormat, properties: {} }
  const settings = {
    model: 'scripted',
    name: 'Helper',
    description: 'Helps.',
    instructions: CANARIES.instructions,
    metadata: { note: CANARIES.metadata },
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
    tools: [
      { type: 'file_search', file_search: { max_num_results: 7 } },
      { type: 'code_interpreter' },
      {
        type: 'function',
        function: {
          name: 'lookup',
          description: CANARIES.functionDescription,
          parameters: {
            type: 'object',
            properties: { word: { type: 'string', description: CANARIES.parameterDescription } },
          },
        },
      },
    ],
    tool_resources: {
      file_search: { vector_store_ids: [store.id] },
      code_interpreter: { file_ids: [codeFile] },
    },
  }
  const made: string[] = []
  for (const mode of ['server', 'client'] as const) {
    const { id } = await h.make(maker, '/assistants', settings)
    made.push(id)
    const plugins = [fine, broken, weather, ...(mode === 'server' ? [quiet] : [])]
    for (const plugin of plugins)
      await h.make(maker, `/assistants/${id}/plugins`, { plugin_id: plugin.id })
    await h.make(maker, `/assistants/${id}/settings`, { plugin_mode: mode })
  }
  const [server = '', client = ''] = made
  const own = await talkOnce(h, maker, server, `search ${CANARIES.makersThread}`)
  const test = await h.make(maker, `/plugins/${fine.id}/test`, { arguments: {} })
  const { id: share } = await h.make(maker, `/assistants/${server}/shares`, { type: 'workspace' })
  await h.ask(maker, 'DELETE', `/assistants/${server}/shares/${share}`)
  const ids = {
    ...own,
    assistant_id: server,
    file_id: knowledgeFile,
    vector_store_id: store.id,
    plugin_id: fine.id,
    call_id: test.id,
    version: '1',
    person_id: maker.personId,
    share_id: share,
    name: 'KEY',
    model: 'scripted',
    picture: 'none.png',
  }
  return { maker, server, client, ids }
}

/** One question and its answer, whole, with the ids of what came of it. */
const talkOnce = async (
  h: LeakHouse,
  who: Caller,
  assistantId: string,
  content: string,
  fields: object = {},
): Promise<{ thread_id: string; run_id: string; message_id: string; step_id: string }> => {
  const { id: thread } = await h.make(who, '/threads', { messages: [{ role: 'user', content }] })
  return goOn(h, who, { assistantId, thread, ...fields })
}

/** A run on a thread of the caller's, to its end or until it waits. */
export const goOn = async (
  h: LeakHouse,
  who: Caller,
  { assistantId, thread, ...fields }: { assistantId: string; thread: string },
) => {
  const runs = `/threads/${thread}/runs`
  const run = await h.make(who, runs, { assistant_id: assistantId, ...fields })
  const rests = ['completed', 'failed', 'requires_action', 'cancelled', 'incomplete']
  await h.until(who, `${runs}/${run.id}`, rests)
  const { data: steps } = await h.get<Page>(who, `${runs}/${run.id}/steps?order=asc`)
  const { data: messages } = await h.get<Page>(who, `/threads/${thread}/messages`)
  return {
    thread_id: thread,
    run_id: run.id,
    message_id: messages[0]?.id ?? 'msg_none',
    step_id: steps[0]?.id ?? 'step_none',
  }
}

/** The `id:` of the fourth event of a run, where a reader may come back; of a short run it is the last one. */
const LATER = 10_000_004
const SEARCHED = 'include[]=step_details.tool_calls[*].file_search.results[*].content'
const QUESTIONS = [
  'plugin fine',
  'plugin broken',
  'plugin quiet',
  'plugin weather',
  'search',
] as const

/** Everything that whoever may use an assistant can do with it. @returns ids of a talk of theirs */
export const useAssistants = async (h: LeakHouse, who: Caller, { server, client }: Made) => {
  for (const question of [...QUESTIONS, 'python', 'fail'] as const) {
    const { id: thread } = await h.make(who, '/threads', {
      messages: [{ role: 'user', content: `${question}, please` }],
    })
    const runs = `/threads/${thread}/runs?${SEARCHED}`
    const heard = await h.ask(who, 'POST', runs, { assistant_id: server, stream: true })
    assert.match(heard.text, /event: done/, heard.what)
    await readAll(h, who, thread)
  }
  for (const stream of [true, false]) {
    const thread = { messages: [{ role: 'user', content: 'search' }] }
    await h.ask(who, 'POST', '/threads/runs', { assistant_id: server, thread, stream })
  }
  await cancelled(h, who, server)
  await clientCalls(h, who, { server, client })
  await readSnapshot(h, who, server)
  const own = await talkOnce(h, who, server, `search ${CANARIES.othersThread}`)
  const feedback = `/threads/${own.thread_id}/messages/${own.message_id}/feedback`
  await h.make(who, feedback, { rating: 'down', comment: 'No.' })
  await wrongRequests(h, who, { server, client }, own.thread_id)
  return own
}

/** A thread with all that came of it, and the events of its runs from everywhere. */
export const readAll = async (h: LeakHouse, who: Caller, thread: string): Promise<void> => {
  const at = `/threads/${thread}`
  await h.get(who, at)
  const { data: messages } = await h.get<Page>(who, `${at}/messages`)
  for (const { id } of messages) await h.get(who, `${at}/messages/${id}`)
  const { data: runs } = await h.get<Page>(who, `${at}/runs`)
  for (const { id } of runs) {
    const run = `${at}/runs/${id}`
    await h.get(who, run)
    const { data: steps } = await h.get<Page>(who, `${run}/steps?${SEARCHED}`)
    for (const step of steps) await h.get(who, `${run}/steps/${step.id}?${SEARCHED}`)
    for (const after of [0, LATER])
      await h.ask(who, 'GET', `${run}/events?after=${after}`, undefined, (text) =>
        /event: (?:done|error|thread\.run\.requires_action)/.test(text),
      )
    await h.make(who, run, { metadata: { seen: 'yes' } })
  }
}

/** A run that is cancelled while its model says something. */
const cancelled = async (h: LeakHouse, who: Caller, server: string): Promise<void> => {
  const { id: thread } = await h.make(who, '/threads', {
    messages: [{ role: 'user', content: 'hang' }],
  })
  const run = await h.make(who, `/threads/${thread}/runs`, { assistant_id: server })
  await h.make(who, `/threads/${thread}/runs/${run.id}/cancel`, {})
  await h.until(who, `/threads/${thread}/runs/${run.id}`, ['cancelled'])
  await readAll(h, who, thread)
}

interface Waiting {
  required_action: { submit_tool_outputs: { tool_calls: { id: string }[] } }
}

/** Whoever comes back when the events are gone gets the stored state in their place. */
const readSnapshot = async (h: LeakHouse, who: Caller, server: string): Promise<void> => {
  const { thread_id: threadId, run_id: id } = await talkOnce(h, who, server, 'lookup')
  await h.loseEvents(threadId, id)
  const address = `/threads/${threadId}/runs/${id}`
  const heard = await h.ask(who, 'GET', `${address}/events?after=1`, undefined, (text) =>
    /snapshot[^]+\n\n/.test(text),
  )
  assert.match(heard.text, /event: thread\.run\.snapshot/)
  await h.make(who, `${address}/cancel`, {})
}

/** Functions that the client makes: its own, and plugins by /pluginapi. */
const clientCalls = async (
  h: LeakHouse,
  who: Caller,
  { server, client }: Pick<Made, 'server' | 'client'>,
): Promise<void> => {
  for (const [assistantId, content] of [
    [server, 'lookup'],
    [client, 'lookup'],
    [client, 'plugin broken'],
    [client, 'plugin weather'],
  ] as const) {
    const { thread_id: thread, run_id: id } = await talkOnce(h, who, assistantId, content)
    for (const name of ['fine', 'broken', 'quiet', 'weather', 'forecast', 'lookup', 'none'])
      await h.ask(who, 'POST', `/pluginapi?tid=${thread}&aid=${assistantId}&pid=${name}`, {})
    await readAll(h, who, thread)
    const run = `/threads/${thread}/runs/${id}`
    const { required_action: action } = await h.get<Waiting>(who, run)
    const outputs = action.submit_tool_outputs.tool_calls.map((call) => ({
      tool_call_id: call.id,
      output: 'ten',
    }))
    const submit = `${run}/submit_tool_outputs`
    await h.ask(who, 'POST', submit, { tool_outputs: outputs, stream: true })
    await readAll(h, who, thread)
    await h.ask(who, 'POST', submit, { tool_outputs: outputs })
  }
}

/** What is refused, for the texts of the refusals. */
const wrongRequests = async (
  h: LeakHouse,
  who: Caller,
  { server, client }: Pick<Made, 'server' | 'client'>,
  thread: string,
): Promise<void> => {
  const wrong: object[] = [
    { model: 'other' },
    { instructions: 'Say everything.' },
    { tools: [] },
    { tools: [{ type: 'file_search' }] },
    { tool_choice: { type: 'function', function: { name: 'none' } } },
    { additional_messages: [{ role: 'user', content: [] }] },
    { max_prompt_tokens: 1 },
    { response_format: { type: 'json_schema' } },
  ]
  for (const fields of wrong) {
    const body = { assistant_id: server, ...fields }
    await h.ask(who, 'POST', `/threads/${thread}/runs`, body)
    await h.ask(who, 'POST', '/threads/runs', { ...body, thread: { messages: [] } })
  }
  await h.ask(who, 'POST', '/threads/runs', {
    assistant_id: server,
    tool_resources: { file_search: {} },
  })
  const bodies = [{}, [], 'text']
  for (const [index, params] of ['', '&params={', `&params=${'['.repeat(200)}`].entries())
    for (const aid of [server, client, 'asst_none'])
      await h.ask(
        who,
        'POST',
        `/pluginapi?tid=${thread}&aid=${aid}&pid=broken${params}`,
        bodies[index],
      )
}

/** Azure's second address of a call is the same route under another name; who erases or leaves hears nothing more. */
const OPERATIONS: readonly Operation[] = PARTS.flatMap(({ operations }) => operations).filter(
  ({ place }) => place !== 'azure' && place !== 'root',
)
const GONE = new Set(['erasePerson', 'removePerson', 'setUp', 'getOpenApi'])
/** What gives a copy of the assistant to who may look into it, plugins and all. */
const COPIES = new Set(['duplicateAssistant'])

/** Asks every operation of the reference for each set of ids: what it gives is heard, and what it refuses. */
export const askEverything = async (
  h: LeakHouse,
  who: Caller,
  sets: readonly Readonly<Record<string, string>>[],
  { writes }: { writes: boolean },
): Promise<void> => {
  for (const operation of OPERATIONS) {
    const { method, path, body, id, query } = operation
    if (GONE.has(id) || (method !== 'get' && (!writes || COPIES.has(id)))) continue
    const addresses = new Set(
      // what is written is written to what is the maker's
      (method === 'get' ? sets : sets.slice(-1)).map((ids) =>
        path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
          encodeURIComponent(ids[name] ?? `${name}_none`),
        ),
      ),
    )
    for (const address of addresses) {
      const bodies =
        method !== 'post' ? [undefined] : body?.type === 'json' ? [{}, body.example] : [{}]
      for (const given of bodies) {
        const isStream = id === 'readRunEvents'
        await h.ask(who, method, address, given, isStream ? () => true : undefined)
      }
      if (method !== 'get' || query === undefined || !('after' in shapeOf(query.schema))) continue
      for (const cursor of ['limit=1&order=asc', 'after=none_1'])
        await h.ask(who, 'get', `${address}?${cursor}`)
    }
  }
}

const shapeOf = (schema: { _zod: { def: object } }): object =>
  'shape' in schema._zod.def ? (schema._zod.def.shape as object) : {}
