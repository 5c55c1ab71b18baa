import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chunkText } from '../server/src/knowledge/chunk.ts'
import { CHUNKINGS } from './filled-stores.ts'
import { KINDS, LANGUAGES, readSearchSet } from './search-set.ts'

const { documents, questions } = await readSearchSet()

test('the search set is as large as it says, and in both languages by half', () => {
  assert.ok(documents.length >= 40 && documents.length <= 50, String(documents.length))
  assert.ok(questions.length >= 220, String(questions.length))
  for (const language of LANGUAGES) {
    const count = questions.filter((question) => question.language === language).length
    assert.ok(Math.abs(count / questions.length - 0.5) < 0.02, `${language}: ${count}`)
  }
  for (const kind of KINDS)
    for (const half of ['tune', 'judge'])
      assert.ok(questions.some((one) => one.kind === kind && one.half === half))
})

test('every document has a page of text and questions, and no two are the same', () => {
  assert.equal(new Set(documents.map(({ text }) => text)).size, documents.length)
  for (const { name, text } of documents) {
    const length = name.startsWith('en/') ? text.split(/\s+/).length : [...text].length
    const least = name.startsWith('en/') ? 300 : 450
    assert.ok(length >= least && length <= 900, `${name}: ${length}`)
    assert.ok(questions.filter((question) => question.document === name).length >= 5, name)
  }
})

test('every question is asked once, and is in the language it says', () => {
  const asked = questions.map(({ question }) => question.toLowerCase().replaceAll(/\s+/g, ' '))
  assert.equal(new Set(asked).size, asked.length)
  for (const { question, language, kind, document } of questions) {
    assert.equal(document.startsWith('en/'), language === 'en', question)
    if (language === 'en') assert.doesNotMatch(question, /\p{Script=Han}/u)
    else if (kind !== 'number') assert.match(question, /\p{Script=Han}/u)
    if (kind === 'two-character') assert.match(question, /^\p{Script=Han}{2}$/u)
  }
})

test('every answer stands once in its document, and whole in a chunk', () => {
  const texts = new Map(documents.map(({ name, text }) => [name, text]))
  for (const { question, document, answer } of questions) {
    const text = texts.get(document) ?? ''
    assert.equal(text.split(answer).length - 1, 1, `${question}: ${answer}`)
    for (const { chunking } of CHUNKINGS)
      assert.ok(
        [...chunkText(text, chunking)].some((chunk) => chunk.text.includes(answer)),
        `cut in two: ${answer}`,
      )
  }
})
