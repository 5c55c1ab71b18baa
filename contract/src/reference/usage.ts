import {
  DeletedLimit,
  LimitList,
  LimitListQuery,
  LimitObject,
  OwnUsage,
  PriceListObject,
  SetLimitRequest,
  SetPricesRequest,
  UsageQuery,
  UsageReport,
  UsageRow,
  UsageSums,
} from '../usage.ts'
import { json, type Part } from './operation.ts'

export const usagePart: Part = {
  tag: 'Usage',
  description:
    'What was used and what it cost: each model call, plugin call and embedding once. Days and months are UTC.',
  operations: [
    {
      id: 'getUsage',
      method: 'get',
      path: '/usage',
      summary: 'Sum up usage',
      description:
        'Admins see the workspace’s; others their own and that of their assistants, where other people and their keys have no names. At most 10,000 rows.',
      query: { schema: UsageQuery, example: { kind: 'run' } },
      reply: json(UsageReport),
      errors: [403],
    },
    {
      id: 'exportUsage',
      method: 'get',
      path: '/usage/export',
      summary: 'Export usage',
      description: 'The same rows as CSV.',
      query: { schema: UsageQuery, example: { kind: 'run' } },
      reply: { 'text/csv': null },
      savedAs: 'usage.csv',
      errors: [403],
    },
    {
      id: 'getOwnUsage',
      method: 'get',
      path: '/usage/self',
      summary: 'Read a key’s own usage',
      description:
        'What the key that asks has used, and what is left of its limits. Limited keys may ask it too.',
      reply: json(OwnUsage),
    },
  ],
  schemas: { OwnUsage, UsageReport, UsageRow, UsageSums },
  notes: {
    'UsageRow.start_time': 'Of the hour or the UTC day; null when not grouped by one.',
    'UsageRow.money': 'Null when no price was known for any of it.',
    'UsageSums.money': 'Null when no price was known for any of it.',
    'UsageRow.unpriced_model_calls': 'Calls that `money` leaves out: no price was known.',
    'UsageSums.unpriced_model_calls': 'Calls that `money` leaves out: no price was known.',
    'UsageRow.estimated_model_calls':
      'Calls whose tokens are estimated: they broke off, or the model’s server did not tell.',
    'UsageSums.estimated_model_calls':
      'Calls whose tokens are estimated: they broke off, or the model’s server did not tell.',
    'UsageRow.seconds': 'Of all calls together.',
    'UsageSums.seconds': 'Of all calls together.',
    'OwnUsage.key_id': 'Null for a session: then it is its person’s usage.',
    'OwnUsage.limits': 'Those that hold for this key, with what is left.',
  },
}

export const pricePart: Part = {
  tag: 'Prices',
  description:
    'What models cost, for the workspace’s own reckoning. No price comes with the server. For admins.',
  operations: [
    {
      id: 'getPrices',
      method: 'get',
      path: '/prices',
      summary: 'Read the prices',
      description: 'A model without one costs null, not 0.',
      reply: json(PriceListObject),
      errors: [403],
    },
    {
      id: 'setPrices',
      method: 'post',
      path: '/prices',
      summary: 'Set the prices',
      description:
        'The whole list anew. It holds from now on: what was used before keeps the money it had, in whatever currency.',
      body: {
        type: 'json',
        schema: SetPricesRequest,
        example: {
          currency: 'USD',
          prices: [
            {
              model: 'gpt-4o*',
              input_per_million: 2.5,
              cached_input_per_million: 1.25,
              output_per_million: 10,
            },
          ],
        },
      },
      reply: json(PriceListObject),
      errors: [403],
    },
  ],
  schemas: { PriceListObject, SetPricesRequest },
  notes: {
    'PriceListObject.currency': 'ISO 4217.',
    'SetPricesRequest.currency': 'ISO 4217.',
    'PriceListObject.prices':
      'For a million tokens each. A name with a star at its end stands for all that begin so; the longest that fits holds.',
    'SetPricesRequest.prices':
      'For a million tokens each. A name with a star at its end stands for all that begin so; the longest that fits holds.',
    'PriceListObject.updated_at': 'Unix seconds; null when none was ever set.',
  },
}

export const limitPart: Part = {
  tag: 'Limits',
  description:
    'How much the workspace, a person, a key or an assistant may use. Past it requests are answered 429 and runs fail with `rate_limit_exceeded`. For admins.',
  operations: [
    {
      id: 'listLimits',
      method: 'get',
      path: '/limits',
      summary: 'List limits',
      description: 'By whom they hold for.',
      query: { schema: LimitListQuery, example: { limit: 20 } },
      reply: json(LimitList),
      errors: [403],
    },
    {
      id: 'getLimit',
      method: 'get',
      path: '/limits/{subject_kind}/{subject_id}',
      summary: 'Read limits',
      description: 'All null when none is set.',
      reply: json(LimitObject),
      errors: [403],
    },
    {
      id: 'setLimit',
      method: 'post',
      path: '/limits/{subject_kind}/{subject_id}',
      summary: 'Set limits',
      description:
        'What is left out stays; null takes a limit away. It holds from the next request and the next model call on.',
      body: {
        type: 'json',
        schema: SetLimitRequest,
        example: { tokens_per_day: 1_000_000, money_per_month: 50 },
      },
      reply: json(LimitObject),
      errors: [403],
    },
    {
      id: 'deleteLimit',
      method: 'delete',
      path: '/limits/{subject_kind}/{subject_id}',
      summary: 'Delete limits',
      description: 'All of this subject.',
      reply: json(DeletedLimit),
      errors: [403],
    },
  ],
  schemas: { LimitList, LimitObject, SetLimitRequest },
  notes: {
    'LimitObject.id': 'Of whom it holds for.',
    'LimitObject.tokens_per_day': 'Prompt and completion tokens of a UTC day.',
    'SetLimitRequest.tokens_per_day': 'Prompt and completion tokens of a UTC day.',
    'LimitObject.money_per_month':
      'In the currency of the prices, in a UTC month. What has no price counts nothing.',
    'SetLimitRequest.money_per_month':
      'In the currency of the prices, in a UTC month. What has no price counts nothing.',
  },
}
