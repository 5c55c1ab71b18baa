import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { pythonClient } from '../../../scripts/python-clients.ts'
import { bootServer, type BootedServer } from '../support/boot.ts'
import { skipUnless } from '../support/components.ts'
import { startScriptedModel, type ScriptedModel } from '../support/scripted-model.ts'

const PROGRAM = path.join(import.meta.dirname, '../support/python/azure_turns.py')

// behaviour.md 15, with the Azure client of each Python generation.
describe('Azure clients in Python', skipUnless('python3', 'python3-venv'), () => {
  let model: ScriptedModel
  let server: BootedServer

  before(async () => {
    model = await startScriptedModel()
    server = await bootServer({ model: { url: model.url } })
  })
  after(async () => {
    await server?.[Symbol.asyncDispose]()
    await model?.[Symbol.asyncDispose]()
  })

  for (const generation of ['openai-1.39', 'openai-1', 'openai-2', 'openai-3'] as const) {
    it(generation, async () => {
      model.push({ text: 'polled' }, { text: ['str', 'eamed'] }, { text: 'whole' })
      model.push({ text: ['in ', 'pieces'] })
      const { stdout } = await promisify(execFile)(pythonClient(generation), [PROGRAM], {
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: process.env['HOME'] ?? '',
          PYTHONDONTWRITEBYTECODE: '1',
          ORIGIN: server.origin,
          API_KEY: server.apiKey,
        },
        timeout: 60_000,
      })
      assert.deepEqual(JSON.parse(stdout), ['completed', 'streamed', 'whole', 'in pieces'])
    })
  }
})
