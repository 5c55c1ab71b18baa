import type { Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import type { Allowance } from '../../platform/allowance.ts'
import type { CallerLimit } from '../../platform/principal.ts'
import { BoundedCache } from '../../platform/store/bounded-cache.ts'
import type { Store, Tx } from '../../platform/store/store.ts'
import { countRequests, openWindow, type Window } from './window-store.ts'

const WINDOW_MS = 60_000
/** Subjects whose windows a node remembers, to refuse without asking the store. */
const REMEMBERED = 10_000

type Outcome = { counted: true; allowance: Allowance } | { counted: false; full: FullWindow }

interface FullWindow {
  limit: RequestLimit
  resetMs: number
}

/** How many requests of a minute somebody may make. */
export interface RequestLimit extends Pick<CallerLimit, 'kind' | 'id'> {
  readonly perMinute: number
}

/** A request that waits to be counted. */
interface Waiting {
  limits: readonly RequestLimit[]
  resolve: (outcome: Outcome) => void
  reject: (error: unknown) => void
}

const nameOf = ({ kind, id }: RequestLimit): string => `${kind} ${id}`

const resetOf = (window: Window, nowMs: number): number =>
  Math.max(0, window.startedMs + WINDOW_MS - nowMs)

/**
 * Counts requests against the limits of key, person and workspace: exactly, over all nodes. A minute begins with its first request; what
 * is refused is not counted. The count stands in the store; the requests that come to a node while a unit is under way are counted
 * together by the next one, so that a node never has more than one unit at a workspace's windows, however many requests come.
 */
export const createRequestWindows = (deps: { store: Store; clock: Clock }) => {
  const { store, clock } = deps
  const waiting = new Map<string, Waiting[]>()
  const remembered = new BoundedCache<Window>(REMEMBERED)
  const memoryOf = (limit: RequestLimit): Window =>
    remembered.get(nameOf(limit), () => ({ startedMs: 0, used: 0 }))

  /** A window that was full is full until it is over: within one the count only grows. One of a distant future is none (openWindow). */
  const knownFull = (limits: readonly RequestLimit[]): FullWindow | null => {
    const now = clock.now()
    for (const limit of limits) {
      const window = memoryOf(limit)
      const resetMs = resetOf(window, now)
      const isOpen = resetMs > 0 && resetMs <= 2 * WINDOW_MS
      if (isOpen && window.used >= limit.perMinute) return { limit, resetMs }
    }
    return null
  }

  /** Counts some requests, first come first served. One that any of its limits refuses is counted for none of them. */
  const countAll = async (
    tx: Tx,
    workspaceId: string,
    requests: readonly Waiting[],
  ): Promise<{ outcomes: Outcome[]; windows: Map<string, Window> }> => {
    const now = clock.now()
    const subjects = new Map(
      requests.flatMap(({ limits }) => limits.map((one) => [nameOf(one), one])),
    )
    // always in the same order, so that two nodes never wait for each other
    const names = [...subjects.keys()].toSorted()
    const windows = new Map<string, Window>()
    for (const name of names) {
      const subject = subjects.get(name)
      if (subject === undefined) continue
      windows.set(name, await openWindow(tx, workspaceId, subject, now, WINDOW_MS))
    }
    const windowOf = (limit: RequestLimit): Window =>
      windows.get(nameOf(limit)) ?? { startedMs: now, used: 0 }
    const outcomes = requests.map(({ limits }): Outcome => {
      const full = limits.find((limit) => windowOf(limit).used >= limit.perMinute)
      if (full !== undefined)
        return { counted: false, full: { limit: full, resetMs: resetOf(windowOf(full), now) } }
      for (const limit of limits) windowOf(limit).used += 1
      return { counted: true, allowance: tightest(limits, windowOf, now) }
    })
    for (const name of names) {
      const [subject, window] = [subjects.get(name), windows.get(name)]
      if (subject !== undefined && window !== undefined)
        await countRequests(tx, workspaceId, subject, window.used)
    }
    return { outcomes, windows }
  }

  /** Works until nobody waits in the workspace. */
  const work = async (workspaceId: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) {
      const requests = queue.splice(0)
      try {
        const { outcomes, windows } = await store.write(
          'request.count',
          (tx) => countAll(tx, workspaceId, requests),
          { readsOnlyLocked: true },
        )
        for (const { limits } of requests)
          for (const limit of limits) Object.assign(memoryOf(limit), windows.get(nameOf(limit)))
        for (const [at, { resolve, reject }] of requests.entries()) {
          const outcome = outcomes[at]
          if (outcome === undefined) reject(new Error('a request was not counted'))
          else resolve(outcome)
        }
      } catch (error) {
        for (const { reject } of requests) reject(error)
      }
    }
    waiting.delete(workspaceId)
  }

  const count = (workspaceId: string, limits: readonly RequestLimit[]): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const request = { limits, resolve, reject }
      const queue = waiting.get(workspaceId)
      if (queue !== undefined) {
        queue.push(request)
        return
      }
      const begun = [request]
      waiting.set(workspaceId, begun)
      void work(workspaceId, begun)
    })

  return {
    /**
     * Counts a request.
     * @returns what is left by the tightest of the limits; null without any: then nothing is asked or written
     * @throws AppError 429 when one of them is reached
     */
    take: async (
      workspaceId: string,
      limits: readonly RequestLimit[],
    ): Promise<Allowance | null> => {
      if (limits.length === 0) return null
      const known = knownFull(limits)
      const outcome: Outcome =
        known === null ? await count(workspaceId, limits) : { counted: false, full: known }
      if (outcome.counted) return outcome.allowance
      const { limit, resetMs } = outcome.full
      throw errors.tooManyRequests(OF[limit.kind], {
        limit: limit.perMinute,
        remaining: 0,
        resetMs,
      })
    },
  }
}

const OF: Readonly<Record<RequestLimit['kind'], string>> = {
  key: 'this API key',
  person: 'the person of this API key',
  workspace: 'this workspace',
}

/** The limit of which the least is left; of equal ones the one that stays the longest. */
const tightest = (
  limits: readonly RequestLimit[],
  windowOf: (limit: RequestLimit) => Window,
  nowMs: number,
): Allowance => {
  const all = limits.map((limit) => ({
    limit: limit.perMinute,
    remaining: limit.perMinute - windowOf(limit).used,
    resetMs: resetOf(windowOf(limit), nowMs),
  }))
  return all.reduce((one, other) =>
    other.remaining < one.remaining ||
    (other.remaining === one.remaining && other.resetMs > one.resetMs)
      ? other
      : one,
  )
}
