import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { skipUnless } from '../support/components.ts'
import { killTrial } from './kill-trial.ts'

/** 20 kills under load, 10 on each engine, with the guarantees of the section 5; `npm run test:long` makes 100. */
describe('kill -9 under load', () => {
  it('loses nothing on sqlite', async (t) => {
    const report = await killTrial({ engine: 'sqlite', kills: 10, clients: 3, settleEvery: 2 })
    t.diagnostic(JSON.stringify(report))
    assert.ok(report.runs > 10 && report.storedCalls > 0, 'there was a load')
  })

  // Leases outlive the next kills, so the runs of the dead are waited for only now and then.
  it('loses nothing on postgres', skipUnless('postgresql'), async (t) => {
    const report = await killTrial({ engine: 'postgres', kills: 10, clients: 3, settleEvery: 5 })
    t.diagnostic(JSON.stringify(report))
    assert.ok(report.runs > 10 && report.storedCalls > 0, 'there was a load')
  })
})
