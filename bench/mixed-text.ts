import { seededRandom } from './statistics.ts'

/**
 * Text as handbooks have it, Chinese and English in turn, whose words are as frequent as in real text: the n-th most frequent stands in 1/n
 * of the places of the first (Zipf). Made from a seed, so that every run and every side gets the same.
 */
export interface MixedText {
  /** A paragraph of about so many tokens. */
  paragraph(tokens: number): string
  /** Numbers of a vector near one of 500 centres, as embeddings lie. */
  vector(dimensions: number): number[]
  /** A number in [0, 1). */
  random(): number
}

const ENGLISH_WORDS = 30_000
const CHINESE_WORDS = 20_000
const SENTENCE = 14
const CENTRES = 500
const SYLLABLES = 'ka lo mi ten ra su vor el ni pa gru sho ti ber al con de fi ja qu'.split(' ')
const FIRST_HAN = 0x4e00
/** Characters that words are made of: as many as a newspaper uses. */
const HAN = 3_500

export const createMixedText = (seed: number): MixedText => {
  const random = seededRandom(seed)
  const below = (n: number) => Math.floor(random() * n)
  const english = Array.from({ length: ENGLISH_WORDS }, () =>
    Array.from({ length: 1 + below(4) }, () => SYLLABLES[below(SYLLABLES.length)]).join(''),
  )
  const chinese = Array.from({ length: CHINESE_WORDS }, () =>
    String.fromCodePoint(
      // Frequent characters are in many words.
      ...Array.from({ length: 2 }, () => FIRST_HAN + Math.floor(HAN ** random())),
    ),
  )
  /** The inverse of Zipf's distribution. */
  const pick = (words: readonly string[]) => words[Math.floor(words.length ** random()) - 1] ?? ''
  const centres = new Map<string, number>()
  const centre = (index: number, place: number) => {
    const key = `${index} ${place}`
    const known = centres.get(key)
    if (known !== undefined) return known
    const value = random() - 0.5
    centres.set(key, value)
    return value
  }
  return {
    random,
    paragraph(tokens) {
      const isChinese = random() < 0.5
      const words: string[] = []
      for (let i = 1, cost = 0; cost < tokens; i += 1) {
        const word = pick(isChinese ? chinese : english)
        cost += isChinese ? 2 : 1.4
        const ends = i % SENTENCE === 0
        words.push(isChinese ? `${word}${ends ? '。' : ''}` : `${word}${ends ? '. ' : ' '}`)
      }
      return words.join('').trim()
    },
    vector(dimensions) {
      const index = below(CENTRES)
      return Array.from(
        { length: dimensions },
        (_, place) => centre(index, place) + (random() - 0.5) * 0.6,
      )
    },
  }
}
