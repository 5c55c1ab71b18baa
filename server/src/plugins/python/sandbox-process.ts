/** One process of a sandbox: started, checked, given one job, watched, killed. What it prints is written by an attacker. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import {
  parseChildMessage,
  type AnswerMessage,
  type ChildMessage,
  type DoneMessage,
  type HttpReplyMessage,
  type JobMessage,
} from '@melzi/runner/protocol.ts'
import type { Identity } from '../../platform/reachable-folder.ts'
import { assertWalled } from '../../walls/walled-python.ts'
import { StructureCounter } from '../mcp/structure-counter.ts'
import { childArguments } from './child-command.ts'
import { spawnDeno } from './deno-start.ts'
import type { EgressBroker } from './egress-broker.ts'
import { LineReader } from './line-reader.ts'
import { cpuMsOf } from './process-cpu.ts'
import type { QuestionDesk } from './question-desk.ts'
import type { SandboxErrorKind, SandboxLimits } from './sandbox-driver.ts'
import type { SandboxImage } from './sandbox-image.ts'

export interface StartOptions {
  image: SandboxImage
  identity: Identity | null
  memoryMiB: number
  cpuSeconds: number
  /** Wheels to unpack at the boot, and the folder they are in. */
  packages: { folder: string; wheels: readonly string[] } | null
  /** The program that walls Deno in; null: Deno's own walls stand alone. */
  bubblewrap: string | null
  /** Only for the tests of the second wall. */
  allPermissions: boolean
}

export type Outcome =
  | { done: DoneMessage }
  | { failure: { kind: SandboxErrorKind; message: string } }

const BOOT_MS = 30_000
const POLL_MS = 25
const BOOT_LINE_BYTES = 65_536
const STDERR_BYTES = 8192
/** What a request weighs on the pipe besides its body. */
const REQUEST_OVERHEAD_BYTES = 65_536
/** Of all questions of a call. */
const QUESTION_BYTES = 4_000_000
/** A line with more objects, arrays, members and elements is none of ours: each costs the server some of its time to read. */
const MOST_PARTS = 100_000
/** How the lines begin that ask for something outside. */
const ASKING = ['{"t":"http"', '{"t":"ask"']
/** A call that asks this many times as often as it may is ended; up to there each request gets its refusal. */
const MAX_REQUESTS_FACTOR = 2
const WALLS = ['seccomp', 'deno-permissions']
/** How a process ends that is over a limit the kernel watches; a helper tells of its child by a number. */
const ENDED_BY_LIMIT = new Set(['SIGXCPU', 'SIGKILL', 'exit 137', 'exit 152'])

/** The pipes of a process that was started. */
export interface Plumbing {
  /** Of the process that runs the plugin, on the host; 0 when it could not be started. */
  pid: number
  commands: Writable | null
  results: Readable | null
  complaints: Readable | null
  /** Resolves when it is over, with how: the name of a signal, or anything else. */
  closed: Promise<string>
  /** Kills it with all that belongs to it. */
  kill(): void
}

/** Resident memory in MiB, `peak` since the start; null when the process is gone or the system has no /proc. */
const memoryOf = (pid: number): { current: number; peak: number } | null => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const read = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024
    return { current: read('VmRSS'), peak: read('VmHWM') }
  } catch {
    return null
  }
}

/** The kernel's own word that every thread is filtered and can gain no privilege. Throws when one is not. */
const assertFiltered = (pid: number): void => {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
    if (!/^Seccomp:\s+2$/m.test(status) || !/^NoNewPrivs:\s+1$/m.test(status)) {
      throw new Error('a thread of the sandbox runs without its seccomp filter')
    }
  }
}

export class SandboxProcess implements AsyncDisposable {
  readonly pid: number
  readonly #pipes: Plumbing
  readonly #closed: Promise<void>
  #isOver = false
  #end = ''
  #complaints = ''
  #rawBytes = 0
  #onLine: (line: Buffer) => void = () => {}
  #onBytes: () => void = () => {}
  readonly #reader: LineReader

  protected constructor(pipes: Plumbing) {
    this.#pipes = pipes
    this.pid = pipes.pid
    this.#reader = new LineReader((line) => this.#onLine(line))
    this.#closed = pipes.closed.then((how) => {
      this.#isOver = true
      this.#end = how
    })
    // A killed child closes its end first; that is no news.
    pipes.commands?.on('error', () => {})
    pipes.results?.on('data', (chunk: Buffer) => {
      this.#rawBytes += chunk.length
      this.#reader.push(chunk)
      this.#onBytes()
    })
    pipes.complaints?.on('data', (chunk: Buffer) => {
      this.#rawBytes += chunk.length
      if (this.#complaints.length < STDERR_BYTES)
        this.#complaints += chunk.toString('utf8').slice(0, STDERR_BYTES)
      this.#onBytes()
    })
  }

  /** Boots a process up to its `ready` and checks its walls. Rejects, with nothing left running, when one does not hold. */
  static async start(options: StartOptions, signal: AbortSignal): Promise<SandboxProcess> {
    signal.throwIfAborted()
    const { packages } = options
    const folders = packages === null ? [] : [packages.folder]
    const image = { ...options.image, readable: [...options.image.readable, ...folders] }
    const child = {
      ...image.child,
      packages: [...(packages?.wheels ?? [])],
      mode: 'serve' as const,
      memoryMiB: options.memoryMiB,
      keepDenoPermissions: options.allPermissions,
    }
    const process = new SandboxProcess(
      await spawnDeno({ ...options, image }, childArguments(image, child, options.allPermissions)),
    )
    try {
      const walls = await process.ready(signal)
      const wanted = options.allPermissions ? WALLS.slice(0, 1) : WALLS
      for (const wall of wanted)
        if (!walls.includes(wall)) throw new Error(`the sandbox came up without its wall ${wall}`)
      assertFiltered(process.pid)
      if (options.bubblewrap !== null) assertWalled(process.pid, true)
      return process
    } catch (error) {
      await process.kill()
      throw error
    }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Waits for `ready`. @returns the walls it says it has put up; rejects when it does not come in time or something else does */
  protected ready(stopped: AbortSignal): Promise<string[]> {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(BOOT_MS)])
    return new Promise((resolve, reject) => {
      const stop = () =>
        reject(new Error('the sandbox was not ready in time', { cause: signal.reason }))
      if (signal.aborted) return stop()
      signal.addEventListener('abort', stop, { once: true })
      void this.#closed.then(() => {
        const why = this.#complaints.trim().slice(0, 500) || this.#end
        reject(new Error(`the sandbox ended while it started: ${why}`))
      })
      this.#onBytes = () => {
        if (this.#rawBytes > BOOT_LINE_BYTES)
          reject(new Error('the sandbox printed too much while it started'))
      }
      this.#onLine = (line) => {
        const message = parseChildMessage(line.toString('utf8'))
        if (message?.t === 'ready') resolve(message.walls)
        else if (message?.t === 'fail')
          reject(new Error(`the sandbox could not be started: ${message.message.slice(0, 500)}`))
        else
          reject(
            new Error(
              `the sandbox said something unexpected while it started: ${line.toString('utf8').slice(0, 200)}`,
            ),
          )
        signal.removeEventListener('abort', stop)
      }
    })
  }

  /** Sends the job and waits for its end, whatever that is. The caller kills the process afterwards. */
  async run(
    job: JobMessage,
    limits: SandboxLimits,
    outside: { broker: EgressBroker; desk: QuestionDesk },
    signal: AbortSignal,
  ): Promise<Outcome & { peakMiB: number; cpuMs: number }> {
    const line = lineOf(job)
    if (line === null) {
      const message = 'What the call passes to the plugin is nested too deeply.'
      return { failure: { kind: 'crash', message }, peakMiB: 0, cpuMs: 0 }
    }
    const stopRequests = new AbortController()
    const peak = { mib: memoryOf(this.pid)?.peak ?? 0 }
    const cpuBefore = cpuMsOf(this.pid) ?? 0
    let cpuMs = 0
    const readCpu = () => {
      cpuMs = (cpuMsOf(this.pid) ?? cpuBefore + cpuMs) - cpuBefore
    }
    const { promise, resolve: settle } = Promise.withResolvers<Outcome>()
    const resolve = (outcome: Outcome) => {
      readCpu()
      // What follows the end was written to keep this process busy.
      this.#reader.close()
      settle(outcome)
    }
    const fail = (kind: SandboxErrorKind, message: string) =>
      resolve({ failure: { kind, message } })

    const wall = setTimeout(
      () =>
        fail(
          'timeout',
          `The plugin ran longer than ${limits.wallMs / 1000} seconds and was stopped.`,
        ),
      limits.wallMs,
    )
    const poll = setInterval(() => {
      const memory = memoryOf(this.pid)
      if (memory === null) return
      peak.mib = Math.max(peak.mib, memory.peak)
      readCpu()
      if (memory.current > limits.rssMiB)
        fail('memory', 'The plugin used more memory than it may and was stopped.')
    }, POLL_MS)
    const abort = () => fail('crash', 'The call was cancelled.')
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    using _watch = this.watch(limits, fail)
    void this.#closed.then(() => resolve({ failure: this.#lastWords(limits) }))

    this.#rawBytes = 0
    let outsideBytes = 0
    let questionBytes = 0
    let requests = 0
    const outsideLimit =
      limits.http.upBytes * 1.4 +
      limits.http.requests * REQUEST_OVERHEAD_BYTES +
      (limits.asks > 0 ? QUESTION_BYTES : 0)
    const resultLimit = limits.rawBytes + Math.ceil(limits.pictures.totalBytes * 1.4)
    this.#onBytes = () => {
      const pending = this.#reader.pendingBytes
      const asking = ASKING.some((start) => this.#reader.pendingStartsWith(start)) ? pending : 0
      if (
        this.#rawBytes - outsideBytes - asking > resultLimit ||
        outsideBytes + asking > outsideLimit
      ) {
        fail('output', `The plugin wrote more than ${limits.rawBytes} bytes and was stopped.`)
        this.#pipes.results?.destroy()
        this.#pipes.complaints?.destroy()
      }
    }
    const answer = (reply: Promise<HttpReplyMessage | AnswerMessage>) =>
      void reply.then((message) => this.#write(`${JSON.stringify(message)}\n`))
    this.#onLine = (line) => {
      if (partsOf(line) > MOST_PARTS)
        return fail('output', `The plugin wrote a message of more than ${MOST_PARTS} parts.`)
      const message = parseChildMessage(line.toString('utf8'))
      if (message?.t === 'done') return resolve(checkedSizes(message, limits))
      if (message?.t !== 'http' && message?.t !== 'ask') return fail('crash', unexpected(message))
      outsideBytes += line.length
      requests += 1
      if (message.t === 'ask') questionBytes += line.length
      if (questionBytes > QUESTION_BYTES)
        return fail('output', `The plugin asked more than ${QUESTION_BYTES} bytes of questions.`)
      if (requests > (limits.http.requests + limits.asks) * MAX_REQUESTS_FACTOR)
        return fail('egress', 'The plugin kept asking after its last request and was stopped.')
      if (message.t === 'http') answer(outside.broker.answer(message, stopRequests.signal))
      else answer(outside.desk.reply(message, stopRequests.signal))
    }
    try {
      this.#write(line)
      const outcome = await promise
      return { ...outcome, peakMiB: Math.round(peak.mib), cpuMs }
    } finally {
      clearTimeout(wall)
      clearInterval(poll)
      signal.removeEventListener('abort', abort)
      stopRequests.abort(new Error('the call is over'))
      this.#onLine = () => {}
      this.#onBytes = () => {}
    }
  }

  #write(line: string): void {
    if (!this.#isOver && this.#pipes.commands?.writable === true) this.#pipes.commands.write(line)
  }

  /** Looks at more than memory and time while a call runs, where there is more. */
  protected watch(
    _limits: SandboxLimits,
    _fail: (kind: SandboxErrorKind, message: string) => void,
  ): Disposable {
    return { [Symbol.dispose]: () => {} }
  }

  #lastWords(limits: SandboxLimits): { kind: SandboxErrorKind; message: string } {
    if (ENDED_BY_LIMIT.has(this.#end)) {
      return {
        kind: 'timeout',
        message: `The plugin used more than ${limits.cpuSeconds} seconds of processor time and was stopped.`,
      }
    }
    if (/out of memory|OOM/i.test(this.#complaints))
      return { kind: 'memory', message: 'The plugin used more memory than it may and was stopped.' }
    return { kind: 'crash', message: 'The plugin ended its process before it gave a result.' }
  }

  /** Kills the process with all that belongs to it, and waits until it is gone. */
  async kill(): Promise<void> {
    if (!this.#isOver) this.#pipes.kill()
    this.#pipes.results?.destroy()
    this.#pipes.complaints?.destroy()
    this.#pipes.commands?.destroy()
    await this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}

/** Null when the values are nested deeper than the stack; whatever else is wrong with them is a fault of the server and throws. */
const lineOf = (job: JobMessage): string | null => {
  try {
    return `${JSON.stringify(job)}\n`
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

const partsOf = (line: Buffer): number => {
  if (line.length <= MOST_PARTS) return 0
  const counter = new StructureCounter()
  counter.push(line)
  return counter.count
}

const unexpected = (message: ChildMessage | null): string =>
  message?.t === 'fail'
    ? 'The sandbox failed while it ran the plugin.'
    : 'The plugin wrote something to the pipe of its result that is not a result.'

/** The child keeps these limits itself; one that is taken over does not. */
const checkedSizes = (message: DoneMessage, limits: SandboxLimits): Outcome => {
  const size = (text: string | null | undefined) => Buffer.byteLength(text ?? '')
  const slack = 1024
  const fits =
    size(message.output) <= Math.max(limits.resultBytes, limits.stdoutBytes) + slack &&
    size(message.stdout) <= limits.stdoutBytes + slack &&
    size(message.stderr) <= limits.stdoutBytes + slack &&
    size(message.error?.message) + size(message.error?.traceback) <= limits.resultBytes + slack &&
    message.pictures.length <= limits.pictures.count &&
    message.pictures.reduce((sum, text) => sum + text.length, 0) <= limits.pictures.totalBytes * 1.4
  return fits
    ? { done: message }
    : { failure: { kind: 'output', message: 'The result of the plugin is larger than it may be.' } }
}
