/**
 * The one tokenizer of full-text search, for FTS5 and for PostgreSQL's tsvector alike. Scripts written without spaces become overlapping
 * pairs of characters, so that a two-character word such as 達哥 is found wherever it stands; everything else becomes lower-case words.
 */

/** Scripts without spaces between words, and Hangul, whose particles cling to the words. */
const DENSE =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}々〆ー'
const RUN = new RegExp(`([${DENSE}]+)|(?:(?![${DENSE}])[\\p{L}\\p{N}])+`, 'gu')

/** PostgreSQL refuses longer lexemes, and a word this long is none. */
const MAX_WORD = 64
/** Most distinct terms of a query; a question has fewer, a pasted page has not. */
const MAX_QUERY_TERMS = 48

/** Words that stand in every text and tell nothing of what is asked for. */
const COMMON = new Set(
  (
    'a an and are as at be been but by can could did do does for from had has have how i if in is it its may me my of on or our shall ' +
    'should so than that the their them then there these they this to was we were what when where which who whom why will with would you your ' +
    '什麼 甚麼 什么 怎麼 怎么 如何 是否 可以 請問 请问 為何 哪些 哪裡 哪里 多少 嗎 吗 呢 的 是 了 ですか ます です'
  ).split(' '),
)

function* runs(text: string): Generator<{ dense: boolean; run: string }> {
  for (const match of text.normalize('NFKC').toLowerCase().matchAll(RUN)) {
    yield { dense: match[1] !== undefined, run: match[0] }
  }
}

/** The terms of a text in their order, as they are indexed. A dense run gives its pairs and, at its end, its last character alone. */
export const indexTerms = (text: string): string[] => {
  const terms: string[] = []
  for (const { dense, run } of runs(text)) {
    if (!dense) {
      terms.push(run.slice(0, MAX_WORD))
      continue
    }
    const characters = [...run]
    for (let i = 0; i < characters.length; i += 1)
      terms.push((characters[i] ?? '') + (characters[i + 1] ?? ''))
  }
  return terms
}

/** A term that is looked for. */
export interface QueryTerm {
  term: string
  /** True for a lone dense character, which is the beginning of a pair or stands alone at the end of a run. */
  prefix: boolean
}

/**
 * What is looked for: the distinct terms of a question. Words that say nothing are left out unless there are no others.
 * @returns at most 48; none for a text without letters and digits
 */
export const queryTerms = (text: string): QueryTerm[] => {
  const found = new Map<string, QueryTerm>()
  for (const { dense, run } of runs(text)) {
    const characters = dense ? [...run] : []
    if (!dense) found.set(run.slice(0, MAX_WORD), { term: run.slice(0, MAX_WORD), prefix: false })
    else if (characters.length === 1) found.set(run, { term: run, prefix: true })
    for (let i = 0; i + 1 < characters.length; i += 1) {
      const term = `${characters[i]}${characters[i + 1]}`
      found.set(term, { term, prefix: false })
    }
  }
  const all = [...found.values()]
  const telling = all.filter(({ term }) => !COMMON.has(term))
  return (telling.length > 0 ? telling : all).slice(0, MAX_QUERY_TERMS)
}

/** The part of a question's terms that a text holds, 0 to 1. */
export const coverage = (terms: readonly QueryTerm[], text: string): number => {
  if (terms.length === 0) return 0
  const held = new Set(indexTerms(text))
  const firsts = new Set([...held].map((term) => [...term][0]))
  const hits = terms.filter(({ term, prefix }) => (prefix ? firsts : held).has(term))
  return hits.length / terms.length
}
