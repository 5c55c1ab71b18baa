import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkText, type Chunking } from './chunk.ts'
import { countTokens } from './token-cost.ts'

const chunks = (text: string, chunking: Chunking) => [...chunkText(text, chunking)]

/** The whole text again, from chunks that overlap; white space between them may be lost. */
const joined = (text: string, chunking: Chunking): string => {
  let end = 0
  let whole = ''
  for (const chunk of chunkText(text, chunking)) {
    assert.equal(text.slice(chunk.start, chunk.start + chunk.text.length), chunk.text)
    whole += chunk.text.slice(Math.max(0, end - chunk.start))
    end = Math.max(end, chunk.start + chunk.text.length)
  }
  return whole.replaceAll(/\s/g, '')
}

const english = Array.from(
  { length: 400 },
  (_, i) => `Sentence ${i} is about number ${i}.${i % 7 === 6 ? '\n\n' : ' '}`,
).join('')
const chinese = Array.from({ length: 400 }, (_, i) => `第${i}句話談的是數字${i}。`).join('')

describe('chunks', () => {
  for (const [name, text] of Object.entries({ english, chinese })) {
    it(`of ${name} text are as long as asked, overlap, and lose nothing`, () => {
      const chunking = { maxTokens: 200, overlapTokens: 100 }
      const made = chunks(text, chunking)
      assert.ok(made.length > 10)
      for (const { tokens, text: body } of made) {
        assert.ok(tokens <= 200, `${tokens}`)
        assert.equal(tokens, countTokens(body))
      }
      for (const { tokens } of made.slice(0, -1)) assert.ok(tokens > 100, `${tokens}`)
      for (const [i, { start }] of made.entries()) {
        const before = made[i - 1]
        if (before !== undefined) assert.ok(start < before.start + before.text.length)
      }
      assert.equal(joined(text, chunking), text.replaceAll(/\s/g, ''))
    })
  }

  it('end where sentences and paragraphs end', () => {
    for (const { text } of chunks(english, { maxTokens: 150, overlapTokens: 0 }))
      assert.match(text, /^Sentence.*\.$/s)
    for (const { text } of chunks(chinese, { maxTokens: 150, overlapTokens: 0 }))
      assert.match(text, /^第.*。$/s)
    const paragraphs = chunks(english, { maxTokens: 160, overlapTokens: 0 })
    const whole = paragraphs.filter(({ start, text }) =>
      english.startsWith('\n\n', start + text.length),
    )
    assert.ok(whole.length > paragraphs.length / 2)
  })

  it('are cut inside a word when there is no other place, but never inside a character', () => {
    const line = '𠮷'.repeat(1_000)
    for (const { text } of chunks(line, { maxTokens: 100, overlapTokens: 50 })) {
      assert.ok(text.isWellFormed())
      assert.ok(countTokens(text) <= 100)
    }
    assert.equal(joined(line, { maxTokens: 100, overlapTokens: 50 }), line)
  })

  it('come to an end whatever the text', () => {
    assert.deepEqual(chunks('', { maxTokens: 100, overlapTokens: 50 }), [])
    assert.deepEqual(chunks(' \n\n ', { maxTokens: 100, overlapTokens: 50 }), [])
    assert.equal(chunks('a', { maxTokens: 100, overlapTokens: 50 }).length, 1)
    assert.ok(chunks('.'.repeat(5_000), { maxTokens: 100, overlapTokens: 50 }).length > 1)
  })
})
