import type { UsageQuery } from '@melzi/contract/usage.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { isAdmin, requireFull, type Principal } from '../../platform/principal.ts'
import type { Store } from '../../platform/store/store.ts'
import { findLimits, subjectsOf, type LimitSubject, type SetLimits } from './limits.ts'
import { findPrices } from './price-store.ts'
import { spentBy, startsOf, type Amount } from './quota-store.ts'
import { resetOf } from './quotas.ts'
import { sumUsage, type ReportRow } from './report-store.ts'

/** Usage of a stretch of time, summed up. */
export interface Report {
  from: number
  to: number
  groups: UsageQuery['group_by']
  currency: string
  rows: ReportRow[]
}

/** A limit of whoever asks, and what is left of it. */
export interface OwnLimit extends SetLimits {
  used: Amount
}

export interface OwnReport {
  keyId: string | null
  currency: string
  today: ReportRow
  month: ReportRow
  limits: OwnLimit[]
  /** Unix seconds. */
  tokensResetAt: number
  moneyResetAt: number
}

const HOUR = 3600
const DAYS = 30
const MOST_ROWS = 10_000

/** Whoever may see a key, as the key itself would ask for its own usage. The caller has checked that it may. */
export const askingAs = (principal: Principal, keyId: string): Principal => ({
  ...principal,
  keyId,
  scope: { keyId, assistantIds: null, most: 'own', shared: false },
})

export type UsageReports = ReturnType<typeof createUsageReports>

/** What was used, as those may see it whom it concerns. */
export const createUsageReports = ({ store, clock }: { store: Store; clock: Clock }) => ({
  /**
   * Of the workspace for admins; else one's own and that of one's assistants, with nobody else named.
   * @throws AppError 403 for limited keys and guests; 400 for times in the wrong order and for too many rows
   */
  async report(principal: Principal, query: UsageQuery): Promise<Report> {
    requireFull(principal)
    const { workspaceId, personId } = principal
    const to = Math.ceil((query.to ?? seconds(clock.now()) + 1) / HOUR) * HOUR
    const asked = query.from ?? to - DAYS * 24 * HOUR
    const from = asked - (asked % HOUR)
    const isBackward = query.to !== undefined && asked >= query.to
    if (isBackward || from >= to) throw errors.invalid("'from' must be before 'to'.", 'from')
    const rows = await sumUsage(
      store,
      {
        workspaceId,
        from: Math.max(0, from),
        to,
        groups: query.group_by,
        assistantId: query.assistant_id,
        model: query.model,
        keyId: query.key_id,
        personId: query.person_id,
        kind: query.kind,
        seenBy: isAdmin(principal) ? null : personId,
      },
      MOST_ROWS,
    )
    if (rows.length > MOST_ROWS) {
      throw errors.invalid(
        `There are more than ${MOST_ROWS} rows. Ask for a shorter time, or group by less.`,
        'group_by',
      )
    }
    const { currency } = await findPrices(store, workspaceId)
    return { from, to, groups: query.group_by, currency, rows }
  },

  /** Of the key that asks, or of a session's person, and what is left. */
  async own(principal: Principal): Promise<OwnReport> {
    const { workspaceId, personId, keyId, scope } = principal
    const nowMs = clock.now()
    const now = seconds(nowMs)
    const { day, month } = startsOf(now)
    const sum = async (from: number): Promise<ReportRow> => {
      const to = (Math.floor(now / HOUR) + 1) * HOUR
      const who = keyId === null ? { personId } : { keyId }
      const [row] = await sumUsage(
        store,
        { workspaceId, from, to, groups: [], seenBy: null, ...who },
        1,
      )
      if (row === undefined) throw new Error('a sum without groups is one row')
      return row
    }
    // Who was handed a limited key learns of the key, not of its person's or the workspace's means.
    const subjects: LimitSubject[] =
      scope === null
        ? subjectsOf(principal, null).filter(
            ({ kind }) => principal.role !== 'guest' || kind === 'person',
          )
        : [{ kind: 'key', id: scope.keyId }]
    const limits = await findLimits(store, workspaceId, subjects)
    const spent =
      limits.length === 0
        ? []
        : await store.write('usage.own', (tx) =>
            spentBy(
              tx,
              workspaceId,
              limits.map(({ subject }) => subject),
              nowMs,
              '',
            ),
          )
    return {
      keyId,
      currency: (await findPrices(store, workspaceId)).currency,
      today: await sum(day),
      month: await sum(month),
      limits: limits.map((limit, at) => ({
        ...limit,
        used: spent[at]?.used ?? { tokens: 0, micros: 0 },
      })),
      tokensResetAt: seconds(resetOf('day', nowMs)),
      moneyResetAt: seconds(resetOf('month', nowMs)),
    }
  },
})
