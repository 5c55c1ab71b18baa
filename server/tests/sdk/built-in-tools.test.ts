import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import OpenAI from 'openai'
import OpenAI4 from 'openai-v4'
import OpenAI5 from 'openai-v5'
import OpenAI6 from 'openai-v6'
import { pythonClient } from '../../../scripts/python-clients.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { checkedFetch } from '../support/factories.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'
import { PYTHON, searchThenPython, toolHouse } from '../support/tool-turns.ts'

const PROGRAM = path.join(import.meta.dirname, '../support/python/built_in_tools.py')
const CALLS = ['file_search', 'code_interpreter'].flatMap((type) => [
  `created ${type}`,
  `done ${type}`,
])

/**
 * Before npm 7 the helper tells calls apart by their index alone, which begins at 0 in each step: it does not see that the second step's
 * call is another one. Python's says it is done whenever a delta comes.
 */
const CALLS_OF_OLDER = CALLS.slice(0, 2)
const CALLS_OF_PYTHON = [...CALLS_OF_OLDER, ...Array.from({ length: 3 }, () => CALLS[3])]

// The classes differ in private parts only; what is used here they share.
const VERSIONS = [
  ['4', OpenAI4],
  ['5', OpenAI5],
  ['6', OpenAI6],
  ['7', OpenAI],
] as unknown as [string, typeof OpenAI][]

// What the helpers of each SDK make of a run that searches files and runs Python (behaviour.md 12, 13).
let model: ScriptedModel
let server: BootedServer
let house: { assistantId: string; fileId: string }

before(async () => {
  model = await startScriptedModel({ handler: ({ body }) => searchThenPython(body) })
  server = await bootServer({ model: { url: model.url }, interpreter: true })
  house = await toolHouse(server)
})
after(async () => {
  await server?.[Symbol.asyncDispose]()
  await model?.[Symbol.asyncDispose]()
})

for (const [version, Client] of VERSIONS) {
  describe(`built-in tools with openai ${version}`, () => {
    it('streams citations, Python, its outputs and its files', async () => {
      const client = new Client({
        baseURL: server.baseUrl,
        apiKey: server.apiKey,
        maxRetries: 0,
        fetch: checkedFetch(server.baseUrl),
      })
      const thread = await client.beta.threads.create({
        messages: [{ role: 'user', content: 'leave?' }],
      })
      const stream = client.beta.threads.runs.stream(thread.id, {
        assistant_id: house.assistantId,
      })
      const calls: string[] = []
      let input = ''
      stream.on('toolCallCreated', (call) => calls.push(`created ${call.type}`))
      stream.on('toolCallDelta', (delta) => {
        if (delta.type === 'code_interpreter') input += delta.code_interpreter?.input ?? ''
      })
      stream.on('toolCallDone', (call) => calls.push(`done ${call.type}`))
      assert.equal((await stream.finalRun()).status, 'completed')
      assert.deepEqual(calls, version === '7' ? CALLS : CALLS_OF_OLDER)
      assert.equal(input, PYTHON)
      const [search, python] = (await stream.finalRunSteps()).flatMap(({ step_details: details }) =>
        details.type === 'tool_calls' ? details.tool_calls : [],
      )
      assert.ok(search?.type === 'file_search' && python?.type === 'code_interpreter')
      assert.equal(search.file_search.results?.[0]?.file_id, house.fileId)
      assert.deepEqual(python.code_interpreter.outputs, [{ type: 'logs', logs: '42\n' }])
      const [message] = await stream.finalMessages()
      const [part] = message?.content ?? []
      assert.ok(part?.type === 'text')
      const [citation, link] = part.text.annotations
      assert.ok(citation?.type === 'file_citation' && link?.type === 'file_path')
      assert.equal(citation.file_citation.file_id, house.fileId)
      for (const { text, start_index: start, end_index: end } of part.text.annotations) {
        assert.equal(Array.from(part.text.value).slice(start, end).join(''), text)
      }
      const content = await client.files.content(link.file_path.file_id)
      assert.equal(await content.text(), '42')
    })
  })
}

for (const client of ['openai-1.39', 'openai-1', 'openai-2', 'openai-3'] as const) {
  describe(
    `Python package ${client}: built-in tools`,
    skipUnless('python3', 'python3-venv'),
    () => {
      it('stream of file_search and code_interpreter: citations, Python, its outputs and its files', async () => {
        const { stdout } = await promisify(execFile)(pythonClient(client), [PROGRAM], {
          timeout: 60_000,
          env: {
            PATH: process.env['PATH'] ?? '',
            LANG: 'C.UTF-8',
            PYTHONDONTWRITEBYTECODE: '1',
            BASE_URL: server.baseUrl,
            API_KEY: server.apiKey,
            ASSISTANT_ID: house.assistantId,
          },
        })
        assert.deepEqual(JSON.parse(stdout), {
          calls: CALLS_OF_PYTHON,
          input: PYTHON,
          outputs: [{ index: 0, type: 'logs', logs: '42\n' }],
          marks: [
            ['file_citation', true],
            ['file_path', true],
          ],
          cited: house.fileId,
          file: '42',
        })
      })
    },
  )
}
