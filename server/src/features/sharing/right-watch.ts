import { seconds, type Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { OneAtATime } from '../../platform/one-at-a-time.ts'
import type { Principal } from '../../platform/principal.ts'
import type { Store } from '../../platform/store/store.ts'
import { doubtfulRuns, standingsOf, type Asked, type Standing } from './standing-store.ts'

/** Milliseconds between two looks: what is withdrawn ends open streams within a second. */
const LOOK_MS = 700

/** Why a reader must hear no more: its key or session is dead, or its person lost the right on the assistant. */
export type Loss = 'credential' | 'right'

/** A run that is to be cancelled. */
export interface LostRun {
  workspaceId: string
  threadId: string
  id: string
}

export interface RightWatchOptions {
  store: Store
  clock: Clock
  log: Logger
  /** The runs this node holds are its to look after. */
  nodeId: string
  /** Cancels a run whose caller lost its right; one that ended in the meantime is left alone. */
  cancelRun: (run: LostRun) => Promise<void>
  /** Which of these panel sessions are still good. */
  liveSessions: (ids: readonly string[]) => Promise<ReadonlySet<string>>
}

interface Watched {
  asked: Asked
  sessionId: string | null
  readers: Set<Reader>
}

/** Somebody who reads a stream. */
export interface Reader {
  /** Told once, when it may hear no more. */
  lost: (loss: Loss) => void
  /** Told when it may use the assistant and look into it no more; it may be told again. */
  narrowed: () => void
}

/**
 * Looks once in a while, not per event, whether those who read streams here may still do so, and whether the runs this node works on are
 * still their callers' to have: a few statements for all of them together. Runs are looked at without a reader too.
 */
export class RightWatch implements AsyncDisposable {
  readonly #options: RightWatchOptions
  /** Readers of one credential and assistant are asked about together. */
  readonly #watched = new Map<string, Watched>()
  readonly #looks: OneAtATime
  #timer: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: RightWatchOptions) {
    this.#options = options
    this.#looks = new OneAtATime(() => this.#look())
  }

  /** Begins to look after runs; readers are looked after from the first on. */
  start(): void {
    if (this.#closed) return
    this.#timer ??= setInterval(() => this.#looks.ask(), LOOK_MS)
  }

  /**
   * Tells when a principal may no longer look into an assistant, or use it.
   * @returns the function that ends the watch
   */
  watch(principal: Principal, assistantId: string, reader: Reader): () => void {
    const { workspaceId, personId, keyId, sessionId } = principal
    const name = [workspaceId, personId, keyId ?? '', sessionId ?? '', assistantId].join(' ')
    let watched = this.#watched.get(name)
    if (watched === undefined) {
      const asked = { workspaceId, personId, keyId, assistantId }
      watched = { asked, sessionId, readers: new Set() }
      this.#watched.set(name, watched)
    }
    const { readers } = watched
    readers.add(reader)
    this.start()
    return () => {
      readers.delete(reader)
      if (readers.size === 0 && this.#watched.get(name)?.readers === readers)
        this.#watched.delete(name)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#watched.clear()
    await this.#looks.running
  }

  async #look(): Promise<void> {
    const { store, clock, log, nodeId, cancelRun } = this.#options
    try {
      const now = seconds(clock.now())
      const doubtful = await doubtfulRuns(store, nodeId, now)
      // after the runs: whoever reads one of them hears of the loss and not of the cancelling
      await this.#lookAtReaders(now)
      for (const run of doubtful) {
        if (lossOf(run, run.assistantId) !== null && !this.#closed) await cancelRun(run)
      }
    } catch (error) {
      if (!this.#closed)
        log.warn({ err: error }, 'rights on runs could not be looked at; trying again')
    }
  }

  async #lookAtReaders(now: number): Promise<void> {
    const all = [...this.#watched]
    if (all.length === 0) return
    const sessions = all.flatMap(([, { sessionId }]) => (sessionId === null ? [] : [sessionId]))
    const live: ReadonlySet<string> =
      sessions.length === 0 ? new Set() : await this.#options.liveSessions([...new Set(sessions)])
    const standings = await standingsOf(
      this.#options.store,
      all.map(([, { asked }]) => asked),
      now,
    )
    for (const [index, [name, { asked, sessionId, readers }]] of all.entries()) {
      const standing = standings[index]
      if (standing === undefined) continue
      const isSignedOut = sessionId !== null && !live.has(sessionId)
      const loss = isSignedOut ? 'credential' : lossOf(standing, asked.assistantId)
      if (loss === null) {
        if (!standing.looksInto) for (const reader of readers) reader.narrowed()
        continue
      }
      this.#watched.delete(name)
      for (const reader of readers) reader.lost(loss)
    }
  }
}

const lossOf = (standing: Standing, assistantId: string): Loss | null => {
  if (!standing.isMember || !standing.keyLives) return 'credential'
  if (!standing.reaches) return 'right'
  return standing.keyReaches?.includes(assistantId) === false ? 'right' : null
}
