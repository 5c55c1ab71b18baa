import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skipUnless } from '../server/tests/support/components.ts'
import { CHUNKINGS, ENGINES, fillStores, type Engine } from './filled-stores.ts'
import { judge, qualityOf, type Judged } from './ranking-quality.ts'
import { LANGUAGES, readSearchSet, type Question } from './search-set.ts'

/**
 * Text search alone must stay as good as it was measured (docs/search-quality.md), less two questions of a language. Most of what is not
 * found are paraphrases without a shared word, for which there are vectors.
 */
const FLOOR: Record<Engine, Record<Question['language'], number>> = {
  sqlite: { en: 0.71, 'zh-TW': 0.8 },
  postgres: { en: 0.69, 'zh-TW': 0.8 },
}
const FINE = CHUNKINGS.filter(({ chunking }) => chunking.maxTokens === 200)

const set = await readSearchSet()

for (const engine of ENGINES) {
  const options = engine === 'postgres' ? skipUnless('postgresql') : {}
  test(`text search on ${engine} finds what it found when it was measured`, options, async () => {
    await using stores = await fillStores(engine, set, null, FINE)
    const judged: Judged[] = []
    for (const question of set.questions)
      judged.push(judge(question, await stores.ask(0, question.question, 'none')))
    for (const language of LANGUAGES) {
      const mine = judged.filter(({ question }) => question.language === language)
      const { recall } = qualityOf(mine)
      assert.ok(recall >= FLOOR[engine][language], `${language}: recall@5 is ${recall}`)
      const words = mine.filter(({ question }) => question.kind !== 'paraphrase')
      const { recall: found } = qualityOf(words)
      assert.ok(found >= 0.95, `${language}, in the document's words: recall@5 is ${found}`)
      for (const { question, rank } of words)
        if (question.kind === 'two-character') assert.ok(rank <= 5, question.question)
    }
  })
}
