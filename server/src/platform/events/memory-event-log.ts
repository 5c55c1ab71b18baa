import { SEQ_PER_ATTEMPT, type EventLog, type Following, type LiveEvent } from './event-log.ts'

interface RunBuffer {
  events: LiveEvent[]
  bytes: number
  attempt: number
  /** Number of events said in this attempt. */
  count: number
  /** True once the oldest events were let go. */
  trimmed: boolean
  readers: Set<(event: LiveEvent) => void>
  /** Milliseconds since 1970 after which the buffer may go; null while the run lives. */
  dropAt: number | null
}

/** In-process event log of one node: a bounded buffer per run. */
export class MemoryEventLog implements EventLog, Disposable {
  readonly #runs = new Map<string, RunBuffer>()
  readonly #maxEvents: number
  readonly #maxBytes: number
  readonly #retentionMs: number
  readonly #sweep: NodeJS.Timeout

  /**
   * @param limits events and bytes kept per run, and how long a buffer outlives its run (ms)
   */
  constructor(limits: { maxEvents?: number; maxBytes?: number; retentionMs?: number } = {}) {
    this.#maxEvents = limits.maxEvents ?? 20_000
    this.#maxBytes = limits.maxBytes ?? 8 * 1024 * 1024
    this.#retentionMs = limits.retentionMs ?? 60_000
    this.#sweep = setInterval(() => this.#dropOld(), Math.min(this.#retentionMs, 10_000))
    this.#sweep.unref()
  }

  append(runId: string, attempt: number, event: string, data: string): number | null {
    const buffer = this.#buffer(runId)
    if (attempt < buffer.attempt) return null
    if (attempt > buffer.attempt) {
      buffer.attempt = attempt
      buffer.count = 0
    }
    buffer.count += 1
    buffer.dropAt = null
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

  follow(runId: string, after: number | 'now', reader: (event: LiveEvent) => void): Following {
    const known = this.#runs.get(runId)
    const buffer = this.#buffer(runId)
    const newest = buffer.events.at(-1)?.seq ?? 0
    const from = after === 'now' ? newest : after
    const oldest = buffer.events[0]?.seq ?? 0
    const missing = known === undefined || buffer.events.length === 0
    const gap = after !== 'now' && (missing || (buffer.trimmed && from < oldest - 1))
    if (after !== 'now') {
      for (const event of buffer.events) if (event.seq > from) reader(event)
    }
    buffer.readers.add(reader)
    return {
      gap,
      newest,
      stop: () => {
        buffer.readers.delete(reader)
        if (buffer.events.length === 0 && buffer.readers.size === 0) this.#runs.delete(runId)
      },
    }
  }

  end(runId: string): void {
    const buffer = this.#runs.get(runId)
    if (buffer !== undefined) buffer.dropAt = Date.now() + this.#retentionMs
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweep)
    this.#runs.clear()
  }

  #buffer(runId: string): RunBuffer {
    let buffer = this.#runs.get(runId)
    if (buffer === undefined) {
      buffer = {
        events: [],
        bytes: 0,
        attempt: 0,
        count: 0,
        trimmed: false,
        readers: new Set(),
        dropAt: null,
      }
      this.#runs.set(runId, buffer)
    }
    return buffer
  }

  /** Lets the older half go at once, so that trimming costs nothing per event. */
  #trim(buffer: RunBuffer): void {
    const dropped = buffer.events.splice(0, Math.ceil(buffer.events.length / 2))
    for (const event of dropped) buffer.bytes -= event.data.length
    buffer.trimmed = true
  }

  #dropOld(): void {
    const now = Date.now()
    for (const [runId, buffer] of this.#runs) {
      if (buffer.dropAt !== null && buffer.dropAt < now && buffer.readers.size === 0) {
        this.#runs.delete(runId)
      }
    }
  }
}
