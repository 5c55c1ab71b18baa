import { systemClock, type Clock } from '../clock.ts'
import { SEQ_PER_ATTEMPT, type EventLog, type Following, type LiveEvent } from './event-log.ts'

interface RunBuffer {
  events: LiveEvent[]
  bytes: number
  attempt: number
  /** Number of events said in this attempt. */
  count: number
  /** True when events before the oldest one here were said, here or elsewhere. */
  headless: boolean
  readers: Set<(event: LiveEvent) => void>
  ended: boolean
  /** Milliseconds since 1970 of the last event, of the end, or of a reader's leaving. */
  touchedAt: number
}

/** Events and bytes kept per run, and how long a buffer outlives its run or the last word of a run that ended elsewhere (ms). */
export interface MemoryEventLogOptions {
  maxEvents?: number
  maxBytes?: number
  retentionMs?: number
  idleMs?: number
  clock?: Clock
}

/** In-process event log of one node: a bounded buffer per run. */
export class MemoryEventLog implements EventLog, Disposable {
  readonly #runs = new Map<string, RunBuffer>()
  readonly #maxEvents: number
  readonly #maxBytes: number
  readonly #retentionMs: number
  readonly #idleMs: number
  readonly #clock: Clock
  readonly #sweep: NodeJS.Timeout

  constructor(options: MemoryEventLogOptions = {}) {
    this.#maxEvents = options.maxEvents ?? 20_000
    this.#maxBytes = options.maxBytes ?? 8 * 1024 * 1024
    this.#retentionMs = options.retentionMs ?? 60_000
    this.#idleMs = options.idleMs ?? 15 * 60_000
    this.#clock = options.clock ?? systemClock
    this.#sweep = setInterval(() => this.sweep(), Math.min(this.#retentionMs, 10_000))
    this.#sweep.unref()
  }

  /** Runs whose events are held now. */
  get size(): number {
    return this.#runs.size
  }

  append(runId: string, attempt: number, event: string, data: string): number | null {
    const buffer = this.#buffer(runId)
    if (buffer.ended || attempt < buffer.attempt) return null
    if (attempt > buffer.attempt) this.#nextAttempt(buffer, attempt)
    buffer.count += 1
    buffer.touchedAt = this.#clock.now()
    const live: LiveEvent = {
      seq: attempt * SEQ_PER_ATTEMPT + buffer.count,
      attempt,
      event,
      data,
    }
    buffer.events.push(live)
    buffer.bytes += data.length
    if (buffer.events.length > this.#maxEvents || buffer.bytes > this.#maxBytes) this.#trim(buffer)
    for (const reader of buffer.readers) reader(live)
    return live.seq
  }

  follow(runId: string, after: number, reader: (event: LiveEvent) => void): Following {
    const buffer = this.#buffer(runId)
    const newest = buffer.events.at(-1)?.seq ?? 0
    const oldest = buffer.events[0]?.seq ?? Infinity
    const gap = buffer.events.length === 0 || (buffer.headless && after < oldest - 1)
    for (const event of buffer.events) if (event.seq > after) reader(event)
    buffer.readers.add(reader)
    return {
      gap,
      newest,
      stop: () => {
        buffer.readers.delete(reader)
        buffer.touchedAt = this.#clock.now()
        const unused = buffer.events.length === 0 && buffer.readers.size === 0
        if (unused && this.#runs.get(runId) === buffer) this.#runs.delete(runId)
      },
    }
  }

  end(runId: string): void {
    const buffer = this.#runs.get(runId)
    if (buffer === undefined || buffer.ended) return
    buffer.ended = true
    buffer.touchedAt = this.#clock.now()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweep)
    this.#runs.clear()
  }

  /** Lets go of buffers whose time is over and that nobody reads. Called by itself now and then. */
  sweep(): void {
    const now = this.#clock.now()
    for (const [runId, buffer] of this.#runs) {
      const keepMs = buffer.ended ? this.#retentionMs : this.#idleMs
      if (buffer.readers.size === 0 && now - buffer.touchedAt > keepMs) this.#runs.delete(runId)
    }
  }

  #buffer(runId: string): RunBuffer {
    let buffer = this.#runs.get(runId)
    if (buffer === undefined) {
      buffer = {
        events: [],
        bytes: 0,
        attempt: 0,
        count: 0,
        headless: false,
        readers: new Set(),
        ended: false,
        touchedAt: this.#clock.now(),
      }
      this.#runs.set(runId, buffer)
    }
    return buffer
  }

  /**
   * An attempt after the next, or one after the first on an empty buffer, means that another node or a dead process has spoken in
   * between: what it said is not here, so what came before it must not look whole.
   */
  #nextAttempt(buffer: RunBuffer, attempt: number): void {
    if (attempt > buffer.attempt + 1 || (buffer.events.length === 0 && attempt > 1)) {
      buffer.events = []
      buffer.bytes = 0
      buffer.headless = true
    }
    buffer.attempt = attempt
    buffer.count = 0
  }

  /** Lets the older half go at once, so that trimming costs nothing per event. */
  #trim(buffer: RunBuffer): void {
    const dropped = buffer.events.splice(0, Math.ceil(buffer.events.length / 2))
    for (const event of dropped) buffer.bytes -= event.data.length
    buffer.headless = true
  }
}
