import { describe, it } from 'node:test'
import { skipUnless } from '../support/components.ts'
import { killTrial } from './kill-trial.ts'

/** 100 kills under load, 50 on each engine. */
describe('kill -9 under load, long', () => {
  it('loses nothing on sqlite', async (t) => {
    const report = await killTrial({ engine: 'sqlite', kills: 50, clients: 8, settleEvery: 1 })
    t.diagnostic(JSON.stringify(report))
  })

  it('loses nothing on postgres', skipUnless('postgresql'), async (t) => {
    const report = await killTrial({ engine: 'postgres', kills: 50, clients: 8, settleEvery: 5 })
    t.diagnostic(JSON.stringify(report))
  })
})
