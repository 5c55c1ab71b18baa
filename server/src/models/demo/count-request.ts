import { CHINESE_NUMBER, ENGLISH_NUMBER, toNumber } from './number-words.ts'

/** Most numbers one answer counts. */
const MAX_COUNT = 1000

const ZH_COUNT = new RegExp(
  String.raw`(?:從\s*${CHINESE_NUMBER}\s*)?(?:數|数)到\s*${CHINESE_NUMBER}`,
)
const EN_COUNT = new RegExp(
  String.raw`\bcount\s+(?:from\s+${ENGLISH_NUMBER}\s+)?(?:up\s+)?(?:to|till|until)\s+${ENGLISH_NUMBER}\b`,
  'i',
)

/**
 * The first and last number that a text such as the guide's 從一數到一千, or "count from 1 to 50", asks to count. The last is bounded
 * so that at most {@link MAX_COUNT} come; null for other texts.
 */
export const countRequest = (text: string): { from: number; to: number } | null => {
  const match = ZH_COUNT.exec(text) ?? EN_COUNT.exec(text)
  if (match?.[2] === undefined) return null
  const from = match[1] === undefined ? 1 : toNumber(match[1])
  const to = toNumber(match[2])
  return to < from ? null : { from, to: Math.min(to, from + MAX_COUNT - 1) }
}
