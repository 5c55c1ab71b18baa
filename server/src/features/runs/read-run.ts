import type { EventLog, LiveEvent } from '../../platform/events/event-log.ts'
import { presentRun } from './present.ts'
import { isEnded, type RunRecord } from './run-record.ts'

/** How long a silent stream waits before it asks the store whether the run rests already. */
const LOOK_MS = 1_000

export interface ReadRunDeps {
  events: EventLog
  /** The run as stored now; null when it is gone. */
  findRun: (run: RunRecord) => Promise<RunRecord | null>
}

export interface ReadRunOptions {
  /** Replay after this seq. */
  after: number
  /** Whether a run that waits for tool outputs ends the reading: the SDKs' streams end there, our events route goes on. */
  stopAtAction: boolean
  /** Hears what is said, in order. `seq` is 0 for an event made up from the store. */
  onEvent: (event: Pick<LiveEvent, 'seq' | 'event' | 'data'>) => void
  /** Told first, before any event, when events after `after` are gone: the reader needs the stored state. `newest` is the last seq said. */
  onGap?: (newest: number) => Promise<void>
}

/**
 * Reads a run's events until it rests: backfill, cut over, live. When nothing is heard (the run is worked on elsewhere, or its events
 * went with a dead process) the store is asked now and then, so that every stream ends with a lawful last event.
 * @param signal ends the reading; the run goes on
 */
export const readRun = async (
  deps: ReadRunDeps,
  run: RunRecord,
  options: ReadRunOptions,
  signal: AbortSignal,
): Promise<void> => {
  const rests = (status: RunRecord['status']) =>
    isEnded(status) || (options.stopAtAction && status === 'requires_action')
  const names = new Set(
    ['completed', 'incomplete', 'failed', 'cancelled', 'expired'].map((end) => `thread.run.${end}`),
  )
  if (options.stopAtAction) names.add('thread.run.requires_action')

  const ended = Promise.withResolvers<void>()
  let heard = 0
  let held: LiveEvent[] | null = []
  const pass = (event: Pick<LiveEvent, 'seq' | 'event' | 'data'>) => {
    heard += 1
    options.onEvent(event)
    if (names.has(event.event)) ended.resolve()
  }
  const following = deps.events.follow(run.id, options.after, (event) => {
    if (held === null) pass(event)
    else held.push(event)
  })
  const onAbort = () => ended.resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  const watch = watchStore()
  try {
    if (following.gap && options.onGap !== undefined) await options.onGap(following.newest)
    const backlog = held
    held = null
    // What was said before the gap was noticed is in the stored state the reader has just got.
    const from = following.gap && options.onGap !== undefined ? following.newest : 0
    for (const event of backlog) if (event.seq > from) pass(event)
    watch.start()
    await ended.promise
  } finally {
    watch.stop()
    following.stop()
    signal.removeEventListener('abort', onAbort)
  }

  /** Two looks that see the run at rest, with nothing heard between them, mean that the last event will not come by itself. */
  function watchStore() {
    let timer: NodeJS.Timeout | undefined
    let heardAtRest = -1
    const look = async () => {
      const before = heard
      const now = await deps.findRun(run)
      if (now === null) {
        ended.resolve()
        return
      }
      if (!rests(now.status) || heard !== before) heardAtRest = -1
      else if (heardAtRest === heard) {
        const data = JSON.stringify(presentRun(now))
        pass({ seq: 0, event: `thread.run.${now.status}`, data })
        return
      } else heardAtRest = heard
      arm()
    }
    const arm = () => {
      timer = setTimeout(() => {
        look().catch((error: unknown) => ended.reject(error))
      }, LOOK_MS)
    }
    return { start: arm, stop: () => clearTimeout(timer) }
  }
}
