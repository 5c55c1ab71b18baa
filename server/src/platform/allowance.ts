/** What is left of a limit. */
export interface Allowance {
  limit: number
  remaining: number
  /** Until all of it is there again. */
  resetMs: number
}

/** A time as OpenAI's headers have it: `120ms`, `8.64s`, `6m0s`, `7h30m0s`. */
const shortTime = (ms: number): string => {
  if (ms < 1000) return `${ms}ms`
  const minutes = Math.floor(ms / 60_000)
  const rest = `${(ms % 60_000) / 1000}s`
  if (minutes === 0) return rest
  return minutes < 60 ? `${minutes}m${rest}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${rest}`
}

/** The answer's headers that tell it. */
export const allowanceHeaders = (
  of: 'requests' | 'tokens',
  { limit, remaining, resetMs }: Allowance,
): Record<string, string> => ({
  [`x-ratelimit-limit-${of}`]: String(limit),
  [`x-ratelimit-remaining-${of}`]: String(remaining),
  [`x-ratelimit-reset-${of}`]: shortTime(resetMs),
})
