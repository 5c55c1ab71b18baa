import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LiveEvent } from './event-log.ts'
import { MemoryEventLog, type MemoryEventLogOptions } from './memory-event-log.ts'

const setUp = (options: MemoryEventLogOptions = {}) => {
  let now = 1_000_000
  const log = new MemoryEventLog({ clock: { now: () => now }, ...options })
  const read = (after = 0, run = 'r') => {
    const heard: LiveEvent[] = []
    const following = log.follow(run, after, (event) => heard.push(event))
    return { following, heard, names: () => heard.map(({ event }) => event).join(' ') }
  }
  return {
    log,
    read,
    pass: (milliseconds: number) => {
      now += milliseconds
      log.sweep()
    },
    [Symbol.dispose]: () => log[Symbol.dispose](),
  }
}

describe('memory event log', () => {
  it('replays after a seq, then follows, to each reader alike', () => {
    using t = setUp()
    const first = t.log.append('r', 1, 'a', '{}')
    t.log.append('r', 1, 'b', '{}')
    t.log.append('other', 1, 'x', '{}')
    assert.equal(first, 10_000_001)
    const all = t.read()
    const rest = t.read(10_000_001)
    const ahead = t.read(99_000_000)
    assert.deepEqual(
      [all, rest, ahead].map(({ following }) => [following.gap, following.newest]),
      [
        [false, 10_000_002],
        [false, 10_000_002],
        [false, 10_000_002],
      ],
    )
    t.log.append('r', 1, 'c', '{}')
    rest.following.stop()
    t.log.append('r', 1, 'd', '{}')
    assert.deepEqual([all.names(), rest.names(), ahead.names()], ['a b c d', 'b c', 'c d'])
  })

  it('drops what a lower attempt says, and lets seq rise over attempts', () => {
    using t = setUp()
    t.log.append('r', 0, 'queued', '{}')
    t.log.append('r', 1, 'a', '{}')
    assert.equal(t.log.append('r', 2, 'b', '{}'), 20_000_001)
    assert.equal(t.log.append('r', 1, 'late', '{}'), null)
    const reader = t.read()
    assert.equal(reader.names(), 'queued a b')
    assert.equal(reader.following.gap, false)
    assert.deepEqual(
      reader.heard.map(({ attempt }) => attempt),
      [0, 1, 2],
    )
  })

  it('says nothing after the end', () => {
    using t = setUp()
    t.log.append('r', 1, 'end', '{}')
    const reader = t.read()
    t.log.end('r')
    assert.equal(t.log.append('r', 1, 'more', '{}'), null)
    assert.equal(t.log.append('r', 2, 'more', '{}'), null)
    assert.equal(reader.names(), 'end')
    t.log.end('unknown')
    assert.equal(t.log.size, 1)
  })

  it('owns up to a gap: trimmed, said before this process, or said elsewhere in between', () => {
    using t = setUp({ maxEvents: 4 })
    for (const name of ['a', 'b', 'c', 'd', 'e']) t.log.append('r', 1, name, '{}')
    const trimmed = t.read()
    assert.deepEqual([trimmed.following.gap, trimmed.names()], [true, 'd e'])
    assert.equal(t.read(10_000_003).following.gap, false)
    assert.equal(t.read(10_000_002).following.gap, true)
    assert.equal(t.read(0, 'unknown').following.gap, true)
    t.log.append('taken', 3, 'c', '{}')
    assert.equal(t.read(0, 'taken').following.gap, true)
    assert.equal(t.read(10_000_007, 'taken').following.gap, true)
    assert.equal(t.read(30_000_000, 'taken').following.gap, false)
    t.log.append('back', 1, 'a', '{}')
    t.log.append('back', 3, 'c', '{}')
    const back = t.read(0, 'back')
    assert.deepEqual([back.following.gap, back.names()], [true, 'c'])
  })

  it('bounds the bytes of a run', () => {
    using t = setUp({ maxBytes: 1_000 })
    for (let i = 0; i < 100; i += 1) t.log.append('r', 1, String(i), 'x'.repeat(100))
    const reader = t.read()
    assert.ok(reader.heard.length <= 10 && reader.heard.length >= 4)
    assert.equal(reader.heard.at(-1)?.event, '99')
  })

  it('lets buffers go: after the end, after long silence, never under a reader', () => {
    using t = setUp({ retentionMs: 60_000, idleMs: 900_000 })
    t.log.append('ended', 1, 'a', '{}')
    t.log.end('ended')
    t.log.append('silent', 1, 'a', '{}')
    t.log.append('read', 1, 'a', '{}')
    t.log.end('read')
    const reader = t.read(0, 'read')
    t.read(0, 'unknown').following.stop()
    assert.equal(t.log.size, 3)
    t.pass(60_001)
    assert.equal(t.log.size, 2)
    t.pass(900_000)
    assert.equal(t.log.size, 1)
    reader.following.stop()
    t.pass(60_001)
    assert.equal(t.log.size, 0)
  })
})
