/** Time as the server sees it; tests hand in their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** Unix seconds, the wire's unit of time (behaviour.md 3). */
export const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)
