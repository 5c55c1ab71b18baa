import type { EventLog, LiveEvent } from '../../platform/events/event-log.ts'
import { presentRun } from './present.ts'
import { isEnded, type RunRecord } from './run-record.ts'

/** How long a silent stream waits before it asks the store whether the run rests already. */
const LOOK_MS = 1_000

export interface ReadRunDeps {
  events: Pick<EventLog, 'follow'>
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
  /** Told when events were missed: the reader needs the stored state. `newest` is the last seq before it, 0 for none. */
  onGap?: (newest: number) => Promise<void>
  /** The store could not be asked; it is asked again. */
  onTrouble: (error: unknown) => void
  /** The reader has left; the run goes on. */
  left: AbortSignal
  /** The node stops: nothing more will be heard here. */
  stopped: AbortSignal
  /** The reader may read no more. */
  lost?: AbortSignal
}

/** How a reading ended. `gone`: the run was deleted with its thread. `lost`: the reader lost its right. */
export type ReadEnd = 'rests' | 'gone' | 'left' | 'stopped' | 'lost'

/**
 * Reads a run's events until it rests: backfill, cut over, live. When nothing is heard (the run is worked on elsewhere, or its events
 * went with a dead process) the store is asked now and then, so that every stream ends with a lawful last event.
 * @throws what `onGap` throws
 */
export const readRun = async (
  deps: ReadRunDeps,
  run: RunRecord,
  options: ReadRunOptions,
): Promise<ReadEnd> => {
  const { after, onEvent, onGap, left, stopped, lost } = options
  const rests = (status: RunRecord['status']) =>
    isEnded(status) || (options.stopAtAction && status === 'requires_action')
  const lastEvents = new Set(
    ['completed', 'incomplete', 'failed', 'cancelled', 'expired'].map((end) => `thread.run.${end}`),
  )
  if (options.stopAtAction) lastEvents.add('thread.run.requires_action')

  const ended = Promise.withResolvers<ReadEnd>()
  let over = false
  let heard = 0
  let newest = 0
  let held: LiveEvent[] | null = []
  const pass = (event: Pick<LiveEvent, 'seq' | 'event' | 'data'>) => {
    if (over) return
    heard += 1
    newest = Math.max(newest, event.seq)
    onEvent(event)
    if (lastEvents.has(event.event)) finish('rests')
  }
  const finish = (end: ReadEnd) => {
    over = true
    ended.resolve(end)
  }
  const onLeft = () => finish('left')
  const onStopped = () => finish('stopped')
  const onLost = () => finish('lost')

  /** Two looks that see the run at rest, with nothing heard between them, mean that the last event will not come by itself. */
  const look = async (): Promise<void> => {
    if (heard !== heardAtLook) {
      heardAtLook = heard
      looksAtRest = 0
      return
    }
    const now = await deps.findRun(run)
    if (now === null) return finish('gone')
    looksAtRest = rests(now.status) && heard === heardAtLook ? looksAtRest + 1 : 0
    // Where nothing was ever heard, there is no last word to wait for.
    if (looksAtRest < (newest === 0 && following.newest === 0 ? 1 : 2) || over) return
    // What was said between the last event here and this end was said elsewhere.
    if (heard > 0) await onGap?.(newest)
    pass({ seq: 0, event: `thread.run.${now.status}`, data: JSON.stringify(presentRun(now)) })
  }
  let timer: NodeJS.Timeout | undefined
  let heardAtLook = 0
  let looksAtRest = 0
  const watch = async (): Promise<void> => {
    await look().catch(options.onTrouble)
    if (!over) timer = setTimeout(() => void watch(), LOOK_MS)
  }

  const following = deps.events.follow(run.id, after, (event) => {
    if (held === null) pass(event)
    else held.push(event)
  })
  left.addEventListener('abort', onLeft, { once: true })
  stopped.addEventListener('abort', onStopped, { once: true })
  lost?.addEventListener('abort', onLost, { once: true })
  try {
    const missed = following.gap && onGap !== undefined
    if (missed) await onGap(following.newest)
    // What was said before the gap was noticed is in the stored state the reader has just got.
    const from = missed ? following.newest : 0
    const backlog: LiveEvent[] = held
    held = null
    for (const event of backlog) if (event.seq > from) pass(event)
    if (left.aborted) onLeft()
    if (stopped.aborted) onStopped()
    if (following.newest === 0 && heard === 0) await watch()
    else timer = setTimeout(() => void watch(), LOOK_MS)
    return await ended.promise
  } finally {
    over = true
    clearTimeout(timer)
    following.stop()
    left.removeEventListener('abort', onLeft)
    stopped.removeEventListener('abort', onStopped)
    lost?.removeEventListener('abort', onLost)
  }
}
