import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, qualityOf } from './ranking-quality.ts'
import type { Question } from './search-set.ts'

const question: Question = {
  question: 'When?',
  language: 'en',
  kind: 'keyword',
  document: 'en/a.md',
  answer: 'at noon',
  half: 'tune',
}
const right = { filename: 'a.md', text: 'It opens at noon.' }

test('an answer counts where the right file and the right words come together', () => {
  const otherFile = { filename: 'b.md', text: 'It opens at noon.' }
  const otherWords = { filename: 'a.md', text: 'It opens at one.' }
  assert.equal(judge(question, [otherFile, otherWords, right]).rank, 3)
  assert.equal(judge(question, [otherFile, otherWords]).rank, Infinity)
})

test('recall counts the first five places, the reciprocal rank all of them', () => {
  const judged = [1, 5, 6, Infinity].map((rank) => ({ question, rank }))
  const { questions, recall, reciprocalRank } = qualityOf(judged)
  assert.equal(questions, 4)
  assert.equal(recall, 0.5)
  assert.ok(Math.abs(reciprocalRank - (1 + 1 / 5 + 1 / 6) / 4) < 1e-12)
})
