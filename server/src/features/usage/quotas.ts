import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { UsedBy } from './entry-store.ts'
import { findLimits, subjectsOf, type LimitKind, type SetLimits } from './limits.ts'
import { costOf } from './price-store.ts'
import { deleteHold, insertHold, lockLimits, spentBy, type Amount } from './quota-store.ts'
import { Turns } from './turns.ts'

/** What a model call may come to. */
export interface Need {
  model: string
  promptTokens: number
  /** The most it may write; null: nobody says, and {@link ANSWER_TOKENS} are held. */
  answerTokens: number | null
}

/** What is kept back from quotas while a model is asked; given back when disposed of, or before. */
export interface Hold extends AsyncDisposable {
  /** Gives it back; what the call cost is in the ledger by now. */
  release(): Promise<void>
}

export interface QuotaOptions {
  /** How long a call waits for others under way that keep the rest of a quota back, in ms. */
  waitMs: number
  /** How often it looks, in ms. */
  lookMs: number
}

const DEFAULTS: QuotaOptions = { waitMs: 30_000, lookMs: 250 }
const ANSWER_TOKENS = 1_024
/** A holder that died keeps nothing back longer than this. */
const HELD_MS = 15 * 60_000
const NOTHING: Amount = { tokens: 0, micros: 0 }

export type Quotas = ReturnType<typeof createQuotas>

/**
 * Tokens a day and money a month, in UTC, for workspaces, persons, keys and assistants. A model is asked only while something is left for
 * everybody whose limit holds; while it answers, what it may come to is kept back from them. So calls at the same time never add up to
 * more than is left: what goes over a limit is at most one answer that nobody bounded, or came out longer than was held for it.
 */
export const createQuotas = (deps: {
  store: Store
  clock: Clock
  log: Logger
  options?: Partial<QuotaOptions>
}) => {
  const { store, clock, log } = deps
  const { waitMs, lookMs } = { ...DEFAULTS, ...deps.options }
  const turns = new Turns()

  /** The quotas that hold for what one caller does. */
  const find = async (db: Reader, by: UsedBy): Promise<SetLimits[]> =>
    (await findLimits(db, by.workspaceId, subjectsOf(by, by.assistantId))).filter(
      ({ tokensPerDay, moneyPerMonth }) => tokensPerDay !== null || moneyPerMonth !== null,
    )

  const check = async (db: Reader, by: UsedBy): Promise<void> => {
    const limits = await find(db, by)
    if (limits.length > 0) await roomIn(db, by, limits, NOTHING, '')
  }

  /** @returns whether `need` fits beside what others hold. @throws AppError 429 */
  const roomIn = async (
    db: Reader,
    by: UsedBy,
    limits: readonly SetLimits[],
    need: Amount,
    id: string,
  ): Promise<boolean> => {
    const subjects = limits.map(({ subject }) => subject)
    const spent = await spentBy(db, by.workspaceId, subjects, clock.now(), id)
    let fits = true
    for (const [at, { tokensPerDay, moneyPerMonth, subject }] of limits.entries()) {
      const { used, held } = spent[at] ?? { used: NOTHING, held: NOTHING }
      const sums = [
        [tokensPerDay, used.tokens, held.tokens, need.tokens],
        [moneyPerMonth, used.micros, held.micros, need.micros],
      ] as const
      for (const [place, [limit, has, kept, more]] of sums.entries()) {
        if (limit === null) continue
        if (has >= limit)
          throw quotaUsedUp(subject.kind, place === 0 ? 'day' : 'month', clock.now())
        // Alone it may go over: how long an answer will be is a guess, and what is left would never be used.
        if (kept > 0 && has + kept + more > limit) fits = false
      }
    }
    return fits
  }

  const tryHold = (id: string, by: UsedBy, need: Need): Promise<boolean> =>
    store.write('usage.hold', async (tx: Tx) => {
      const limits = await find(tx, by)
      if (limits.length === 0) return true
      await lockLimits(
        tx,
        by.workspaceId,
        limits.map(({ subject }) => subject),
      )
      const tokens = need.promptTokens + (need.answerTokens ?? ANSWER_TOKENS)
      const micros = await costOf(tx, by.workspaceId, need.model, {
        promptTokens: need.promptTokens,
        completionTokens: tokens - need.promptTokens,
      })
      const amount = { tokens, micros: micros ?? 0 }
      if (!(await roomIn(tx, by, limits, amount, id))) return false
      await insertHold(tx, id, by, amount, clock.now() + HELD_MS)
      return true
    })

  return {
    /** At the door, in the unit that makes a run. @throws AppError 429 `insufficient_quota` when nothing is left */
    check,

    /**
     * Before a model is asked: keeps back what the answer may come to, and waits while others keep the rest back.
     * @param id of the hold: a run takes up its own again when another node goes on with it
     * @throws AppError 429 `insufficient_quota` when nothing is left; the signal's reason
     */
    hold: async (
      by: UsedBy,
      need: Need,
      signal: AbortSignal,
      id = newId('usage_'),
    ): Promise<Hold> => {
      const limits = await find(store, by)
      if (limits.length === 0) return NO_HOLD
      const end = clock.now() + waitMs
      const line = limits
        .map(({ subject }) => subject.id)
        .toSorted()
        .join()
      // First come, first served: whoever waits for room is not overtaken by who needs less.
      await turns.take(line, signal, async () => {
        while (!(await tryHold(id, by, need))) {
          signal.throwIfAborted()
          if (clock.now() >= end) throw quotaIsHeld()
          await sleep(lookMs, undefined, { signal })
        }
      })
      let held = true
      const release = async (): Promise<void> => {
        if (!held) return
        held = false
        try {
          await store.write('usage.release', (tx) => deleteHold(tx, by.workspaceId, id))
        } catch (error) {
          // It ends by itself in a while.
          log.warn({ err: error, id }, 'a hold on a quota was not given back')
        }
      }
      return { release, [Symbol.asyncDispose]: release }
    },
  }
}

const NO_HOLD: Hold = {
  release: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
}

const WHOSE: Readonly<Record<LimitKind, string>> = {
  workspace: 'this workspace',
  person: 'your account',
  key: 'this API key',
  assistant: 'this assistant',
}

/** When the next UTC day or month begins, in ms. */
export const resetOf = (period: 'day' | 'month', nowMs: number): number => {
  const now = new Date(nowMs)
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()]
  return period === 'day' ? Date.UTC(year, month, now.getUTCDate() + 1) : Date.UTC(year, month + 1)
}

const insufficient = (message: string, retryAfterSeconds: number): AppError =>
  new AppError({
    status: 429,
    message,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    headers: { 'retry-after': String(retryAfterSeconds) },
  })

const quotaUsedUp = (kind: LimitKind, period: 'day' | 'month', nowMs: number): AppError => {
  const reset = resetOf(period, nowMs)
  const what = period === 'day' ? "the day's tokens" : "the month's money"
  return insufficient(
    `You exceeded your current quota: ${what} of ${WHOSE[kind]} are used up. More is there at ${new Date(reset).toISOString()}.`,
    Math.max(1, Math.ceil((reset - nowMs) / 1000)),
  )
}

const quotaIsHeld = (): AppError =>
  insufficient(
    'You exceeded your current quota: what is left of it is kept back for other requests that are under way.',
    10,
  )
