import { CHINESE } from './chinese.ts'
import { markup, prose, type Html } from './markup.ts'
import { WORDS, type Locale, type Words } from './words.ts'

/** How the page says things in one language. */
export interface Voice {
  locale: Locale
  words: Words
  /** A sentence of the document; one that is not there in this language is marked as English. */
  say: (sentence: string) => Html
}

const TRANSLATED: ReadonlyMap<string, string> = new Map(
  CHINESE.flatMap((part) => Object.entries(part)),
)

export const createVoice = (locale: Locale): Voice => ({
  locale,
  words: WORDS[locale],
  say: (sentence) => {
    if (locale === 'en') return prose(sentence)
    const translated = TRANSLATED.get(sentence)
    return translated === undefined
      ? markup`<span lang="en">${prose(sentence)}</span>`
      : prose(translated)
  },
})
