import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedCache } from './bounded-cache.ts'

const filled = (limit: number) => {
  const cache = new BoundedCache<{ key: string }>(limit)
  const made: string[] = []
  const get = (key: string, weight?: number) =>
    cache.get(
      key,
      (name) => {
        made.push(name)
        return { key: name }
      },
      weight,
    )
  return { get, made }
}

test('the entry that was used least recently is forgotten', () => {
  const { get, made } = filled(2)
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) assert.equal(get(key).key, key)
  assert.deepEqual(made, ['a', 'b', 'c', 'b'])
})

test('entries are forgotten by weight, and one that is too heavy is kept by nobody', () => {
  const { get, made } = filled(100)
  for (const key of ['a', 'b', 'c', 'd']) get(key, 30)
  get('b', 30)
  assert.deepEqual(made, ['a', 'b', 'c', 'd'])
  get('huge', 101)
  get('huge', 101)
  get('d', 30)
  assert.deepEqual(made.slice(4), ['huge', 'huge', 'd'])
})
