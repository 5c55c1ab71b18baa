import type { Allowance } from '../../platform/allowance.ts'
import type { Clock } from '../../platform/clock.ts'
import { BoundedCache } from '../../platform/store/bounded-cache.ts'
import type { Store } from '../../platform/store/store.ts'
import type { LimitSubject } from './limits.ts'
import { spentBy } from './quota-store.ts'
import { resetOf } from './quotas.ts'

/** How long a sum of tokens is good enough for a header, in ms: whether something is left is asked anew before each model call. */
const GOOD_MS = 1_000
const REMEMBERED = 10_000

interface TokenLimit {
  subject: LimitSubject
  perDay: number
}

/** What is left of the day's tokens by the tightest of some limits, to a second; null without any. */
export const createTokenAllowance = ({ store, clock }: { store: Store; clock: Clock }) => {
  const sums = new BoundedCache<{ atMs: number; used: Promise<number> }>(REMEMBERED)

  const sumOf = async (workspaceId: string, subject: LimitSubject): Promise<number> => {
    const [spent] = await spentBy(store, workspaceId, [subject], clock.now(), '')
    return spent?.used.tokens ?? 0
  }

  const usedBy = async (workspaceId: string, subject: LimitSubject): Promise<number> => {
    const known = sums.get(`${subject.kind} ${subject.id}`, () => ({
      atMs: -GOOD_MS,
      used: Promise.resolve(0),
    }))
    const now = clock.now()
    if (now - known.atMs >= GOOD_MS) {
      known.atMs = now
      known.used = sumOf(workspaceId, subject)
    }
    try {
      return await known.used
    } catch (error) {
      known.atMs = -GOOD_MS
      throw error
    }
  }

  return async (workspaceId: string, limits: readonly TokenLimit[]): Promise<Allowance | null> => {
    const all = await Promise.all(
      limits.map(async ({ subject, perDay }) => ({
        limit: perDay,
        remaining: Math.max(0, perDay - (await usedBy(workspaceId, subject))),
      })),
    )
    const [first, ...others] = all
    if (first === undefined) return null
    const tightest = others.reduce(
      (one, other) => (other.remaining < one.remaining ? other : one),
      first,
    )
    const now = clock.now()
    return { ...tightest, resetMs: resetOf('day', now) - now }
  }
}
