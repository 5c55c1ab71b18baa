/** Requests such as the guide's 從一數到一千 or "count from 1 to 50": they show a long stream. */
const DIGITS: Record<string, number> = {
  〇: 0,
  零: 0,
  一: 1,
  二: 2,
  兩: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
  七: 7,
  八: 8,
  九: 9,
}
const POWERS: Record<string, number> = { 十: 10, 百: 100, 千: 1000 }
const ENGLISH: Record<string, number> = {
  zero: 0,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
}

/** Most numbers one answer counts. */
export const MAX_COUNT = 1000

const chineseNumber = (text: string): number => {
  let sum = 0
  let section = 0
  let digit = 0
  for (const char of text) {
    if (char === '萬') {
      sum += (section + digit || 1) * 10_000
      section = 0
      digit = 0
    } else if (POWERS[char] !== undefined) {
      section += (digit || 1) * POWERS[char]
      digit = 0
    } else {
      digit = DIGITS[char] ?? 0
    }
  }
  return sum + section + digit
}

const englishNumber = (text: string): number => {
  let sum = 0
  for (const word of text.toLowerCase().split(/[\s-]+/)) {
    if (word === 'hundred') sum = (sum || 1) * 100
    else if (word === 'thousand') sum = (sum || 1) * 1000
    else sum += ENGLISH[word] ?? (word === 'a' ? 1 : 0)
  }
  return sum
}

const toNumber = (text: string): number => {
  const digits = text.replaceAll(',', '').trim()
  if (/^\d+$/.test(digits)) return Number(digits)
  return /[a-z]/i.test(digits) ? englishNumber(digits) : chineseNumber(digits)
}

const WORDS = `(?:a|hundred|thousand|${Object.keys(ENGLISH).join('|')})`
const ZH = String.raw`(\d[\d,]*|[〇零一二兩三四五六七八九十百千萬]+)`
const EN = String.raw`(\d[\d,]*|${WORDS}(?:[\s-]+(?:and\s+)?${WORDS})*)`
const ZH_COUNT = new RegExp(String.raw`(?:從\s*${ZH}\s*)?(?:數|数)到\s*${ZH}`)
const EN_COUNT = new RegExp(
  String.raw`\bcount\s+(?:from\s+${EN}\s+)?(?:up\s+)?(?:to|till|until)\s+${EN}\b`,
  'i',
)

/** The first and last number a text asks to count, the last bounded so that at most {@link MAX_COUNT} come; null for other texts. */
export const countRequest = (text: string): { from: number; to: number } | null => {
  const match = ZH_COUNT.exec(text) ?? EN_COUNT.exec(text)
  if (match?.[2] === undefined) return null
  const from = match[1] === undefined ? 1 : toNumber(match[1])
  const to = toNumber(match[2])
  return to < from ? null : { from, to: Math.min(to, from + MAX_COUNT - 1) }
}
