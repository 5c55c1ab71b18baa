import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { coverage, indexTerms, queryTerms } from './bigrams.ts'

const terms = (text: string) => queryTerms(text).map(({ term }) => term)

describe('terms of a text', () => {
  it('are words, and pairs of characters where no spaces are', () => {
    assert.deepEqual(indexTerms('Hello, 達哥是誰?'), ['hello', '達哥', '哥是', '是誰', '誰'])
    assert.deepEqual(indexTerms('東京タワーへ'), ['東京', '京タ', 'タワ', 'ワー', 'ーへ', 'へ'])
    assert.deepEqual(indexTerms('用iPhone15拍照'), ['用', 'iphone15', '拍照', '照'])
    assert.deepEqual(indexTerms('한국어 문서'), ['한국', '국어', '어', '문서', '서'])
  })

  it('do not know widths, cases or composition apart', () => {
    assert.deepEqual(indexTerms('ＡＢＣ Ｃａｆé'), indexTerms('abc cafe\u0301'))
    assert.deepEqual(indexTerms('ｶﾞ'), indexTerms('ガ'))
  })

  it('hold no sign that a query language could read', () => {
    const text = `"a" OR b* NEAR(c) : ' & | ! <-> \\ % _ \u0000 𠮷野家`
    for (const term of indexTerms(text)) assert.match(term, /^[\p{L}\p{N}]+$/u)
    assert.ok(indexTerms(text).includes('𠮷野'))
  })
})

describe('terms of a question', () => {
  it('leave out what stands in every text, unless nothing else is asked', () => {
    assert.deepEqual(terms('What is the price of tea?'), ['price', 'tea'])
    assert.deepEqual(terms('to be or not to be'), ['not'])
    assert.deepEqual(terms('who is it'), ['who', 'is', 'it'])
    assert.deepEqual(terms('達哥 達哥'), ['達哥'])
    assert.deepEqual(terms('?!'), [])
  })

  it('take a lone character as the beginning of a pair', () => {
    assert.deepEqual(queryTerms('茶'), [{ term: '茶', prefix: true }])
    assert.equal(coverage(queryTerms('茶'), '喝茶葉'), 1)
    assert.equal(coverage(queryTerms('茶'), '綠茶'), 1)
    assert.equal(coverage(queryTerms('茶'), '咖啡'), 0)
  })

  it('are few', () => {
    const page = Array.from({ length: 500 }, (_, i) => `word${i}`).join(' ')
    assert.equal(queryTerms(page).length, 48)
  })
})
