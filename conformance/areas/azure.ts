import assert from 'node:assert/strict'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { Bench } from '../bench.ts'
import { Client, type Request } from '../client.ts'
import { last } from '../event-order.ts'
import { rowsOf, type Row } from '../row.ts'

/** behaviour.md 15: the same server as Azure's clients call it. */
const { rows, good, error, stream } = rowsOf('azure')
export const azureRows: Row[] = rows

const VERSION = 'api-version=2024-05-01-preview'
const NEED = 'an Azure address'
const client = ({ target }: Bench) => new Client(target.azureUrl ?? '', target.apiKey)
/** Its key in the header Azure's clients send. */
const keyed = ({ target }: Bench): Request => ({
  key: null,
  headers: { 'api-key': target.apiKey, 'openai-beta': 'assistants=v2' },
})

good('createAssistant', 'api-key and api-version', 'S', async (bench) => {
  const [azure, request] = [client(bench), keyed(bench)]
  const body = { model: bench.model }
  const made = await azure.call<{ id: string }>('POST', `/assistants?${VERSION}`, body, request)
  bench.keep(`/assistants/${made.id}`)
  const found = await azure.call('GET', `/assistants/${made.id}?${VERSION}`, undefined, request)
  assert.deepEqual(found, made)
  const { data } = await azure.call<{ data: { id: string }[] }>(
    'GET',
    `/assistants?${VERSION}&limit=1`,
    undefined,
    request,
  )
  assert.equal(data.length, 1)
})
good('createRun', 'a run on a thread', 'S', async (bench) => {
  const [azure, request] = [client(bench), keyed(bench)]
  const body = { messages: [{ role: 'user', content: 'Say hello.' }] }
  const thread = await azure.call<ThreadObject>('POST', `/threads?${VERSION}`, body, request)
  bench.keep(`/threads/${thread.id}`)
  bench.says({ text: 'Hello.' })
  const { id } = await bench.assistant()
  const path = `/threads/${thread.id}/runs?${VERSION}`
  const run = await azure.call<RunObject>('POST', path, { assistant_id: id }, request)
  assert.equal((await bench.settled(run)).status, 'completed')
})
good('listFiles', 'files and stores', 'S', async (bench) => {
  for (const path of ['/files', '/vector_stores'])
    await client(bench).call('GET', `${path}?${VERSION}`, undefined, keyed(bench))
})
good('createChatCompletion', 'a deployment in the path', 'S', async (bench) => {
  const deployment = encodeURIComponent(bench.model)
  const path = `/deployments/${deployment}/chat/completions?${VERSION}`
  const body = { messages: [{ role: 'user', content: 'Say hello.' }] }
  const reply = await client(bench).fetch('POST', path, { ...keyed(bench), body })
  assert.equal(reply.status, 200, await reply.clone().text())
  const { object } = (await reply.json()) as { object: string }
  assert.equal(object, 'chat.completion')
})
stream('createThreadAndRun', 'a stream', 'S', async (bench) => {
  bench.says({ text: 'Hello.' })
  const { id } = await bench.assistant()
  const thread = { messages: [{ role: 'user', content: 'Say hello.' }] }
  const path = `/threads/runs?${VERSION}`
  const events = await client(bench).events(
    path,
    { assistant_id: id, thread },
    { makesThread: true },
  )
  bench.keep(`/threads/${last<RunObject>(events, 'run.completed').thread_id}`)
})
error('listAssistants', 'no key', 'T', async (bench) => {
  await client(bench).refused('GET', `/assistants?${VERSION}`, { key: null }, { status: 401 })
})
for (const row of rows) row.needs = [NEED]
