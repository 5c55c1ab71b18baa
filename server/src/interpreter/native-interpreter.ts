/**
 * The code interpreter on the system's CPython: a walled-in process for each thread, kept between calls, frozen while nothing runs,
 * ended when it was idle too long. See ARCHITECTURE.md for the walls.
 */
import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallGate } from '../platform/call-gate.ts'
import type { Clock } from '../platform/clock.ts'
import type { Identity } from '../platform/reachable-folder.ts'
import {
  notExecuted,
  type CodeInterpreter,
  type Execution,
  type ExecutionRequest,
} from './code-interpreter.ts'
import { DataPackages } from '../walls/data-packages.ts'
import { findPython, SYSTEM_FOLDERS } from '../walls/find-python.ts'
import { SessionProcess, type CallOutcome } from './session-process.ts'
import type { SessionLimits, StartOptions } from './session-start.ts'
import { SessionTable, type Session } from './session-table.ts'
import { findBubblewrap, type BubblewrapChoice } from '../walls/wall-set.ts'

export interface NativeInterpreterOptions {
  /** Where data packages are kept; nobody else may be able to write there. */
  cacheDir: string
  clock: Clock
  /** Folders that sessions must not be able to read; code is refused where one lies in what they can. */
  privateFolders?: readonly string[]
  /** The Python to run; null: the first python3 on `path`. */
  python?: string | null
  /** Where programs are looked for, as in PATH. */
  path: string
  bubblewrap?: BubblewrapChoice
  /** Of a package index; undefined asks pip's own, null never fetches. */
  packageIndexUrl?: string | null | undefined
  limits?: Partial<SessionLimits>
  /** Live sessions; the one that was idle longest makes room for another. */
  maxSessions?: number
  /** Calls at once; the cores, and at least 2, when left out. */
  concurrency?: number
  /** Calls that may wait; the next gets `busy`. */
  queueLimit?: number
  idleMs?: number
  /** What all idle sessions together may hold in memory; a quarter of the machine's when left out. */
  idleMemoryMiB?: number
  /** How often idle sessions are looked for. */
  sweepMs?: number
  /** How long a call that imports data packages waits for them to be fetched. */
  packageWaitMs?: number
  /** Whom the processes run as when the server is root; user 65534 when left out. */
  identity?: Identity
}

const NOBODY: Identity = { uid: 65534, gid: 65534 }
const MiB = 1024 * 1024
/** The part of the machine's memory that idle sessions may hold. */
const IDLE_SHARE = 4
const DEFAULT_LIMITS: SessionLimits = {
  wallMs: 60_000,
  memoryMiB: 1024,
  diskMiB: 256,
  diskFiles: 20_000,
  logBytes: 1_000_000,
  rawBytes: 64 * MiB,
  fileCount: 20,
  fileBytes: 64 * MiB,
}
const IDLE_MS = 20 * 60_000
const RETRY_MS = 10_000

interface Ready {
  start: StartOptions
  packages: DataPackages
  walls: string[]
}

export class NativeInterpreter implements CodeInterpreter {
  readonly #options: NativeInterpreterOptions
  readonly #limits: SessionLimits
  readonly #identity: Identity | null
  readonly #gate: CallGate
  readonly #table: SessionTable
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<unknown>>()
  #ready: Promise<Ready> | null = null
  #failure: { why: string; at: number } | null = null
  #workRoot: string | null = null

  /** Starts nothing; the first call or probe does. */
  constructor(options: NativeInterpreterOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#identity = process.getuid?.() === 0 ? (options.identity ?? NOBODY) : null
    const concurrency = options.concurrency ?? Math.max(2, availableParallelism())
    this.#gate = new CallGate({
      places: concurrency,
      line: options.queueLimit ?? 50,
      perOwner: Math.max(1, concurrency - 1),
    })
    this.#table = new SessionTable({
      clock: options.clock,
      // Each running call has a session; one more can always be idle and make room.
      maxSessions: Math.max(options.maxSessions ?? 16, concurrency + 1),
      idleMemoryMiB: options.idleMemoryMiB ?? totalmem() / MiB / IDLE_SHARE,
      idleMs: options.idleMs ?? IDLE_MS,
      sweepMs: options.sweepMs ?? 30_000,
    })
  }

  async probe() {
    try {
      const { walls, packages } = await this.#prepared()
      return { ok: true, why: null, walls, packages: packages.present }
    } catch (error) {
      return { ok: false, why: sentence(error), walls: [], packages: [] }
    }
  }

  /** What sessions start from. A failure stands for a moment, then it is tried again. */
  #prepared(): Promise<Ready> {
    const failure = this.#failure
    if (failure !== null && Date.now() - failure.at < RETRY_MS)
      return Promise.reject(new Error(failure.why))
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.#ready = null
      this.#failure = { why: sentence(error), at: Date.now() }
      throw error
    })
    return this.#ready
  }

  async #prepare(): Promise<Ready> {
    const { cacheDir, python: wanted, path, bubblewrap, packageIndexUrl } = this.#options
    const identity = this.#identity
    const python = await findPython(wanted ?? null, identity, path)
    await assertPrivate(this.#options.privateFolders ?? [], [...SYSTEM_FOLDERS, ...python.folders])
    const packages = await DataPackages.open(
      cacheDir,
      python,
      identity,
      packageIndexUrl,
      this.#stop.signal,
    )
    this.#workRoot ??= await makeWorkRoot()
    const start: StartOptions = {
      python,
      bubblewrap: null,
      identity,
      workRoot: this.#workRoot,
      packages: packages.names.length === 0 ? null : packages,
      limits: this.#limits,
    }
    const found = await findBubblewrap(bubblewrap ?? 'auto', path)
    const reasons = 'why' in found ? [found.why] : []
    const candidates = 'program' in found ? [found.program, null] : [null]
    for (const program of candidates) {
      try {
        const options = { ...start, bubblewrap: program }
        await using session = await SessionProcess.start(options, this.#stop.signal)
        const landlock = session.landlock > 0 ? [`landlock ${session.landlock}`] : []
        const namespaces = program === null ? [] : ['bubblewrap']
        return {
          start: options,
          packages,
          walls: [...namespaces, ...landlock, 'seccomp', 'limits'],
        }
      } catch (error) {
        reasons.push(sentence(error))
      }
    }
    throw new Error(`the walls of the code interpreter do not hold here: ${reasons.join('; ')}`)
  }

  async execute(request: ExecutionRequest, signal: AbortSignal): Promise<Execution> {
    signal.throwIfAborted()
    const call = this.#execute(request, AbortSignal.any([signal, this.#stop.signal]))
    this.#running.add(call)
    try {
      return await call
    } finally {
      this.#running.delete(call)
    }
  }

  async #execute(request: ExecutionRequest, signal: AbortSignal): Promise<Execution> {
    const { workspaceId, threadId } = request.session
    using turn = await this.#table.turn(threadId, signal)
    using place = turn === null ? null : await this.#gate.enter(signal, workspaceId)
    if (turn === null || place === null)
      return notExecuted(
        'busy',
        'Too many code interpreter calls are waiting; try again in a moment.',
      )
    let ready: Ready
    try {
      ready = await this.#prepared()
    } catch (error) {
      signal.throwIfAborted()
      return unavailable(error)
    }
    const building = ready.packages.ensure()
    if (building !== null && ready.packages.isNeeded(request.code)) {
      const waitMs = this.#options.packageWaitMs ?? 30_000
      await Promise.race([building, sleep(waitMs, null, { signal, ref: false })])
    }
    let session: Session
    try {
      session = await this.#table.open(threadId, workspaceId, () =>
        SessionProcess.start(ready.start, signal),
      )
    } catch (error) {
      signal.throwIfAborted()
      return unavailable(error)
    }
    const started = performance.now()
    try {
      const outcome = await session.process.run(
        {
          code: request.code,
          files: request.files,
          missingWhy: ready.packages.why,
          onLogs: request.onLogs ?? (() => {}),
        },
        signal,
      )
      return toExecution(outcome, session, performance.now() - started)
    } finally {
      this.#table.rest(session)
    }
  }

  end(threadId: string): Promise<void> {
    return this.#table.end(threadId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the code interpreter is closing'))
    await Promise.allSettled(this.#running)
    const ready = await this.#ready?.catch(() => null)
    await this.#table[Symbol.asyncDispose]()
    await ready?.packages[Symbol.asyncDispose]()
    if (this.#workRoot !== null) await rm(this.#workRoot, { recursive: true, force: true })
  }
}

const WORK_ROOT = 'melzi-interpreter-'

/** A folder for the folders of sessions. Those that servers left which were killed are removed. */
const makeWorkRoot = async (): Promise<string> => {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(WORK_ROOT) ? Number(name.slice(WORK_ROOT.length).split('-')[0]) : 0
    if (pid > 0 && !isAlive(pid))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
  const root = await mkdtemp(join(tmpdir(), `${WORK_ROOT}${process.pid}-`))
  await chmod(root, 0o711)
  return root
}

/** @throws Error where a folder of the server lies in what the code of sessions can read */
const assertPrivate = async (folders: readonly string[], readable: readonly string[]) => {
  for (const folder of folders) {
    const place = await realpath(folder).catch(() => folder)
    const around = readable.find((other) => place === other || place.startsWith(`${other}/`))
    if (around !== undefined)
      throw new Error(
        `the data folder ${folder} lies in ${around}, which code in a session could read; set MELZI_DATA to another place`,
      )
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const toExecution = (
  outcome: CallOutcome,
  { isNew, isRestarted }: Pick<Session, 'isNew' | 'isRestarted'>,
  ms: number,
): Execution => {
  const { done, ended, text, bodies, problems, peakMiB } = outcome
  const notes = [...problems]
  if (done !== null && done.leftOutCount > 0) {
    const names = done.leftOut.length > 0 ? `: ${done.leftOut.join(', ')}` : ''
    notes.push(
      `${done.leftOutCount} files or pictures were too many or too large to be handed over${names}`,
    )
  }
  const parts = [text, done?.traceback ?? '', ...notes.map((note) => `[${note}]\n`)]
  return {
    logs: parts.filter((part) => part !== '').reduce(joinLines, ''),
    value: done?.value ?? null,
    ok: ended === null && done?.ok === true,
    ended,
    isNew,
    restarted: isRestarted,
    images: bodies.filter(({ kind }) => kind === 'image').map(({ name, data }) => ({ name, data })),
    files: bodies
      .filter(({ kind }) => kind === 'file')
      .map(({ name, data }) => ({ name, bytes: data.length, open: () => Readable.from([data]) })),
    usage: { ms: Math.round(ms), peakMiB },
  }
}

const joinLines = (before: string, part: string) =>
  before === '' || before.endsWith('\n') ? before + part : `${before}\n${part}`

const unavailable = (error: unknown) =>
  notExecuted('unavailable', `The code interpreter is not available: ${sentence(error)}`)

const sentence = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
