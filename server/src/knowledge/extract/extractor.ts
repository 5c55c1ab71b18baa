import type { Chunking } from '../chunk.ts'
import { invalidFile } from './extract-error.ts'
import { ExtractProcess, type ExtractLimits } from './extract-process.ts'
import type { ExtractedChunk } from './extract-protocol.ts'

export interface ExtractorOptions extends ExtractLimits {
  /** Files read at the same time, each by a process of its own. */
  processes: number
  /** How long a process without work is kept, in ms. */
  idleMs: number
}

const EXTRACTOR_DEFAULTS: ExtractorOptions = {
  processes: 1,
  timeMs: 120_000,
  memoryBytes: 1024 * 1024 * 1024,
  idleMs: 30_000,
}

/** Largest file that is read, in bytes: it is held whole by the process that reads it. */
const MAX_FILE_BYTES = 256 * 1024 * 1024
/** Files after which a process is replaced, whatever its parsers have kept. */
const FILES_PER_PROCESS = 500

export interface SourceFile {
  filename: string
  bytes: number
  content: AsyncIterable<Uint8Array>
}

interface Idle {
  process: ExtractProcess
  files: number
  timer: NodeJS.Timeout
}

/** Reads files to chunks outside the server's process and event loop. */
export class Extractor implements AsyncDisposable {
  readonly #options: ExtractorOptions
  readonly #idle: Idle[] = []
  readonly #waiting: (() => void)[] = []
  #running = 0
  #closed = false

  constructor(options: Partial<ExtractorOptions> = {}) {
    this.#options = { ...EXTRACTOR_DEFAULTS, ...options }
  }

  /**
   * The chunks of a file, in batches, as they are made; waits for a free process first.
   * @throws ExtractError with a sentence for the file's owner; the signal's reason; Error when reading failed through no fault of the file
   */
  async *read(
    file: SourceFile,
    chunking: Chunking,
    signal: AbortSignal,
  ): AsyncGenerator<ExtractedChunk[]> {
    if (file.bytes > MAX_FILE_BYTES) {
      throw invalidFile(
        `The file is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB, which is the limit for search. Split it into smaller files.`,
      )
    }
    await this.#enter()
    const { process, files } = this.#take()
    try {
      const { filename, bytes, content } = file
      yield* process.read({ filename, bytes, chunking }, content, signal)
    } finally {
      await this.#leave(process, files + 1)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const idle of this.#idle.splice(0)) {
      clearTimeout(idle.timer)
      await idle.process[Symbol.asyncDispose]()
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#options.processes) this.#running += 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #take(): Pick<Idle, 'process' | 'files'> {
    for (;;) {
      const idle = this.#idle.pop()
      if (idle === undefined) return { process: new ExtractProcess(this.#options), files: 0 }
      clearTimeout(idle.timer)
      if (idle.process.alive) return idle
    }
  }

  async #leave(process: ExtractProcess, files: number): Promise<void> {
    if (process.alive && files < FILES_PER_PROCESS && !this.#closed) {
      const timer = setTimeout(() => {
        this.#idle.splice(
          this.#idle.findIndex((idle) => idle.process === process),
          1,
        )
        void process[Symbol.asyncDispose]()
      }, this.#options.idleMs)
      timer.unref()
      this.#idle.push({ process, files, timer })
    } else await process[Symbol.asyncDispose]()
    // The place goes on to who waits longest, or is free.
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}
