import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PrintedText } from './printed-text.ts'

const MARK = '\0mark\0'

const print = (text: string | Buffer, size: number, limit = 1000) => {
  const heard: string[] = []
  const printed = new PrintedText(MARK, limit, (piece) => heard.push(piece))
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) printed.push(bytes.subarray(at, at + size))
  return { isWhole: printed.isWhole, text: printed.end(), heard: heard.join('') }
}

test('the text up to the mark, in pieces of any size', () => {
  for (const size of [1, 2, 3, 5, 100]) {
    assert.deepEqual(print(`臺北\0ma\0\0${MARK}later`, size), {
      isWhole: true,
      text: '臺北\0ma\0\0',
      heard: '臺北\0ma\0\0',
    })
    assert.deepEqual(print('no mark\0ma', size).text, 'no mark\0ma')
    assert.equal(print('no mark\0ma', size).isWhole, false)
  }
})

test('more than the limit is cut and said to be; the mark is still found', () => {
  const { text, isWhole, heard } = print(`${'x'.repeat(50)}${MARK}`, 7, 20)
  assert.ok(isWhole)
  assert.equal(text, `${'x'.repeat(20)}\n[output cut after 20 bytes]\n`)
  assert.equal(heard, 'x'.repeat(20))
  assert.equal(print(`${'x'.repeat(20)}${MARK}`, 7, 20).text, 'x'.repeat(20))
})

test('bytes that are no text do no harm', () => {
  assert.equal(print(Buffer.from([0xff, 0x61, 0xe5, 0x8f]), 1).text, '�a�')
})
