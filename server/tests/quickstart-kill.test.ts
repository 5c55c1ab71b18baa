import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, watch } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const PROGRAM = path.join(import.meta.dirname, '../bin/melzi.ts')
/** Milliseconds after the draft of quickstart.env appears: before, in and after the commit that follows. */
const KILL_AFTER_MS = [0, 1, 2, 4, 8, 30]

const start = (dataDir: string) => {
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, MELZI_DATA: dataDir, PORT: '0', MELZI_SANDBOX: 'off' }
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return {
    child,
    said: () => said,
    end: async (signal: NodeJS.Signals) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    },
  }
}

/** The variables of quickstart.env, once the server has said how to go on. */
const settled = async (server: ReturnType<typeof start>, dataDir: string) => {
  for (const until = Date.now() + 20_000; !server.said().includes('npx melzi --help');) {
    assert.ok(Date.now() < until && server.child.exitCode === null, server.said())
    await sleep(20)
  }
  const text = await readFile(path.join(dataDir, 'quickstart.env'), 'utf8')
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => line.split('=') as [string, string]),
  )
}

/** Resolves when the draft is there. */
const draftIn = async (dataDir: string): Promise<void> => {
  for await (const { filename } of watch(dataDir, { signal: AbortSignal.timeout(20_000) })) {
    if (filename?.endsWith('.draft')) return
  }
}

describe('a server killed in its first start', () => {
  for (const ms of KILL_AFTER_MS) {
    it(`${ms} ms after its draft has a working key and assistant at the next`, async () => {
      const dataDir = await mkdtemp(path.join(tmpdir(), 'melzi-kill-'))
      const first = start(dataDir)
      await draftIn(dataDir)
      await sleep(ms)
      await first.end('SIGKILL')
      const second = start(dataDir)
      try {
        const env = await settled(second, dataDir)
        const reply = await fetch(`${env['BASE_URL']}/assistants/${env['ASSISTANT_ID']}`, {
          headers: { authorization: `Bearer ${env['API_KEY']}` },
        })
        assert.equal(reply.status, 200)
        const assistant = (await reply.json()) as { tools: unknown[] }
        assert.equal(assistant.tools.length, 2)
        const drafts = (await readdir(dataDir)).filter((name) => name.endsWith('.draft'))
        assert.deepEqual(drafts, [])
      } finally {
        await second.end('SIGTERM')
        await rm(dataDir, { recursive: true, force: true })
      }
    })
  }
})
