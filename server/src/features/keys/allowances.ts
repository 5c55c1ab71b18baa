import type { Clock } from '../../platform/clock.ts'
import type { Allowance } from '../../platform/allowance.ts'
import type { CallerLimit, Principal } from '../../platform/principal.ts'
import type { Store } from '../../platform/store/store.ts'
import { createTokenAllowance, findLimits, subjectsOf } from '../usage/service.ts'
import { createRequestWindows } from './request-windows.ts'

export type Allowances = ReturnType<typeof createAllowances>

/** What a caller may still ask, of requests and of tokens. */
export const createAllowances = (deps: { store: Store; clock: Clock }) => {
  const { store } = deps
  const windows = createRequestWindows(deps)
  const tokensOf = createTokenAllowance(deps)

  /** Those of a caller that came without a key. */
  const lookUp = async (principal: Principal): Promise<CallerLimit[]> => {
    const found = await findLimits(store, principal.workspaceId, subjectsOf(principal, null))
    return found.flatMap(({ subject: { kind, id }, requestsPerMinute, tokensPerDay }) =>
      kind === 'assistant' ? [] : [{ kind, id, requestsPerMinute, tokensPerDay }],
    )
  }

  return {
    /**
     * Counts a request, and says what is left by the tightest of each kind of limit; null where none is set. Without limits nothing is
     * asked or written.
     * @throws AppError 429 when a limit of requests is reached
     */
    take: async (
      principal: Principal,
    ): Promise<{ requests: Allowance | null; tokens: Allowance | null }> => {
      const { workspaceId } = principal
      const limits = principal.limits ?? (await lookUp(principal))
      const requests = await windows.take(
        workspaceId,
        limits.flatMap(({ kind, id, requestsPerMinute: perMinute }) =>
          perMinute === null ? [] : [{ kind, id, perMinute }],
        ),
      )
      const tokens = await tokensOf(
        workspaceId,
        limits.flatMap(({ kind, id, tokensPerDay: perDay }) =>
          perDay === null ? [] : [{ subject: { kind, id }, perDay }],
        ),
      )
      return { requests, tokens }
    },
  }
}
