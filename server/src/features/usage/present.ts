import type {
  LimitObject,
  OwnUsage,
  PriceListObject,
  UsageReport,
  UsageRow,
  UsageSums,
} from '@melzi/contract/usage.ts'
import type { SetLimits } from './limits.ts'
import { fromMicros } from './money.ts'
import type { PriceList } from './price-store.ts'
import type { ReportRow } from './report-store.ts'
import type { OwnReport, Report } from './reports.ts'
import { csvCell } from '../../platform/csv.ts'

const moneyOf = (micros: number | null): number | null =>
  micros === null ? null : fromMicros(micros)

const presentSums = (row: ReportRow): UsageSums => ({
  model_calls: row.modelCalls,
  plugin_calls: row.pluginCalls,
  prompt_tokens: row.promptTokens,
  completion_tokens: row.completionTokens,
  total_tokens: row.promptTokens + row.completionTokens,
  cached_tokens: row.cachedTokens,
  reasoning_tokens: row.reasoningTokens,
  seconds: row.ms / 1000,
  money: moneyOf(row.micros),
  unpriced_model_calls: row.unpricedCalls,
  estimated_model_calls: row.estimatedCalls,
})

const presentRow = (row: ReportRow): UsageRow => ({
  object: 'usage.row',
  start_time: row.startTime,
  assistant_id: row.assistantId,
  model: row.model,
  key_id: row.keyId,
  person_id: row.personId,
  kind: row.kind as UsageRow['kind'],
  ...presentSums(row),
})

export const presentReport = ({ from, to, groups, currency, rows }: Report): UsageReport => ({
  object: 'usage.report',
  from,
  to,
  group_by: groups,
  currency,
  data: rows.map(presentRow),
})

export const presentOwn = (own: OwnReport): OwnUsage => ({
  object: 'usage.self',
  key_id: own.keyId,
  currency: own.currency,
  today: presentSums(own.today),
  this_month: presentSums(own.month),
  limits: own.limits.map(({ used, ...limit }) => ({
    subject_kind: limit.subject.kind,
    requests_per_minute: limit.requestsPerMinute,
    tokens_per_day: limit.tokensPerDay,
    money_per_month: moneyOf(limit.moneyPerMonth),
    tokens_left: limit.tokensPerDay === null ? null : Math.max(0, limit.tokensPerDay - used.tokens),
    tokens_reset_at: own.tokensResetAt,
    money_left:
      limit.moneyPerMonth === null
        ? null
        : fromMicros(Math.max(0, limit.moneyPerMonth - used.micros)),
    money_reset_at: own.moneyResetAt,
  })),
})

export const presentPrices = ({ currency, prices, updatedAt }: PriceList): PriceListObject => ({
  object: 'price_list',
  currency,
  prices: prices.map((price) => ({
    model: price.isPrefix ? `${price.model}*` : price.model,
    input_per_million: fromMicros(price.input),
    cached_input_per_million: fromMicros(price.cachedInput),
    output_per_million: fromMicros(price.output),
  })),
  updated_at: updatedAt,
})

export const presentLimit = (limit: SetLimits): LimitObject => ({
  id: limit.subject.id,
  object: 'limit',
  subject_kind: limit.subject.kind,
  requests_per_minute: limit.requestsPerMinute,
  tokens_per_day: limit.tokensPerDay,
  money_per_month: moneyOf(limit.moneyPerMonth),
  updated_at: limit.updatedAt,
})

const CSV_COLUMNS = [
  'start_time',
  'assistant_id',
  'model',
  'key_id',
  'person_id',
  'kind',
  'model_calls',
  'plugin_calls',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'seconds',
  'money',
  'unpriced_model_calls',
  'estimated_model_calls',
] as const

/** The rows of a report as CSV (RFC 4180); times as ISO 8601, nothing for null. */
export const reportCsv = (report: Report): string => {
  const lines = report.rows.map(presentRow).map((row) =>
    CSV_COLUMNS.map((column) => {
      const value = row[column]
      if (value !== null && column === 'start_time')
        return new Date(Number(value) * 1000).toISOString()
      return csvCell(value)
    }).join(','),
  )
  const header = [...CSV_COLUMNS, 'currency'].join(',')
  return `${[header, ...lines.map((line) => `${line},${report.currency}`)].join('\r\n')}\r\n`
}
