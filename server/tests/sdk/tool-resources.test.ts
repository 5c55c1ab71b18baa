import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import { pythonClient } from '../../../scripts/python-clients.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { checkedFetch } from '../support/factories.ts'

const PROGRAM = path.join(import.meta.dirname, '../support/python/tool_resources.py')
const TIMEOUT_MS = 60_000

// What a program does that gives its assistant a handbook and its thread a table, with the newest of both SDKs.
describe('tool resources and attachments', () => {
  let server: BootedServer
  before(async () => {
    server = await bootServer()
  })
  after(() => server?.[Symbol.asyncDispose]())

  it('with the openai package 7', async () => {
    const { baseUrl, apiKey } = server
    const client = new OpenAI({
      baseURL: baseUrl,
      apiKey,
      maxRetries: 0,
      fetch: checkedFetch(baseUrl),
    })
    const upload = async (text: string, name: string) =>
      (await client.files.create({ file: new File([text], name), purpose: 'assistants' })).id
    const book = await upload('達哥 likes figs', 'book.txt')
    const table = await upload('a,b', 'table.csv')

    const assistant = await client.beta.assistants.create({
      model: 'melzi-demo',
      tools: [{ type: 'file_search' }, { type: 'code_interpreter' }],
      tool_resources: { file_search: { vector_stores: [{ file_ids: [book] }] } },
    })
    const [store = ''] = assistant.tool_resources?.file_search?.vector_store_ids ?? []
    const indexed = await client.vectorStores.files.poll(store, book)
    assert.equal(indexed.status, 'completed')
    assert.deepEqual(await client.beta.assistants.retrieve(assistant.id), assistant)
    const updated = await client.beta.assistants.update(assistant.id, {
      tool_resources: { code_interpreter: { file_ids: [table] } },
    })
    assert.deepEqual(updated.tool_resources, {
      code_interpreter: { file_ids: [table] },
      file_search: { vector_store_ids: [store] },
    })

    const attachments = [
      { file_id: table, tools: [{ type: 'code_interpreter' as const }] },
      { file_id: book, tools: [{ type: 'file_search' as const }] },
    ]
    const thread = await client.beta.threads.create({
      messages: [{ role: 'user', content: 'Read.', attachments }],
    })
    assert.deepEqual(thread.tool_resources?.code_interpreter, { file_ids: [table] })
    const own = thread.tool_resources?.file_search?.vector_store_ids ?? []
    assert.equal(own.length, 1)
    const expires = (await client.vectorStores.retrieve(own[0] ?? '')).expires_after
    assert.equal(expires?.days, 7)
    const { data } = await client.beta.threads.messages.list(thread.id)
    assert.deepEqual(data[0]?.attachments, attachments)
    const emptied = await client.beta.threads.update(thread.id, {
      tool_resources: { code_interpreter: { file_ids: [] } },
    })
    assert.deepEqual(emptied.tool_resources, { file_search: { vector_store_ids: own } })
    assert.deepEqual(await client.beta.threads.retrieve(thread.id), emptied)
    await assert.rejects(
      client.beta.threads.messages.create(thread.id, {
        role: 'user',
        content: 'x',
        attachments: [{ file_id: 'file-none', tools: [{ type: 'file_search' }] }],
      }),
      OpenAI.NotFoundError,
    )
  })

  it('with the Python package 3', skipUnless('python3', 'python3-venv'), async () => {
    const { stdout } = await promisify(execFile)(pythonClient('openai-3'), [PROGRAM], {
      timeout: TIMEOUT_MS,
      env: {
        PATH: process.env['PATH'] ?? '',
        LANG: 'C.UTF-8',
        PYTHONDONTWRITEBYTECODE: '1',
        BASE_URL: server.baseUrl,
        API_KEY: server.apiKey,
      },
    })
    assert.deepEqual(JSON.parse(stdout), {
      tools: ['file_search', 'code_interpreter'],
      ranker: 'default_2024_08_21',
      indexed: 'completed',
      same: true,
      updated: [1, true],
      thread: [1, 1],
      days: 7,
      attachments: [['code_interpreter'], ['file_search']],
      emptied: true,
      refused: 404,
    })
  })
})
