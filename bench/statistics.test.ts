import assert from 'node:assert/strict'
import { test } from 'node:test'
import { median, percentile, seededRandom } from './statistics.ts'

test('a percentile is a sample, by the nearest rank', () => {
  const samples = Array.from({ length: 100 }, (_, i) => 100 - i)
  assert.equal(percentile(samples, 0.5), 50)
  assert.equal(percentile(samples, 0.99), 99)
  assert.equal(percentile(samples, 1), 100)
  assert.equal(percentile([7], 0.01), 7)
  assert.ok(Number.isNaN(percentile([], 0.5)))
})

test('a median is the middle, or the mean of the middle two', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 2, 9]), 3)
  assert.ok(Number.isNaN(median([])))
})

test('the same seed gives the same numbers, evenly spread', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed)
    return Array.from({ length: 10_000 }, random)
  }
  assert.deepEqual(draw(1).slice(0, 5), draw(1).slice(0, 5))
  assert.notDeepEqual(draw(1).slice(0, 5), draw(2).slice(0, 5))
  const mean = draw(3).reduce((sum, one) => sum + one, 0) / 10_000
  assert.ok(mean > 0.48 && mean < 0.52, `mean ${mean}`)
})
