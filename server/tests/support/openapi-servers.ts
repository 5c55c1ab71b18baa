import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pythonClient } from '../../../scripts/python-clients.ts'

const START_TIMEOUT_MS = 30_000
const PROGRAM = path.join(import.meta.dirname, 'python/openapi_servers.py')

export interface OpenApiServers extends AsyncDisposable {
  /** Of a shop on FastAPI, whose document is at `/openapi.json`. */
  shopPort: number
  /** Of httpbin, whose document is at `/spec.json`. */
  httpbinPort: number
}

/** Starts servers of others, with the documents that they bring, on free ports of 127.0.0.1. */
export const startOpenApiServers = async (): Promise<OpenApiServers> => {
  const child = spawn(pythonClient('openapi-servers'), [PROGRAM], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  let complaints = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-10_000)
  })
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  for (const until = Date.now() + START_TIMEOUT_MS; ; await sleep(20)) {
    const [, shop, httpbin] = /ready (\d+) (\d+)/.exec(said) ?? []
    if (shop !== undefined && httpbin !== undefined) {
      return { shopPort: Number(shop), httpbinPort: Number(httpbin), [Symbol.asyncDispose]: stop }
    }
    if (child.exitCode !== null || Date.now() > until) {
      await stop()
      throw new Error(`the OpenAPI servers did not start:\n${complaints}`)
    }
  }
}
