import type { SetLimitRequest, SetPricesRequest } from '@melzi/contract/usage.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { requireAdmin, requireUnbound, type Principal } from '../../platform/principal.ts'
import type { Reader, Store } from '../../platform/store/store.ts'
import type { AuditLog } from '../audit/service.ts'
import { toMicros } from './money.ts'
import {
  allLimits,
  findLimits,
  setLimits,
  type Limits,
  type LimitSubject,
  type SetLimits,
} from './limits.ts'
import { findPrices, setPrices, type Price, type PriceList } from './price-store.ts'
import { isThere } from './subject-store.ts'

export type LimitSettings = ReturnType<typeof createLimitSettings>

const NO_LIMITS: Limits = { requestsPerMinute: null, tokensPerDay: null, moneyPerMonth: null }

/** Prices and limits of a workspace, for its admins. All of it throws AppError 403 for others. */
export const createLimitSettings = (deps: {
  store: Store
  clock: Clock
  audit: Pick<AuditLog, 'note'>
}) => {
  const { store, clock, audit } = deps

  /** @throws AppError 404 when nobody of that id is in the workspace */
  const getThere = async (
    db: Reader,
    workspaceId: string,
    subject: LimitSubject,
  ): Promise<SetLimits> => {
    const [found] = await findLimits(db, workspaceId, [subject])
    if (found !== undefined) return found
    if (!(await isThere(db, workspaceId, subject))) throw errors.notFound(subject.kind, subject.id)
    return { subject, ...NO_LIMITS, updatedAt: 0 }
  }

  return {
    async prices(principal: Principal): Promise<PriceList> {
      requireAdmin(principal)
      return findPrices(store, principal.workspaceId)
    },

    /** @throws AppError 400 when a model stands there twice */
    async setPrices(principal: Principal, request: SetPricesRequest): Promise<PriceList> {
      requireAdmin(principal)
      const { workspaceId } = principal
      const names = new Set(request.prices.map(({ model }) => model))
      if (names.size < request.prices.length)
        throw errors.invalid('A model may stand in the list only once.', 'prices')
      const prices = request.prices.map(toPrice)
      const { currency } = request
      await store.write('usage.set-prices', async (tx) => {
        await setPrices(tx, workspaceId, { currency, prices }, seconds(clock.now()))
        const details = { currency, models: prices.length }
        await audit.note(tx, principal, {
          action: 'price_list.update',
          kind: 'price_list',
          id: workspaceId,
          details,
        })
      })
      return findPrices(store, workspaceId)
    },

    async list(principal: Principal): Promise<SetLimits[]> {
      requireAdmin(principal)
      return allLimits(store, principal.workspaceId)
    },

    async get(principal: Principal, subject: LimitSubject): Promise<SetLimits> {
      requireAdmin(principal)
      return getThere(store, principal.workspaceId, subject)
    },

    /** What the request leaves out stays. */
    async set(
      principal: Principal,
      subject: LimitSubject,
      request: SetLimitRequest,
    ): Promise<SetLimits> {
      requireAdmin(principal)
      requireUnbound(principal)
      const { workspaceId } = principal
      return store.write('usage.set-limits', async (tx) => {
        const before = await getThere(tx, workspaceId, subject)
        const { requests_per_minute: requests, tokens_per_day: tokens } = request
        const { money_per_month: money } = request
        const after: Limits = {
          requestsPerMinute: requests === undefined ? before.requestsPerMinute : requests,
          tokensPerDay: tokens === undefined ? before.tokensPerDay : tokens,
          moneyPerMonth:
            money === undefined ? before.moneyPerMonth : money === null ? null : toMicros(money),
        }
        const now = seconds(clock.now())
        await setLimits(tx, workspaceId, subject, after, now)
        await audit.note(tx, principal, {
          action: 'limit.update',
          kind: 'limit',
          id: subject.id,
          details: { subject_kind: subject.kind, ...request },
        })
        return { subject, ...after, updatedAt: now }
      })
    },

    async delete(principal: Principal, subject: LimitSubject): Promise<void> {
      requireAdmin(principal)
      requireUnbound(principal)
      const { workspaceId } = principal
      await store.write('usage.delete-limits', async (tx) => {
        await getThere(tx, workspaceId, subject)
        await setLimits(tx, workspaceId, subject, NO_LIMITS, 0)
        await audit.note(tx, principal, {
          action: 'limit.delete',
          kind: 'limit',
          id: subject.id,
          details: { subject_kind: subject.kind },
        })
      })
    },
  }
}

const toPrice = (row: SetPricesRequest['prices'][number]): Price => {
  const isPrefix = row.model.endsWith('*')
  return {
    model: isPrefix ? row.model.slice(0, -1) : row.model,
    isPrefix,
    input: toMicros(row.input_per_million),
    cachedInput: toMicros(row.cached_input_per_million ?? row.input_per_million),
    output: toMicros(row.output_per_million),
  }
}
