import { CHINESE_CALLS } from './chinese-calls.ts'
import { CHINESE_FIELDS } from './chinese-fields.ts'
import { CHINESE_PLUGINS } from './chinese-plugins.ts'
import { CHINESE_WEBHOOKS } from './chinese-webhooks.ts'
import { markup, prose, type Html } from './markup.ts'
import { WORDS, type Locale, type Words } from './words.ts'

/** How the page says things in one language. */
export interface Voice {
  locale: Locale
  words: Words
  /** A sentence of the document; one that is not there in this language is marked as English. */
  say: (sentence: string) => Html
}

const CHINESE: ReadonlyMap<string, string> = new Map([
  ...Object.entries(CHINESE_CALLS),
  ...Object.entries(CHINESE_FIELDS),
  ...Object.entries(CHINESE_PLUGINS),
  ...Object.entries(CHINESE_WEBHOOKS),
])

export const createVoice = (locale: Locale): Voice => ({
  locale,
  words: WORDS[locale],
  say: (sentence) => {
    if (locale === 'en') return prose(sentence)
    const translated = CHINESE.get(sentence)
    return translated === undefined
      ? markup`<span lang="en">${prose(sentence)}</span>`
      : prose(translated)
  },
})
