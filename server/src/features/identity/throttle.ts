import { createHash } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import type { Store } from '../../platform/store/store.ts'
import { countAttempt, forgetAttempts } from './store.ts'

const WINDOW_MS = 15 * 60_000
/** Longer than a code of an authenticator app is taken, with the ones before and after. */
const CODE_MS = 2 * 60_000

/** How often each may try in a quarter of an hour. Many people may share one address, as in a school. */
const MOST = {
  /** Passwords and codes from one address. */
  address: 60,
  /** Passwords of one account, whoever tries. */
  account: 10,
  /** Links to one mailbox. */
  mailbox: 4,
  /** Links and codes asked for from one address. */
  link: 30,
} as const

export type Counted = keyof typeof MOST

export interface Throttle {
  /**
   * Counts an attempt before it is made, so that many at once pass no more than one after the other.
   * @throws AppError 429 with `retry-after` for one too many. It says the same whether what was tried exists or not
   */
  count(what: Counted, who: string): Promise<void>
  /** Notes that a code was good; false when it was before, within the time that it is. */
  useOnce(code: string): Promise<boolean>
  /** After success: what was counted for this account or address is forgotten. */
  forget(what: Counted, who: string): Promise<void>
}

/** Counts in the store, so that it holds over nodes and restarts. */
export const createThrottle = (deps: { store: Store; clock: Clock }): Throttle => {
  const { store, clock } = deps
  // an account is counted by the address that was typed, known or not, which is nobody's business here
  const key = (what: Counted | 'code', who: string) =>
    createHash('sha256').update(`${what}\n${who}`).digest('hex')
  return {
    count: async (what, who) => {
      const now = clock.now()
      const { attempts, endsMs } = await store.write('identity.attempt', (tx) =>
        countAttempt(tx, key(what, who), now, WINDOW_MS),
      )
      if (attempts <= MOST[what]) return
      throw new AppError({
        status: 429,
        type: 'requests',
        code: 'rate_limit_exceeded',
        message: 'Too many attempts. Please try again later.',
        headers: { 'retry-after': String(Math.max(1, Math.ceil((endsMs - now) / 1000))) },
      })
    },
    useOnce: async (code) => {
      const used = key('code', code)
      const { attempts } = await store.write('identity.use code', (tx) =>
        countAttempt(tx, used, clock.now(), CODE_MS),
      )
      return attempts === 1
    },
    forget: async (what, who) => {
      await store.write('identity.forget attempts', (tx) => forgetAttempts(tx, key(what, who)))
    },
  }
}
