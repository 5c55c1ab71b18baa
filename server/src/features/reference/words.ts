export const LOCALES = ['en', 'zh-TW'] as const
export type Locale = (typeof LOCALES)[number]

const EN = {
  title: 'API reference',
  intro:
    'Every call of this server. Programs written for the OpenAI Assistants v2 API need another base URL and a key of this server, and nothing else.',
  base: 'Base URL',
  key: 'Send your key as',
  document: 'For tools',
  otherLocale: '正體中文',
  contents: 'Contents',
  filter: 'Filter calls',
  nothing: 'No call has this in its name or path.',
  samples: 'Samples in',
  copy: 'Copy',
  copied: 'Copied',
  open: 'no key needed',
  path: 'Path',
  query: 'Query',
  body: 'Body',
  reply: 'Reply',
  errors: 'Errors',
  objects: 'Objects',
  objectsIntro: 'What requests and replies are made of.',
  required: 'required',
  optional: 'optional',
  byDefault: 'default',
  any: 'any value',
  bytes: 'bytes',
  listOf: 'list of',
  mapOf: 'map to',
  or: 'or',
  stream: 'as events',
  characters: 'characters',
  entries: 'entries',
  pattern: 'form',
  top: 'To the top',
}

export type Words = typeof EN

const ZH_TW: Words = {
  title: 'API 參考文件',
  intro:
    '這台伺服器的所有呼叫。為 OpenAI Assistants v2 API 撰寫的程式，只需換上 base URL 與這台伺服器的金鑰。',
  base: 'Base URL',
  key: '金鑰的送法',
  document: '供工具讀取',
  otherLocale: 'English',
  contents: '目錄',
  filter: '篩選呼叫',
  nothing: '沒有名稱或路徑相符的呼叫。',
  samples: '範例語言',
  copy: '複製',
  copied: '已複製',
  open: '不需金鑰',
  path: '路徑參數',
  query: '查詢參數',
  body: '請求內容',
  reply: '回應',
  errors: '錯誤',
  objects: '物件',
  objectsIntro: '請求與回應所用的資料結構。',
  required: '必填',
  optional: '選填',
  byDefault: '預設',
  any: '任意值',
  bytes: '位元組',
  listOf: '陣列',
  mapOf: '對應表',
  or: '或',
  stream: '以事件串流',
  characters: '字元',
  entries: '項',
  pattern: '格式',
  top: '回到頁首',
}

export const WORDS: Readonly<Record<Locale, Words>> = { en: EN, 'zh-TW': ZH_TW }

/**
 * The page's language: what the address asks for, else the first language the browser likes that there is.
 * @param asked of the query; anything
 * @param accepted the header `accept-language`
 */
export const chooseLocale = (asked: unknown, accepted: string | undefined): Locale => {
  const named = LOCALES.find((locale) => locale === asked)
  if (named !== undefined) return named
  const wishes = (accepted ?? '').split(',').map((wish) => {
    const [tag = '', ...settings] = wish.split(';')
    const quality = settings.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find(Boolean)
    return { tag: tag.trim().toLowerCase(), quality: quality === undefined ? 1 : Number(quality) }
  })
  const best = wishes
    .filter(({ tag, quality }) => quality > 0 && /^(?:en|zh)(?:-|$)/.test(tag))
    .toSorted((a, b) => b.quality - a.quality)[0]
  return best?.tag.startsWith('zh') === true ? 'zh-TW' : 'en'
}
