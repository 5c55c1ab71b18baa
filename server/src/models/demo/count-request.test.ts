import assert from 'node:assert/strict'
import { test } from 'node:test'

import { countRequest } from './count-request.ts'

test('counting in Chinese and English', () => {
  assert.deepEqual(countRequest('從一數到一千'), { from: 1, to: 1000 })
  assert.deepEqual(countRequest('請從 3 數到 25'), { from: 3, to: 25 })
  assert.deepEqual(countRequest('從十五數到一百二十三'), { from: 15, to: 123 })
  assert.deepEqual(countRequest('數到三十'), { from: 1, to: 30 })
  assert.deepEqual(countRequest('Please count to 12'), { from: 1, to: 12 })
  assert.deepEqual(countRequest('count from five up to twenty-one'), { from: 5, to: 21 })
  assert.deepEqual(
    countRequest('count from two thousand five hundred to two thousand five hundred and seventeen'),
    { from: 2500, to: 2517 },
  )
  assert.deepEqual(countRequest('從九百九十數到一千零五'), { from: 990, to: 1005 })
  assert.deepEqual(countRequest('Count to two hundred'), { from: 1, to: 200 })
})

test('never more than a thousand numbers, and nothing for other texts', () => {
  assert.deepEqual(countRequest('從一數到一萬'), { from: 1, to: 1000 })
  assert.deepEqual(countRequest('count from 500 to 1,000,000'), { from: 500, to: 1499 })
  for (const text of [
    'hello',
    'count from 9 to 3',
    'the count of people',
    '數學',
    'counting to me',
  ]) {
    assert.equal(countRequest(text), null, text)
  }
})
