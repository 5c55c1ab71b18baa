/** Numbers written in digits, Chinese numerals or English words. */
const CHINESE_DIGITS = '零一二三四五六七八九'
const digitOf = (char: string): number =>
  char === '兩' ? 2 : Math.max(0, CHINESE_DIGITS.indexOf(char))
const POWERS: Record<string, number> = { 十: 10, 百: 100, 千: 1000 }
const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'
const ENGLISH = new Map<string, number>([
  ...UNITS.split(' ').map((word, value): [string, number] => [word, value]),
  ...TENS.split(' ').map((word, i): [string, number] => [word, (i + 2) * 10]),
  ['a', 1],
])

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
      digit = digitOf(char)
    }
  }
  return sum + section + digit
}

const englishNumber = (text: string): number => {
  let sum = 0
  let section = 0
  for (const word of text.toLowerCase().split(/[\s-]+/)) {
    if (word === 'hundred') section = (section || 1) * 100
    else if (word === 'thousand') {
      sum += (section || 1) * 1000
      section = 0
    } else section += ENGLISH.get(word) ?? 0
  }
  return sum + section
}

/** The value of a text that one of the patterns below has matched. */
export const toNumber = (text: string): number => {
  const digits = text.replaceAll(',', '').trim()
  if (/^\d+$/.test(digits)) return Number(digits)
  return /[a-z]/i.test(digits) ? englishNumber(digits) : chineseNumber(digits)
}

const WORDS = `(?:a|hundred|thousand|${[...ENGLISH.keys()].toReversed().join('|')})`
/** Source of a pattern with one group: digits or Chinese numerals. */
export const CHINESE_NUMBER = String.raw`(\d[\d,]*|[〇零一二兩三四五六七八九十百千萬]+)`
/** Source of a pattern with one group: digits or English number words. */
export const ENGLISH_NUMBER = String.raw`(\d[\d,]*|${WORDS}(?:[\s-]+(?:and\s+)?${WORDS})*)`
