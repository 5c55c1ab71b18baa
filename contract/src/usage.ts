/** What was used and what it cost, prices, and limits: paths of this server's own. */
import * as z from 'zod/mini'
import { tokenCount, unixSeconds } from './field.ts'
import { ListQuery, listOf } from './list.ts'

const USAGE_KINDS = [
  'run',
  'plugin_question',
  'plugin_call',
  'code_interpreter',
  'chat',
  'audio',
  'embedding',
] as const

export const UsageGroup = z.enum(['hour', 'day', 'assistant', 'model', 'key', 'person', 'kind'])
export type UsageGroup = z.infer<typeof UsageGroup>

export const UsageQuery = z.strictObject({
  /** Unix seconds, taken down to the whole hour. 30 days before `to` when left out. */
  from: z.optional(unixSeconds),
  /** Unix seconds, not itself included, taken up to the whole hour. Now when left out. */
  to: z.optional(unixSeconds),
  group_by: z._default(z.array(UsageGroup).check(z.minLength(1), z.maxLength(7)), ['day']),
  assistant_id: z.optional(z.string()),
  model: z.optional(z.string()),
  key_id: z.optional(z.string()),
  person_id: z.optional(z.string()),
  kind: z.optional(z.enum(USAGE_KINDS)),
})
export type UsageQuery = z.infer<typeof UsageQuery>

/** Money in the workspace's currency, to a millionth. */
const money = z.number().check(z.minimum(0))

const sums = {
  model_calls: tokenCount,
  plugin_calls: tokenCount,
  prompt_tokens: tokenCount,
  completion_tokens: tokenCount,
  total_tokens: tokenCount,
  /** Part of prompt_tokens. */
  cached_tokens: tokenCount,
  /** Part of completion_tokens. */
  reasoning_tokens: tokenCount,
  /** Of all calls together. */
  seconds: z.number().check(z.minimum(0)),
  /** Null when no price was known for any of it. */
  money: z.nullable(money),
  /** Calls that `money` leaves out, since no price was known. */
  unpriced_model_calls: tokenCount,
  /** Calls whose tokens are estimated: they broke off, or the model's server did not tell. */
  estimated_model_calls: tokenCount,
}

export const UsageSums = z.object(sums)
export type UsageSums = z.infer<typeof UsageSums>

export const UsageRow = z.object({
  object: z.literal('usage.row'),
  /** Of the hour or the UTC day; null when not grouped by one. */
  start_time: z.nullable(unixSeconds),
  assistant_id: z.nullable(z.string()),
  model: z.nullable(z.string()),
  key_id: z.nullable(z.string()),
  person_id: z.nullable(z.string()),
  kind: z.nullable(z.enum(USAGE_KINDS)),
  ...sums,
})
export type UsageRow = z.infer<typeof UsageRow>

export const UsageReport = z.object({
  object: z.literal('usage.report'),
  from: unixSeconds,
  to: unixSeconds,
  group_by: z.array(UsageGroup),
  currency: z.string(),
  data: z.array(UsageRow),
})
export type UsageReport = z.infer<typeof UsageReport>

export const LimitKind = z.enum(['workspace', 'person', 'key', 'assistant'])

const limitFields = {
  requests_per_minute: z.nullable(z.int()),
  /** Prompt and completion tokens of a UTC day. */
  tokens_per_day: z.nullable(z.int()),
  /** In a UTC month. */
  money_per_month: z.nullable(money),
}

/** A limit with what is left of it. */
export const OwnLimit = z.object({
  subject_kind: LimitKind,
  ...limitFields,
  tokens_left: z.nullable(z.int()),
  tokens_reset_at: unixSeconds,
  money_left: z.nullable(money),
  money_reset_at: unixSeconds,
})

export const OwnUsage = z.object({
  object: z.literal('usage.self'),
  /** The key it is the usage of; null for a session's, which is its person's. */
  key_id: z.nullable(z.string()),
  currency: z.string(),
  today: UsageSums,
  this_month: UsageSums,
  limits: z.array(OwnLimit),
})
export type OwnUsage = z.infer<typeof OwnUsage>

const perMillion = z.number().check(z.minimum(0), z.maximum(1_000_000))

export const PriceObject = z.object({
  model: z.string(),
  input_per_million: z.number(),
  cached_input_per_million: z.number(),
  output_per_million: z.number(),
})

export const PriceListObject = z.object({
  object: z.literal('price_list'),
  currency: z.string(),
  prices: z.array(PriceObject),
  /** Null when none was ever set. */
  updated_at: z.nullable(unixSeconds),
})
export type PriceListObject = z.infer<typeof PriceListObject>

export const SetPricesRequest = z.strictObject({
  /** ISO 4217. */
  currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
  prices: z
    .array(
      z.strictObject({
        /** A model's name; with a star at its end, how names begin. */
        model: z.string().check(z.regex(/^(?:[^*]+\*?|\*)$/), z.maxLength(256)),
        input_per_million: perMillion,
        /** As input when left out. */
        cached_input_per_million: z.optional(perMillion),
        output_per_million: perMillion,
      }),
    )
    .check(z.maxLength(1_000)),
})
export type SetPricesRequest = z.infer<typeof SetPricesRequest>

export const LimitObject = z.object({
  /** Of whom it holds for. */
  id: z.string(),
  object: z.literal('limit'),
  subject_kind: LimitKind,
  ...limitFields,
  updated_at: unixSeconds,
})
export type LimitObject = z.infer<typeof LimitObject>

export const LimitList = listOf(LimitObject)
export type LimitList = z.infer<typeof LimitList>

export const LimitListQuery = z.extend(ListQuery, { subject_kind: z.optional(LimitKind) })

const MOST = 1_000_000_000

/** What is left out stays; null takes a limit away. */
export const SetLimitRequest = z.strictObject({
  requests_per_minute: z.nullish(z.int().check(z.minimum(1), z.maximum(1_000_000))),
  tokens_per_day: z.nullish(z.int().check(z.minimum(0), z.maximum(1_000_000 * MOST))),
  money_per_month: z.nullish(z.number().check(z.minimum(0), z.maximum(MOST))),
})
export type SetLimitRequest = z.infer<typeof SetLimitRequest>

export const DeletedLimit = z.object({
  id: z.string(),
  object: z.literal('limit.deleted'),
  deleted: z.literal(true),
})
export type DeletedLimit = z.infer<typeof DeletedLimit>
