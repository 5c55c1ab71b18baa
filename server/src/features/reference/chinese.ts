import { CHINESE_CALLS } from './chinese-calls.ts'
import { CHINESE_FIELDS } from './chinese-fields.ts'
import { CHINESE_PEOPLE } from './chinese-people.ts'
import { CHINESE_PLUGINS } from './chinese-plugins.ts'
import { CHINESE_RECORDS } from './chinese-records.ts'
import { CHINESE_SIGN_IN } from './chinese-sign-in.ts'
import { CHINESE_SHARING } from './chinese-sharing.ts'
import { CHINESE_KEYS } from './chinese-keys.ts'
import { CHINESE_USAGE } from './chinese-usage.ts'
import { CHINESE_WEBHOOKS } from './chinese-webhooks.ts'
import { CHINESE_QUEUE } from './chinese-queue.ts'

/** All sentences of the reference in Traditional Chinese, one file for each part of the product. */
export const CHINESE: readonly Readonly<Record<string, string>>[] = [
  CHINESE_CALLS,
  CHINESE_FIELDS,
  CHINESE_KEYS,
  CHINESE_PLUGINS,
  CHINESE_PEOPLE,
  CHINESE_RECORDS,
  CHINESE_SIGN_IN,
  CHINESE_SHARING,
  CHINESE_USAGE,
  CHINESE_WEBHOOKS,
  CHINESE_QUEUE,
]
