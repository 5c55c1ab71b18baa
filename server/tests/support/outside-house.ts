/** A whole server with an assistant whose every private text holds a word that is nowhere else, and a model that repeats all it is told by tools. */
import assert from 'node:assert/strict'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import { openDoorHouse, type DoorHouse, type Somebody } from './door-house.ts'
import { ASSISTANTS, addText } from './vector-stores.ts'
import { fakePython, type PythonRequest } from './fake-python.ts'
import { fakeSandbox, sandboxResult } from './fake-sandbox.ts'
import { pythonFile } from './plugin-files.ts'
import type { ChatBody } from './scripted-auto.ts'
import type { ScriptedTurn } from './scripted-turn.ts'
import type { TestEngine } from './store-engines.ts'

/** What nobody below `view` may read anywhere. */
export const CANARIES = {
  instructions: 'zebra-instructions',
  parameter: 'zebra-parameter',
  metadata: 'zebra-metadata',
  knowledgeName: 'zebra-handbook.txt',
  attribute: 'zebra-attribute',
  codeFileName: 'zebra-table.csv',
  source: 'zebra_source',
  line: 'zebra_line',
  schema: 'zebra_schema',
  provider: 'zebra-provider',
  code: 'zebra-code',
}

/** Told by the assistant's own file; its content reaches answers, as the design has it. */
export const KNOWN = 'Leave is twenty days.'

const told = ({ messages = [] }: ChatBody): string[] => {
  const last = messages.findLastIndex(({ role }) => role === 'user')
  return messages
    .slice(last)
    .flatMap(({ role, content }) =>
      role === 'tool' && typeof content === 'string' ? [content] : [],
    )
}

const ARGUMENTS: Readonly<Record<string, object>> = {
  file_search: { query: 'leave travel' },
  code_interpreter: { code: `print('${CANARIES.code}')` },
}

/** Calls each tool once, in their order, then says what they told. */
const repeats = (body: ChatBody): ScriptedTurn => {
  const texts = told(body)
  const next = body.tools?.[texts.length]?.function.name
  if (next === undefined) return { text: ['I was told: ', ...texts] }
  return { toolCalls: [{ name: next, arguments: ARGUMENTS[next] ?? {} }] }
}

export interface OutsideHouse extends AsyncDisposable {
  house: DoorHouse
  owner: Somebody
  /** With no right yet. */
  friend: Somebody
  assistant: AssistantObject
  storeId: string
  knowledgeId: string
  codeFileId: string
  pluginId: string
  /** What Python was asked. */
  python: PythonRequest[]
  share(access: 'use' | 'view' | 'edit'): Promise<void>
  /** A key of the owner's that may only use the assistant. */
  limitedKey(): Promise<Somebody>
  /** What the model was told since the given request, as one text. */
  heardSince(count: number): string
}

export const openOutsideHouse = async (engine: TestEngine): Promise<OutsideHouse> => {
  await using stack = new AsyncDisposableStack()
  const message = `NameError: name '${CANARIES.line}' is not defined`
  const traceback = `Traceback (most recent call last):\n  File "plugin.py", line 2, in <module>\n    ${CANARIES.line}\n${message}`
  const { driver } = fakeSandbox(() =>
    Promise.resolve(
      sandboxResult({
        ok: false,
        error: { kind: 'python', message, traceback },
        stderr: traceback,
      }),
    ),
  )
  const { interpreter, asked } = fakePython(() => Promise.resolve({ logs: 'printed' }))
  const house = stack.use(
    await openDoorHouse(
      engine,
      {},
      { handler: ({ body }) => repeats(body), sandbox: driver, interpreter },
    ),
  )
  await house.context.indexer.start(false)
  const owner = await house.person()
  const friend = await house.person({ workspaceId: owner.workspaceId })
  const { id: storeId } = await owner.api.post<VectorStoreObject>('/vector_stores', {})
  const knowledge = await addText(owner.api, storeId, KNOWN, CANARIES.knowledgeName, {
    attributes: { of: CANARIES.attribute },
  })
  const codeFile = await owner.api.file('a,b', CANARIES.codeFileName, ASSISTANTS)
  const assistant = await owner.api.assistant({
    name: 'Shared',
    instructions: CANARIES.instructions,
    metadata: { of: CANARIES.metadata },
    tools: [
      { type: 'file_search', file_search: { max_num_results: 7 } },
      { type: 'code_interpreter' },
    ],
    tool_resources: {
      file_search: { vector_store_ids: [storeId] },
      code_interpreter: { file_ids: [codeFile.id] },
    },
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'answer', schema: { type: 'object', title: CANARIES.schema } },
    },
  })
  const parameters = {
    type: 'object',
    properties: { what: { type: 'string', description: CANARIES.parameter } },
  }
  const file = pythonFile('look', `# ${CANARIES.source}\n${CANARIES.line}`, { parameters })
  const { id: pluginId } = await owner.api.post<{ id: string }>('/plugins', file)
  await owner.api.post(`/assistants/${assistant.id}/plugins`, { plugin_id: pluginId })
  await owner.api.post(`/assistants/${assistant.id}/settings`, { plugin_mode: 'server' })
  const owned = stack.move()
  return {
    house,
    owner,
    friend,
    assistant,
    storeId,
    knowledgeId: knowledge.id,
    codeFileId: codeFile.id,
    pluginId,
    python: asked,
    share: async (access) => {
      const share = { type: 'person', person_id: friend.personId, access }
      await owner.api.post(`/assistants/${assistant.id}/shares`, share)
    },
    limitedKey: async () => {
      const key = await house.key(owner)
      const changed = await house.sql(
        "update api_keys set assistant_ids = ?2, most = 'use' where id = ?1",
        key.keyId,
        JSON.stringify([assistant.id]),
      )
      assert.equal(changed, 1)
      return key
    },
    heardSince: (count) =>
      JSON.stringify(house.model.requests.slice(count).map(({ body }) => body)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
