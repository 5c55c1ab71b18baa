import assert from 'node:assert/strict'
import { test } from 'node:test'
import { titleTerms } from './title-terms.ts'

test('a title is the name of the file without its ending, and the first line', () => {
  assert.deepEqual(titleTerms('kettle-k250.md', '\n# Brisby K250\r\n\nCapacity'), [
    'kettle',
    'k250',
    'brisby',
    'k250',
  ])
  assert.deepEqual(titleTerms('手冊.v2.pdf', ''), ['手冊', '冊', 'v2'])
  assert.deepEqual(titleTerms('README', '租約\n甲方'), ['readme', '租約', '約'])
})

test('a text without lines gives no more than a title would have', () => {
  assert.equal(titleTerms('a.txt', 'word '.repeat(100_000)).length, 25)
})
