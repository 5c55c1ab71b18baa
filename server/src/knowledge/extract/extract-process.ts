import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { ExtractError, invalidFile } from './extract-error.ts'
import { extractCommand } from './extract-walls.ts'
import type { ExtractAnswer, ExtractedChunk, ExtractRequest } from './extract-protocol.ts'

export interface ExtractLimits {
  /** For reading one file's text, in ms. Cutting it into chunks goes at its reader's pace. */
  timeMs: number
  /** Of the process, in bytes; looked at where the system tells (Linux), elsewhere only its heap is bounded. */
  memoryBytes: number
}

const WATCH_MS = 200
const PAGE_BYTES = 4_096

const tooSlow = () =>
  invalidFile('Reading the file took too long. Split it into smaller files, or save it as text.')
const tooBig = () =>
  invalidFile('Reading the file took too much memory. Split it into smaller files.')

/** One process that reads files, one at a time, behind the walls of extract-walls.ts; it sees nothing of the server's environment. */
export class ExtractProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #limits: ExtractLimits
  readonly #lines: AsyncIterator<string>
  readonly #ended: Promise<unknown>
  #errors = ''
  /** Why it was killed: what the file's owner is told, or what went wrong with the content. */
  #why: Error | null = null

  constructor(limits: ExtractLimits) {
    this.#limits = limits
    const { file, args, user } = extractCommand(limits.memoryBytes / 2)
    this.#child = spawn(file, args, { env: {}, cwd: path.parse(file).root, ...user, stdio: 'pipe' })
    this.#child.stdin.on('error', () => undefined) // its end is told by `exit`
    this.#child.stderr.on('data', (piece: Buffer) => {
      this.#errors = (this.#errors + piece.toString()).slice(-2_000)
    })
    this.#ended = once(this.#child, 'exit')
    this.#ended.catch(() => undefined) // a start that fails shows as the end of the lines
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Whether it can take a file. */
  get alive(): boolean {
    return this.#child.exitCode === null && !this.#child.killed && this.#why === null
  }

  /**
   * Reads one file. Leaving the loop early, or an abort, ends the process.
   * @throws ExtractError for the file's owner; the signal's reason
   */
  async *read(
    request: ExtractRequest,
    content: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncGenerator<ExtractedChunk[]> {
    const kill = () => this.#child.kill('SIGKILL')
    signal.addEventListener('abort', kill, { once: true })
    const slow = setTimeout(() => this.#stop(tooSlow()), this.#limits.timeMs)
    const watch = setInterval(() => void this.#watchMemory(), WATCH_MS)
    let whole = false
    try {
      signal.throwIfAborted()
      // Beside the reading of answers: content that stalls must not outlive the limit.
      void this.#send(request, content)
      for (;;) {
        const answer = await this.#next(signal)
        if (answer.type === 'extracted') clearTimeout(slow)
        else if (answer.type === 'chunks') yield answer.chunks
        else {
          whole = true
          if (answer.type === 'failed') throw new ExtractError(answer.code, answer.message)
          return
        }
      }
    } finally {
      clearTimeout(slow)
      clearInterval(watch)
      signal.removeEventListener('abort', kill)
      if (!whole) kill()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async #send(request: ExtractRequest, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { stdin } = this.#child
    try {
      stdin.write(`${JSON.stringify(request)}\n`)
      for await (const piece of content) {
        if (stdin.destroyed) return
        if (!stdin.write(piece)) await Promise.race([once(stdin, 'drain'), this.#ended])
      }
    } catch (error) {
      this.#stop(new Error('the content of a file could not be read', { cause: error }))
    }
  }

  async #next(signal: AbortSignal): Promise<ExtractAnswer> {
    const line = await this.#lines.next()
    if (line.done !== true) return JSON.parse(line.value) as ExtractAnswer
    signal.throwIfAborted()
    if (this.#why !== null) throw this.#why
    await this.#ended
    const { exitCode, signalCode } = this.#child
    // How V8 ends when its heap is full.
    if (signalCode === 'SIGABRT' || exitCode === 134) throw tooBig()
    throw new Error(
      `the process that reads files ended (${exitCode ?? signalCode}): ${this.#errors}`,
    )
  }

  #stop(why: Error): void {
    this.#why = why
    this.#child.kill('SIGKILL')
  }

  /** Buffers lie outside the heap that V8 bounds. */
  async #watchMemory(): Promise<void> {
    if (process.platform !== 'linux') return
    try {
      const statm = await readFile(`/proc/${this.#child.pid}/statm`, 'utf8')
      const resident = Number(statm.split(' ')[1]) * PAGE_BYTES
      if (resident > this.#limits.memoryBytes) this.#stop(tooBig())
    } catch {
      // What cannot be watched may not go on; a process that has just ended is none the worse.
      this.#child.kill('SIGKILL')
    }
  }
}
