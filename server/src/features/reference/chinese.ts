import { CHINESE_CALLS } from './chinese-calls.ts'
import { CHINESE_FIELDS } from './chinese-fields.ts'
import { CHINESE_PLUGINS } from './chinese-plugins.ts'
import { CHINESE_QUEUE } from './chinese-queue.ts'

/** All sentences of the reference in Traditional Chinese, one file for each part of the product. */
export const CHINESE: readonly Readonly<Record<string, string>>[] = [
  CHINESE_CALLS,
  CHINESE_FIELDS,
  CHINESE_PLUGINS,
  CHINESE_QUEUE,
]
