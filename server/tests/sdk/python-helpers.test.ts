import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { pythonClient } from '../../../scripts/python-clients.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

// Every helper of the Python package in each of its generations, by one program that prints how each went. Its pollers wait on counts, and
// read openai-poll-after-ms once (behaviour.md 13). Helpers for file_search and code_interpreter in runs: add them to helpers.py and here.
const PROGRAM = path.join(import.meta.dirname, '../support/python/helpers.py')
const TIMEOUT_MS = 90_000

const GENERATIONS = ['openai-1.39', 'openai-1', 'openai-2', 'openai-3'] as const

const HELPERS = [
  'runs.create_and_poll',
  'runs.poll',
  'runs.stream with event handlers',
  'runs.stream, text_deltas',
  'runs.create(stream=True)',
  'runs.submit_tool_outputs',
  'runs.submit_tool_outputs_and_poll',
  'runs.submit_tool_outputs_stream',
  'threads.create_and_run_poll',
  'threads.create_and_run_stream',
  'runs.cancel',
  'a busy thread: queue by extra_body',
  'runs.steps.list',
  'messages.list, page by page',
  'assistants and threads: create, update, delete',
  'AsyncOpenAI: runs.stream, create_and_poll',
  'files: create, wait_for_processing, content, list, delete',
  'uploads: create, parts, complete',
  'uploads.upload_file_chunked',
  'vector_stores.files.upload_and_poll',
  'vector_stores.files.create_and_poll',
  'vector_stores.file_batches.upload_and_poll',
  'vector_stores.file_batches.create_and_poll',
  'vector_stores.files.list, page by page',
  'vector_stores.search',
  'vector_stores.files.content',
  'vector_stores: update, list, delete',
  'chat.completions, whole and streamed',
  'models.list',
  'errors: class, code, param, request id',
] as const

/** What is younger than a generation. */
const ABSENT: Partial<Record<(typeof GENERATIONS)[number], readonly string[]>> = {
  'openai-1.39': [
    'uploads.upload_file_chunked',
    'vector_stores.search',
    'vector_stores.files.content',
  ],
}

interface Printed {
  version: string
  results: Record<string, string | null>
}

for (const generation of GENERATIONS)
  describe(`Python package ${generation}`, skipUnless('python3', 'python3-venv'), () => {
    let model: ScriptedModel
    let server: BootedServer
    let printed: Printed

    before(async () => {
      model = await startScriptedModel({ auto: true })
      server = await bootServer({ model: { url: model.url }, env: { MELZI_POLL_MS: '100' } })
      const { stdout } = await promisify(execFile)(pythonClient(generation), [PROGRAM], {
        timeout: TIMEOUT_MS,
        env: {
          PATH: process.env['PATH'] ?? '',
          LANG: 'C.UTF-8',
          PYTHONDONTWRITEBYTECODE: '1',
          BASE_URL: server.baseUrl,
          API_KEY: server.apiKey,
        },
      })
      printed = JSON.parse(stdout) as Printed
    })
    after(async () => {
      await server?.[Symbol.asyncDispose]()
      await model?.[Symbol.asyncDispose]()
    })

    const absent = ABSENT[generation] ?? []
    for (const helper of HELPERS.filter((one) => !absent.includes(one)))
      it(helper, () => assert.equal(printed.results[helper], null))

    it('has these helpers, and no other that is tried', (t) => {
      t.diagnostic(`version ${printed.version}`)
      const names = Object.entries(printed.results)
      assert.deepEqual(names.map(([name]) => name).toSorted(), HELPERS.toSorted())
      const missing = names.filter(([, result]) => result === 'absent').map(([name]) => name)
      assert.deepEqual(missing.toSorted(), [...absent].toSorted())
    })
  })
