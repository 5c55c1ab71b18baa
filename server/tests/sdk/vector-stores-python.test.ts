import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { pythonClient } from '../../../scripts/python-clients.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'

const PROGRAM = path.join(import.meta.dirname, '../support/python/vector_stores.py')
const TIMEOUT_MS = 60_000

// The pollers of the Python package wait on counts, and read openai-poll-after-ms once (behaviour.md 13).
describe('vector stores with the Python package', skipUnless('python3', 'python3-venv'), () => {
  let server: BootedServer
  before(async () => {
    server = await bootServer()
  })
  after(() => server?.[Symbol.asyncDispose]())

  for (const client of ['openai-1.39', 'openai-2', 'openai-3'] as const) {
    it(`${client}: upload and poll, batches, search`, async () => {
      const { stdout } = await promisify(execFile)(pythonClient(client), [PROGRAM], {
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
        one: 'completed',
        failed: ['failed', 'invalid_file'],
        batch: ['completed', 2],
        again: 'completed',
        // Version 1.39 is older than search.
        hits: client === 'openai-1.39' ? [] : ['figs.txt'],
        files: 4,
      })
    })
  }
})
