/**
 * Live events of runs: tokens are events, never rows. A run's events carry a rising `seq`; late and returning readers replay from the
 * buffer, then follow. `attempt` fences: what a node says after another took its run is dropped here.
 */
export interface LiveEvent {
  readonly seq: number
  readonly attempt: number
  /** Wire name, e.g. `thread.message.delta`. */
  readonly event: string
  /** One line of JSON, made once for all readers. */
  readonly data: string
}

/** Sequence numbers of one attempt: `seq = attempt * SEQ_PER_ATTEMPT + n`, so they rise over a takeover without shared state. */
export const SEQ_PER_ATTEMPT = 10_000_000

export interface Following {
  /** True when events after the asked `seq` are not here, or no longer: the reader must start from the stored state. */
  readonly gap: boolean
  /** Newest `seq` at the time of the call; 0 when nothing was said yet. */
  readonly newest: number
  stop(): void
}

export interface EventLog {
  /** Says one event. Gives its seq, or null when a higher attempt has already spoken or the run has ended: nothing follows an end. */
  append(runId: string, attempt: number, event: string, data: string): number | null
  /**
   * Replays the events after `after` to the reader, at once and in order, then each new one as it comes.
   * @param after a seq; 0 from the start
   */
  follow(runId: string, after: number, reader: (event: LiveEvent) => void): Following
  /** The run has ended: its last event is said, and its buffer is let go after the retention time. */
  end(runId: string): void
}
