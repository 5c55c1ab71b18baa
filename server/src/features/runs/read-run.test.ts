import assert from 'node:assert/strict'
import { it, describe } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MemoryEventLog } from '../../platform/events/memory-event-log.ts'
import { readRun, type ReadEnd, type ReadRunOptions } from './read-run.ts'
import type { RunRecord } from './run-record.ts'

const RUN = {
  id: 'run_1',
  status: 'in_progress',
  attempt: 1,
  expiresAt: 0,
  incompleteReason: null,
  tools: [] as RunRecord['tools'],
  usage: null,
} as RunRecord

interface Reading {
  names: string[]
  seqs: number[]
  gaps: number[]
  troubles: unknown[]
  end: Promise<ReadEnd>
  left: AbortController
  stopped: AbortController
}

const setUp = () => {
  const events = new MemoryEventLog()
  const stored: { run: RunRecord | null; error: Error | null; looks: number } = {
    run: RUN,
    error: null,
    looks: 0,
  }
  const findRun = async () => {
    stored.looks += 1
    if (stored.error !== null) throw stored.error
    return stored.run
  }
  const read = (options: Partial<ReadRunOptions> = {}, withGap = false): Reading => {
    const reading = { names: [], seqs: [], gaps: [], troubles: [] } as unknown as Reading
    reading.left = new AbortController()
    reading.stopped = new AbortController()
    reading.end = readRun({ events, findRun }, RUN, {
      after: 0,
      stopAtAction: false,
      onEvent: ({ event, seq }) => {
        reading.names.push(event.replace('thread.', ''))
        reading.seqs.push(seq)
      },
      ...(withGap
        ? {
            onGap: async (newest: number) => {
              await sleep(20)
              reading.gaps.push(newest)
            },
          }
        : {}),
      onTrouble: (error) => reading.troubles.push(error),
      left: reading.left.signal,
      stopped: reading.stopped.signal,
      ...options,
    })
    return reading
  }
  const say = (name: string, attempt = 1) => events.append(RUN.id, attempt, `thread.${name}`, '{}')
  return { events, stored, read, say, [Symbol.dispose]: () => events[Symbol.dispose]() }
}

describe('read run', { timeout: 15_000 }, () => {
  it('replays, follows, and ends with the last event', async () => {
    using t = setUp()
    t.say('run.created')
    const reading = t.read()
    t.say('message.delta')
    t.say('run.requires_action')
    t.say('run.queued')
    t.say('run.completed')
    t.say('run.late')
    assert.equal(await reading.end, 'rests')
    assert.deepEqual(reading.names, [
      'run.created',
      'message.delta',
      'run.requires_action',
      'run.queued',
      'run.completed',
    ])
    assert.equal(t.stored.looks, 0)
    const atAction = t.read({ stopAtAction: true, after: reading.seqs[0] ?? 0 })
    assert.equal(await atAction.end, 'rests')
    assert.deepEqual(atAction.names, ['message.delta', 'run.requires_action'])
  })

  it('gives the stored state first where events are gone, and no event twice', async () => {
    using t = setUp()
    t.say('step.created', 3)
    const reading = t.read({}, true)
    t.say('run.in_progress', 3)
    t.say('run.failed', 3)
    assert.equal(await reading.end, 'rests')
    assert.deepEqual(reading.gaps, [30_000_001])
    assert.deepEqual(reading.names, ['run.in_progress', 'run.failed'])
  })

  it('makes the last event up from the store when nobody says it here', async () => {
    using t = setUp()
    t.stored.run = { ...RUN, status: 'completed' }
    const cold = t.read({}, true)
    assert.equal(await cold.end, 'rests')
    assert.deepEqual([cold.gaps, cold.names, cold.seqs], [[0], ['run.completed'], [0]])
    // Heard something before: the rest was said elsewhere, so the state comes with the end.
    t.say('run.created')
    const warm = t.read({}, true)
    assert.equal(await warm.end, 'rests')
    assert.deepEqual(warm.names, ['run.created', 'run.completed'])
    assert.deepEqual(warm.gaps, [10_000_001])
  })

  it('asks the store only in silence, and again when it could not be asked', async () => {
    using t = setUp()
    t.say('run.created')
    t.stored.error = new Error('away')
    const reading = t.read()
    const talking = setInterval(() => t.say('message.delta'), 100)
    await sleep(2_300)
    assert.equal(t.stored.looks, 0)
    clearInterval(talking)
    while (reading.troubles.length === 0) await sleep(20)
    t.stored.error = null
    t.stored.run = null
    assert.equal(await reading.end, 'gone')
  })

  it('ends when the reader leaves or the node stops, with nothing left behind', async () => {
    using t = setUp()
    t.say('run.created')
    const leaving = t.read()
    const stopping = t.read()
    leaving.left.abort()
    assert.equal(await leaving.end, 'left')
    stopping.stopped.abort()
    assert.equal(await stopping.end, 'stopped')
    t.say('message.delta')
    assert.deepEqual([leaving.names, stopping.names], [['run.created'], ['run.created']])
    const late = t.read({ left: AbortSignal.abort() })
    assert.equal(await late.end, 'left')
  })
})
