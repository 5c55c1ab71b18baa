import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { demoCode } from './demo-code.ts'
import { quotePassages } from './quote-passages.ts'

describe('quotes of the demo model', () => {
  it('quotes the first passages with their marks', () => {
    const output =
      '【4:0†a.txt】\nTen days\nof leave.\n\n【4:1†b.md】\n請假十天。\n\n【4:2†c】\nmore'
    assert.equal(
      quotePassages(output, false),
      'The files say: "Ten days of leave."【4:0†a.txt】 "請假十天。"【4:1†b.md】',
    )
    assert.match(
      quotePassages(`【4:0†a】\n${'字'.repeat(400)}`, true) ?? '',
      /^檔案裡寫著：「字{300}…」【4:0†a】$/,
    )
    assert.equal(quotePassages('No passage was found.', false), null)
  })
})

describe('Python of the demo model', () => {
  it('takes the code, the sum or the chart that the message holds', () => {
    assert.equal(demoCode('Run this:\n```python\nx = 1\nprint(x)\n```'), 'x = 1\nprint(x)')
    assert.equal(demoCode('run `print(6)` please'), 'print(6)')
    assert.equal(demoCode('How much is 12 * (3 + 4)?'), 'print(12 * (3 + 4))')
    assert.equal(demoCode('12 × 3 是多少'), 'print(12 * 3)')
    assert.match(demoCode('Draw a chart of 3, 1 and 4'), /plot\(\[3, 1, 4\]/)
    assert.equal(demoCode('say "hi"'), String.raw`print("say \"hi\"")`)
  })
})
