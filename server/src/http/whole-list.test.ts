import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ListQuery } from '@melzi/contract/list.ts'
import { pageOf } from './whole-list.ts'

const whole = ['a', 'b', 'c', 'd'].map((id) => ({ id }))
const page = (query: object) => {
  const { items, hasMore } = pageOf(whole, ListQuery.parse(query), 'secret')
  return [items.map(({ id }) => id).join(''), hasMore]
}

describe('a page of a short list', () => {
  it('goes by the cursors as the pages of the store do', () => {
    assert.deepEqual(page({}), ['dcba', false])
    assert.deepEqual(page({ order: 'asc', limit: 2 }), ['ab', true])
    assert.deepEqual(page({ order: 'asc', limit: 2, after: 'b' }), ['cd', false])
    assert.deepEqual(page({ limit: 2, before: 'a' }), ['cb', true])
    assert.deepEqual(page({ order: 'asc', limit: 2, before: 'c' }), ['ab', false])
    assert.deepEqual(page({ order: 'asc', after: 'a', before: 'd' }), ['bc', false])
    assert.deepEqual(page({ order: 'asc', after: 'd', before: 'a' }), ['', false])
  })

  it('refuses a cursor that is not in it', () => {
    assert.throws(() => page({ after: 'x' }), {
      status: 404,
      message: "No secret found with id 'x'.",
    })
  })
})
