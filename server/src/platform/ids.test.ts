import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newId } from './ids.ts'

describe('ids', () => {
  const ids = Array.from({ length: 20_000 }, () => newId('thread_'))

  it('have the wire’s form', () => {
    for (const id of ids) assert.match(id, /^thread_[0-9A-Za-z]{24}$/)
  })

  it('rise strictly under bytewise comparison', () => {
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
    assert.equal(new Set(ids).size, ids.length)
  })

  it('tell nothing of those made beside them', () => {
    // ten random digits each: that two of 20,000 have the same is a chance of one in four billion
    assert.equal(new Set(ids.map((id) => id.slice(-10))).size, ids.length)
    // and there are such that were made within one millisecond
    const times = ids.map((id) => id.slice(7, 15))
    assert.ok(new Set(times).size < times.length / 4)
  })
})
