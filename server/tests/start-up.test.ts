import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'

const PROGRAM = path.join(import.meta.dirname, '../bin/melzi.ts')
const PROMPTLY_MS = 3_000

const serve = (settings: Record<string, string>) => {
  const { PATH, HOME } = process.env
  const env = { PATH, HOME, PORT: '0', MELZI_MODEL: 'demo', MELZI_SANDBOX: 'off', ...settings }
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const pipe of [child.stdout, child.stderr]) {
    pipe.on('data', (chunk: Buffer) => (said += chunk.toString()))
  }
  return {
    child,
    said: () => said,
    /** @param limitMs after it the process is killed, which shows as SIGKILL */
    ended: async (limitMs: number) => {
      const limit = setTimeout(() => child.kill('SIGKILL'), limitMs)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
      clearTimeout(limit)
      return { code: child.exitCode, signal: child.signalCode }
    },
  }
}

const temporary = async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'melzi-start-'))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

const refuses = async (dataDir: string) => {
  const server = serve({ MELZI_DATA: dataDir })
  assert.deepEqual(await server.ended(10_000), { code: 1, signal: null }, server.said())
  assert.ok(server.said().startsWith(`MELZI_DATA: ${dataDir} cannot be used: `), server.said())
  assert.equal(server.said().trim().split('\n').length, 1)
}

describe('melzi serve, starting', () => {
  it(
    'refuses a data folder where nothing can be made',
    { skip: process.platform !== 'linux' },
    () => refuses('/proc/x'),
  )

  it('refuses a plain file as its data folder', async () => {
    await using t = await temporary()
    const file = path.join(t.dir, 'data')
    await writeFile(file, '')
    await refuses(file)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends at once on ${signal} while it waits for its database`, async () => {
      await using t = await temporary()
      const sockets: Socket[] = []
      const silent: Server = createServer((socket) => void sockets.push(socket))
      silent.listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      const connected = once(silent, 'connection', { signal: AbortSignal.timeout(20_000) })
      const server = serve({
        MELZI_DATA: t.dir,
        DATABASE_URL: `postgres://melzi@127.0.0.1:${port}/melzi`,
      })
      try {
        await connected
        server.child.kill(signal)
        assert.deepEqual(await server.ended(PROMPTLY_MS), { code: null, signal }, server.said())
      } finally {
        server.child.kill('SIGKILL')
        for (const socket of sockets) socket.destroy()
        silent.close()
      }
    })
  }
})
