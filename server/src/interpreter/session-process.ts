/** One session's process: started, checked, given calls, frozen between them, killed. What it says is written by an attacker. */
import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EndKind, SessionFile } from './code-interpreter.ts'
import { useOfFolder, useOfMounts } from '../walls/disk-use.ts'
import { FrameReader } from './frame-reader.ts'
import { PrintedText } from './printed-text.ts'
import {
  MAX_LINE_BYTES,
  parseSessionMessage,
  type DoneMessage,
  type SessionMessage,
} from './session-messages.ts'
import {
  assertWalled,
  frame,
  startSession,
  type SessionLimits,
  type StartOptions,
  type Starting,
} from './session-start.ts'
import { SessionWatch } from '../walls/session-watch.ts'
import { sendBody } from './send-body.ts'

export interface CallRequest {
  code: string
  files: readonly SessionFile[]
  /** Why data packages are not there, for an ImportError. */
  missingWhy: string
  onLogs: (piece: string) => void
}

export interface CallOutcome {
  done: DoneMessage | null
  /** Set when the process is over, or must be. */
  ended: { kind: EndKind; message: string } | null
  text: string
  bodies: { kind: 'image' | 'file'; name: string; data: Buffer }[]
  /** A line for each file that could not be put into the session. */
  problems: string[]
  peakMiB: number
}

const BOOT_MS = 20_000
/** Files of a call, all together. */
const STORE_MS = 120_000
/** For the end mark of what was printed, which has been written before `done`. */
const MARK_MS = 2000
const COMPLAINT_BYTES = 8192
const MAX_THREADS = 64
/** What a call holds besides the user's own files: folders, matplotlib's font list. */
const OWN_FILES_BYTES = 16 * 1024 * 1024
const GONE = ' The session has ended: its variables and files are gone.'

type Ended = NonNullable<CallOutcome['ended']>

export class SessionProcess implements AsyncDisposable {
  readonly #starting: Starting
  readonly #limits: SessionLimits
  readonly #closed: Promise<void>
  /** Files that were sent, with what was in the way. */
  readonly #stored = new Map<string, string | null>()
  /** The file whose storing is to be told of. */
  #awaited: string | null = null
  #isOver = false
  #exit = ''
  #complaints = ''
  #onMessage: (message: SessionMessage) => number = () => 0
  #onBody: (body: Buffer) => void = () => {}
  #printed: PrintedText | null = null
  #onNews: () => void = () => {}
  #breach: Ended | null = null
  /** 0 without Landlock. */
  landlock = 0

  private constructor(starting: Starting, limits: SessionLimits) {
    this.#starting = starting
    this.#limits = limits
    const { printed, complaints, results, closed } = starting
    this.#closed = closed.then((how) => this.#close(how))
    const reader = new FrameReader(
      (line) => this.#hear(line),
      (body) => this.#onBody(body),
    )
    results.on('data', (chunk: Buffer) => {
      if (this.#breach !== null) return
      reader.push(chunk)
      if (reader.pendingLineBytes > MAX_LINE_BYTES) this.#hear(Buffer.alloc(0))
    })
    printed.on('data', (chunk: Buffer) => {
      this.#printed?.push(chunk)
      if ((this.#printed?.rawBytes ?? 0) > limits.rawBytes)
        this.#end({
          kind: 'output',
          message: `The code printed more than ${limits.rawBytes} bytes.`,
        })
      this.#onNews()
    })
    complaints.on('data', (chunk: Buffer) => {
      if (this.#complaints.length < COMPLAINT_BYTES) this.#complaints += chunk.toString('utf8')
    })
  }

  /** Boots a process and checks its walls. Rejects, with nothing left running, when one does not stand. */
  static async start(options: StartOptions, signal: AbortSignal): Promise<SessionProcess> {
    signal.throwIfAborted()
    const starting = await startSession(options)
    const session = new SessionProcess(starting, options.limits)
    try {
      const ready = new Promise<void>((resolve) => {
        session.#onMessage = (message) => {
          if (message.t === 'ready') {
            session.landlock = message.landlock
            resolve()
          }
          return 0
        }
      })
      await session.#settle(ready, BOOT_MS, signal, 'The Python process did not start in time.')
      if (session.landlock === 0 && options.bubblewrap === null)
        throw new Error('a session runs without Landlock')
      assertWalled(session.pid, options.bubblewrap !== null)
      session.#freeze()
      return session
    } catch (error) {
      await session.kill()
      throw error
    }
  }

  get pid(): number {
    return this.#starting.pid
  }

  get isOver(): boolean {
    return this.#isOver || this.#breach !== null
  }

  /** Runs one call. Resolves for every outcome; rejects when the signal aborts, and the process is then killed. One at a time. */
  async run(request: CallRequest, signal: AbortSignal): Promise<CallOutcome> {
    const outcome: CallOutcome = {
      done: null,
      ended: null,
      text: '',
      bodies: [],
      problems: [],
      peakMiB: 0,
    }
    const mark = `\0${randomBytes(24).toString('hex')}\0`
    const printed = new PrintedText(mark, this.#limits.logBytes, request.onLogs)
    this.#printed = printed
    this.#listen(outcome, mark)
    using watch = new SessionWatch(
      this.pid,
      {
        memoryMiB: this.#limits.memoryMiB,
        threads: MAX_THREADS,
        diskBytes: this.#limits.diskMiB * 1024 * 1024 + OWN_FILES_BYTES,
        diskFiles: this.#limits.diskFiles,
      },
      () => this.#useOfDisk(),
      ({ kind, message }) => this.#end({ kind, message }),
    )
    const over = new AbortController()
    try {
      this.#signal('SIGCONT')
      const storing = this.#store(request.files, outcome, AbortSignal.any([signal, over.signal]))
      await this.#settle(storing, STORE_MS, signal, 'The files could not be copied in time.')
      const { code, missingWhy } = request
      const isDone = this.#until(() => outcome.done !== null)
      this.#starting.commands.write(frame({ t: 'run', code, mark, missingWhy }))
      const { wallMs } = this.#limits
      await this.#settle(
        isDone,
        wallMs,
        signal,
        `The code ran longer than ${wallMs / 1000} seconds.`,
      )
      if (!printed.isWhole)
        await Promise.race([
          this.#until(() => printed.isWhole),
          sleep(MARK_MS, null, { ref: false }),
        ])
      signal.throwIfAborted()
      this.#freeze()
      await watch.countDisk()
    } catch (error) {
      await this.kill()
      signal.throwIfAborted()
      this.#breach ??= { kind: 'crash', message: sentence(error) }
    } finally {
      over.abort()
      this.#printed = null
      this.#onNews = () => {}
      // What is said between two calls was not asked for.
      this.#onMessage = () => this.#misspoke()
    }
    outcome.text = printed.end()
    watch[Symbol.dispose]()
    outcome.peakMiB = Math.round(watch.peakMiB)
    if (this.#breach !== null) {
      await this.kill()
      outcome.ended = { kind: this.#breach.kind, message: this.#breach.message + GONE }
    }
    return outcome
  }

  #listen(outcome: CallOutcome, mark: string): void {
    let bytes = 0
    let body: { kind: 'image' | 'file'; name: string } | null = null
    this.#onBody = (data) => {
      if (body?.kind === 'image' && !isPicture(body.name, data)) this.#misspoke()
      else if (body !== null) outcome.bodies.push({ ...body, data })
    }
    this.#onMessage = (message) => {
      if (outcome.done !== null) return this.#misspoke()
      if (message.t === 'done' && message.mark === mark) outcome.done = message
      else if (
        message.t === 'stored' &&
        message.id === this.#awaited &&
        !this.#stored.has(message.id)
      )
        this.#stored.set(message.id, message.problem)
      else if (message.t === 'body') {
        bytes += message.bytes
        if (outcome.bodies.length >= this.#limits.fileCount || bytes > this.#limits.fileBytes)
          return this.#misspoke()
        body = message
        if (message.bytes === 0) this.#onBody(Buffer.alloc(0))
        return message.bytes
      } else return this.#misspoke()
      return 0
    }
  }

  #hear(line: Buffer): number {
    const message = line.length > MAX_LINE_BYTES ? null : parseSessionMessage(line)
    const bytes = message === null ? this.#misspoke() : this.#onMessage(message)
    this.#onNews()
    return bytes
  }

  #misspoke(): number {
    this.#end({
      kind: 'crash',
      message: 'The Python process said something that was not expected.',
    })
    return 0
  }

  /** Puts the files that the session does not have yet into it. */
  async #store(
    files: readonly SessionFile[],
    outcome: CallOutcome,
    signal: AbortSignal,
  ): Promise<void> {
    for (const file of files) {
      if (this.#stored.has(file.id)) continue
      const { id, name, bytes } = file
      if (bytes > this.#limits.diskMiB * 1024 * 1024) {
        this.#stored.set(id, `it is larger than the ${this.#limits.diskMiB} MiB of a session`)
      } else {
        const stored = this.#until(() => this.#stored.has(id))
        this.#awaited = id
        this.#starting.commands.write(frame({ t: 'file', id, name }))
        await sendBody(this.#starting.commands, file, signal)
        await stored
        this.#awaited = null
      }
      const problem = this.#stored.get(id) ?? null
      // What was in the way may be gone at the next call, when the user has made room.
      if (problem !== null) this.#stored.delete(id)
      if (problem !== null)
        outcome.problems.push(`The file ${name} (${id}) is not in /mnt/data: ${problem}`)
    }
  }

  /** Resolves when it holds. Asked anew with each message; only one asks at a time. */
  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onNews = () => {
        if (holds()) resolve()
      }
    })
  }

  /** Waits for `what`, but not longer than the process lives, the time allows and the signal wants. */
  async #settle(what: Promise<void>, ms: number, signal: AbortSignal, late: string): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>()
    const abort = () => reject(signal.reason)
    const timer = setTimeout(() => {
      this.#end({ kind: 'timeout', message: late })
      reject(new Error(late))
    }, ms)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    void this.#closed.then(() =>
      reject(new Error(`The Python process ended (${this.#exit}). ${this.#complaints}`.trim())),
    )
    what.catch(() => {})
    try {
      await Promise.race([what, promise])
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
  }

  #useOfDisk() {
    const { folder } = this.#starting
    return folder === null
      ? useOfMounts(this.pid)
      : useOfFolder(this.pid, folder, this.#limits.diskFiles, this.#starting.identity)
  }

  #close(how: string): void {
    this.#isOver = true
    this.#exit = how
    this.#onNews()
  }

  /** The first reason counts. */
  #end(why: Ended): void {
    if (this.#breach !== null) return
    this.#breach = why
    this.#signal('SIGKILL')
    this.#onNews()
  }

  /** Between calls nothing of it runs, left-over threads included. */
  #freeze(): void {
    this.#signal('SIGSTOP')
  }

  #signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    const { child, pid } = this.#starting
    if (this.#isOver || child.pid === undefined) return
    for (const target of name === 'SIGKILL' ? [pid, -child.pid] : [pid]) {
      try {
        process.kill(target, name)
      } catch {
        // it is gone already
      }
    }
  }

  /** Kills, waits until it is gone, and removes what it had on disk. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL')
    await this.#closed
    const { folder } = this.#starting
    if (folder !== null) await removeFolder(folder)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}

const PNG_START = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/** What is no PNG on the face of it is no picture: later runs would send it to a model. */
const isPicture = (name: string, data: Buffer) =>
  name.endsWith('.png') && data.subarray(0, PNG_START.length).equals(PNG_START)

/** `rm` and not ours: it gets down to any depth, where a path would be too long. Its owner may have taken the rights from folders. */
const removeFolder = async (folder: string): Promise<void> => {
  const script = 'chmod -R u+rwX -- "$1" 2>/dev/null; exec rm -rf -- "$1"'
  const child = spawn('/bin/sh', ['-c', script, 'sh', folder], { cwd: '/', stdio: 'ignore' })
  await once(child, 'close')
}

const sentence = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
