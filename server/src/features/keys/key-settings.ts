import type {
  CreateShareKeyRequest,
  KeyLimitsRequest,
  ModifyKeyRequest,
} from '@melzi/contract/key.ts'
import type { Limits } from '../usage/service.ts'
import { normalOrigin } from './key-origins.ts'
import type { KeyRecord } from './store.ts'

export const NO_LIMITS: Limits = {
  requestsPerMinute: null,
  tokensPerDay: null,
  moneyPerMonth: null,
}
const MILLIONTHS = 1_000_000

export const unique = (ids: readonly string[] | null): string[] | null =>
  ids === null ? null : [...new Set(ids)]

export const mostOf = (access: 'use' | 'manage'): KeyRecord['most'] =>
  access === 'use' ? 'use' : 'own'

/** What every request for a key names. */
export const commonOf = (request: CreateShareKeyRequest) => ({
  name: request.name,
  origins: request.origins?.map(normalOrigin) ?? null,
  expiresAt: request.expires_at,
  limits: limitsOf(request.limits, NO_LIMITS),
})

const inMillionths = (money: number | null): number | null =>
  money === null ? null : Math.round(money * MILLIONTHS)

/** What is not named stays. */
export const limitsOf = (asked: KeyLimitsRequest | null | undefined, before: Limits): Limits => {
  const {
    requests_per_minute: requests,
    tokens_per_day: tokens,
    money_per_month: money,
  } = asked ?? {}
  return {
    requestsPerMinute: requests === undefined ? before.requestsPerMinute : requests,
    tokensPerDay: tokens === undefined ? before.tokensPerDay : tokens,
    moneyPerMonth: money === undefined ? before.moneyPerMonth : inMillionths(money),
  }
}

/** The key as a request changes it: what is left out stays. */
export const merged = (before: KeyRecord, request: ModifyKeyRequest): KeyRecord => ({
  ...before,
  name: request.name ?? before.name,
  assistantIds:
    request.assistant_ids === undefined ? before.assistantIds : unique(request.assistant_ids),
  most: request.access === undefined ? before.most : mostOf(request.access),
  origins:
    request.origins === undefined ? before.origins : (request.origins?.map(normalOrigin) ?? null),
  expiresAt: request.expires_at === undefined ? before.expiresAt : request.expires_at,
  paused: request.paused ?? before.paused,
})
