/** Why a run's signal was aborted. */
export type StopReason = 'cancelled' | 'expired' | 'lost' | 'shutdown'

export class RunStopped extends Error {
  override readonly name = 'RunStopped'
  readonly reason: StopReason
  constructor(reason: StopReason) {
    super(`the run was stopped: ${reason}`)
    this.reason = reason
  }
}

/** A node's hold of a run while it works on it. */
export interface RunHold {
  /** Aborted with a {@link RunStopped}. */
  readonly signal: AbortSignal
  /** False once the lease has run out by this node's clock: another may have the run, so nothing may be said any more. */
  held(): boolean
}

/**
 * How work on a run went. `rests`: it ended or waits for its client. `passed on`: it ended, and another of its thread is due. `unfinished`: it stopped short, and its lease is to be let go at
 * once for somebody to go on from what is stored. `let go`: the same, but whoever goes on must not do so before the lease is over.
 */
export type WorkEnd = 'rests' | 'passed on' | 'unfinished' | 'let go'
