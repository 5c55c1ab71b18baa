/** A run that searches files, runs Python and answers with marks of both: for suites of SDKs. */
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { VectorStoreObject } from '@melzi/contract/vector-store.ts'
import type { Key } from './boot.ts'
import { Api } from './factories.ts'
import type { ChatBody } from './scripted-auto.ts'
import type { ScriptedTurn } from './scripted-turn.ts'
import { addText } from './vector-stores.ts'

export const PYTHON = "open('/mnt/data/sum.txt', 'w').write('42')\nprint(42)"

/** What the scripted model says to each request of such a run. */
export const searchThenPython = (body: ChatBody): ScriptedTurn => {
  const told = (body.messages ?? []).flatMap(({ role, content }) =>
    role === 'tool' && typeof content === 'string' ? [content] : [],
  )
  const [search] = told
  if (search === undefined) {
    return { toolCalls: [{ name: 'file_search', arguments: { query: 'annual leave' } }] }
  }
  if (told.length === 1) {
    return { toolCalls: [{ name: 'code_interpreter', arguments: { code: PYTHON }, pieces: 6 }] }
  }
  const mark = /【[^】]*】/.exec(search)?.[0] ?? 'no mark'
  return {
    text: [
      'Ten 😀 days',
      mark.slice(0, 4),
      mark.slice(4),
      '; see [it](sandbox:/mnt',
      '/data/sum.txt).',
    ],
  }
}

/** An assistant with both tools and a store of one file. */
export const toolHouse = async (key: Key): Promise<{ assistantId: string; fileId: string }> => {
  const api = new Api(key)
  const store = await api.post<VectorStoreObject>('/vector_stores', {})
  const { id: fileId } = await addText(api, store.id, 'Ten days of annual leave.', 'leave.txt')
  const assistant: AssistantObject = await api.assistant({
    tools: [{ type: 'file_search' }, { type: 'code_interpreter' }],
    tool_resources: { file_search: { vector_store_ids: [store.id] } },
  })
  return { assistantId: assistant.id, fileId }
}
