import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { referenceDocument } from '@melzi/contract/reference/document.ts'
import { CHINESE } from './chinese.ts'
import { createVoice } from './voice.ts'

const {
  info: _info,
  servers: _servers,
  ...document
} = referenceDocument({
  baseUrl: '/v1',
  version: '0',
  azure: true,
})
const { securitySchemes: _schemes, ...components } = document.components

/** Whatever the page shows of a document: summaries, descriptions, the names of tags. */
const sentencesOf = (value: unknown, found = new Set<string>()): Set<string> => {
  if (typeof value !== 'object' || value === null) return found
  for (const [key, inner] of Object.entries(value)) {
    const isSentence = (key === 'description' || key === 'summary') && typeof inner === 'string'
    // the names and examples of fields are no sentences
    if (isSentence) found.add(inner)
    else if (key !== 'example') sentencesOf(inner, found)
  }
  return found
}

const sentences = sentencesOf([document.tags, document.paths, components])
for (const { name } of document.tags) sentences.add(name)

describe('the page’s voice', () => {
  it('has every sentence of the reference in Chinese', () => {
    const known = new Set(CHINESE.flatMap((part) => Object.keys(part)))
    assert.deepEqual(
      [...sentences].filter((sentence) => !known.has(sentence)),
      [],
    )
  })

  it('has no Chinese for what the reference no longer says, and none twice', () => {
    const known = CHINESE.flatMap((part) => Object.keys(part))
    assert.deepEqual(
      known.filter((sentence) => !sentences.has(sentence)),
      [],
    )
    assert.equal(new Set(known).size, known.length)
  })

  it('keeps in Chinese what stands in code', () => {
    const code = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, inner = '']) => inner)
    for (const [english, chinese] of CHINESE.flatMap((part) => Object.entries(part)))
      assert.deepEqual(code(chinese).toSorted(), code(english).toSorted(), english)
  })

  it('marks as English what it cannot say otherwise, and escapes all', () => {
    const odd = 'A `<b>` & "c"'
    const escaped = 'A <code>&lt;b&gt;</code> &amp; &quot;c&quot;'
    assert.equal(createVoice('en').say(odd).text, escaped)
    assert.equal(createVoice('zh-TW').say(odd).text, `<span lang="en">${escaped}</span>`)
    assert.equal(createVoice('zh-TW').say('One step.').text, '一個步驟。')
  })
})
