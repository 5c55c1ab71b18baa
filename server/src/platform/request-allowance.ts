/** What is left of the requests of a minute. */
export interface RequestAllowance {
  limit: number
  remaining: number
  /** Until all of them are there again. */
  resetMs: number
}

/** A time as OpenAI's headers have it: `120ms`, `8.64s`, `6m0s`. */
const shortTime = (ms: number): string => {
  if (ms < 1000) return `${ms}ms`
  const minutes = Math.floor(ms / 60_000)
  const rest = `${(ms % 60_000) / 1000}s`
  return minutes === 0 ? rest : `${minutes}m${rest}`
}

/** The answer's headers that tell it. */
export const allowanceHeaders = (allowance: RequestAllowance): Record<string, string> => ({
  'x-ratelimit-limit-requests': String(allowance.limit),
  'x-ratelimit-remaining-requests': String(allowance.remaining),
  'x-ratelimit-reset-requests': shortTime(allowance.resetMs),
})
