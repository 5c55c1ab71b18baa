/** One line of the doctor's report. */
export interface Check {
  name: string
  /** `missing` is needed and not there; `note` works, but somebody may want to know. */
  state: 'ok' | 'note' | 'missing'
  /** What was found. */
  message: string
  /** How to get what is missing; null where nothing is. */
  fix: string | null
}

export const ok = (name: string, message: string): Check => ({
  name,
  state: 'ok',
  message,
  fix: null,
})
export const note = (name: string, message: string, fix: string | null): Check => ({
  name,
  state: 'note',
  message,
  fix,
})
export const missing = (name: string, message: string, fix: string): Check => ({
  name,
  state: 'missing',
  message,
  fix,
})

export const reason = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : ''
  return cause === '' || message.includes(cause) ? message : `${message}: ${cause}`
}
