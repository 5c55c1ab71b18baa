import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readConfig } from './config.ts'

describe('settings of built-in tools', () => {
  it('are what the wire promises unless told otherwise (behaviour.md 8, 14)', () => {
    const { runs, interpreter } = readConfig({ MELZI_DATA: '/data' })
    assert.equal(runs.indexingWaitMs, 60_000)
    assert.equal(interpreter.idleMs, 20 * 60_000)
    assert.equal(interpreter.enabled, true)
  })
})
