/** The live sessions of this node: one for each thread, in turns, bounded, ended when they were idle too long. */
import type { Clock } from '../platform/clock.ts'
import type { SessionProcess } from './session-process.ts'
import { residentMiB } from '../walls/session-watch.ts'

export interface Session {
  readonly threadId: string
  readonly workspaceId: string
  readonly process: SessionProcess
  /** Whether its process is as it started: no call has come to its end. */
  isNew: boolean
  /** Whether an earlier session of the thread had existed here; told once. */
  isRestarted: boolean
  isRunning: boolean
  /** When its last call ended, ms. */
  restingSince: number
}

interface Options {
  clock: Clock
  maxSessions: number
  /** What all idle sessions together may hold in memory. */
  idleMemoryMiB: number
  idleMs: number
  sweepMs: number
}

/** Calls of one thread that may wait for each other. */
const LINE_LENGTH = 20
/** Threads whose earlier session is remembered, so that the next call can say that its variables are gone. */
const REMEMBERED = 10_000

export class SessionTable implements AsyncDisposable {
  readonly #options: Options
  readonly #sessions = new Map<string, Session>()
  /** Threads that had a session; the oldest come first. */
  readonly #known = new Set<string>()
  readonly #lines = new Map<string, { last: Promise<void>; length: number }>()
  readonly #ending = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  /** Processes that are on their way up. */
  #opening = 0

  constructor(options: Options) {
    this.#options = options
    this.#timer = setInterval(() => this.#sweep(), options.sweepMs).unref()
  }

  /** Waits for the thread's earlier calls. @returns the release of the turn; null when too many wait. Rejects when the signal aborts. */
  async turn(threadId: string, signal: AbortSignal): Promise<Disposable | null> {
    const line = this.#lines.get(threadId) ?? { last: Promise.resolve(), length: 0 }
    if (line.length >= LINE_LENGTH) return null
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = line.last
    line.last = before.then(() => promise)
    line.length += 1
    this.#lines.set(threadId, line)
    const release = () => {
      line.length -= 1
      if (line.length === 0) this.#lines.delete(threadId)
      resolve()
    }
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    try {
      await Promise.race([before, aborted])
      signal.throwIfAborted()
    } catch (error) {
      release()
      throw error
    } finally {
      signal.removeEventListener('abort', leave)
    }
    return { [Symbol.dispose]: release }
  }

  /** The thread's session, or a new one for which an idle one may have to go. Call it in the thread's turn. */
  async open(
    threadId: string,
    workspaceId: string,
    start: () => Promise<SessionProcess>,
  ): Promise<Session> {
    const live = this.#sessions.get(threadId)
    if (live !== undefined && !live.process.isOver && live.workspaceId === workspaceId) {
      live.isRunning = true
      live.isNew = false
      live.isRestarted = false
      return live
    }
    if (live !== undefined) await this.#drop(live)
    this.#makeRoom()
    this.#opening += 1
    let process: SessionProcess
    try {
      process = await start()
    } finally {
      this.#opening -= 1
    }
    const session: Session = {
      threadId,
      workspaceId,
      process,
      isNew: true,
      isRestarted: this.#known.has(threadId),
      isRunning: true,
      restingSince: 0,
    }
    this.#sessions.set(threadId, session)
    this.#remember(threadId)
    return session
  }

  /** A call of the session has ended. */
  rest(session: Session): void {
    session.isRunning = false
    session.restingSince = this.#options.clock.now()
    if (session.process.isOver) void this.#drop(session)
    else this.#shed()
  }

  /** Ends idle sessions that hold too much together: of the workspace that holds most, the one that was idle longest. */
  #shed(): void {
    const idle = [...this.#sessions.values()]
      .filter(({ isRunning }) => !isRunning)
      .map((session) => ({ session, mib: residentMiB(session.process.pid) }))
    let total = 0
    const held = new Map<string, number>()
    for (const { session, mib } of idle) {
      total += mib
      held.set(session.workspaceId, (held.get(session.workspaceId) ?? 0) + mib)
    }
    const weight = ({ workspaceId }: Session) => held.get(workspaceId) ?? 0
    const order = idle.sort(
      (a, b) =>
        weight(b.session) - weight(a.session) || a.session.restingSince - b.session.restingSince,
    )
    for (const { session, mib } of order) {
      if (total <= this.#options.idleMemoryMiB) return
      total -= mib
      void this.#drop(session)
    }
  }

  /** Ends a thread's session, a running call included, and forgets the thread. */
  async end(threadId: string): Promise<void> {
    this.#known.delete(threadId)
    const session = this.#sessions.get(threadId)
    if (session !== undefined) await this.#drop(session)
  }

  #remember(threadId: string): void {
    this.#known.delete(threadId)
    this.#known.add(threadId)
    const [oldest] = this.#known
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest)
  }

  /** Of the workspace with the most sessions, so that one cannot push out all others, the one that was idle longest. */
  #makeRoom(): void {
    while (this.#sessions.size + this.#opening >= this.#options.maxSessions) {
      const held = new Map<string, number>()
      for (const { workspaceId } of this.#sessions.values())
        held.set(workspaceId, (held.get(workspaceId) ?? 0) + 1)
      const weight = ({ workspaceId }: Session) => held.get(workspaceId) ?? 0
      const [first] = [...this.#sessions.values()]
        .filter(({ isRunning }) => !isRunning)
        .sort((a, b) => weight(b) - weight(a) || a.restingSince - b.restingSince)
      if (first === undefined) return
      void this.#drop(first)
    }
  }

  #sweep(): void {
    const before = this.#options.clock.now() - this.#options.idleMs
    for (const session of this.#sessions.values())
      if (!session.isRunning && session.restingSince <= before) void this.#drop(session)
  }

  #drop(session: Session): Promise<void> {
    if (this.#sessions.get(session.threadId) === session) this.#sessions.delete(session.threadId)
    const ending = session.process.kill().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
    return ending
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    for (const session of this.#sessions.values()) void this.#drop(session)
    await Promise.allSettled(this.#ending)
  }
}
