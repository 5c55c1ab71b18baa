import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { skipUnless } from '../support/components.ts'
import { fuzzTrial } from './fuzz-trial.ts'

// 5,000 random requests over all routes; `npm run test:long -- fuzz` sends 200,000 and writes docs/fuzz.md.
describe('random requests', () => {
  const trial = (engine: 'sqlite' | 'postgres') => async (t: TestContext) => {
    const seed = Number(process.env['MELZI_TEST_SEED'] ?? Date.now() % 2 ** 31)
    const { findings, statuses, routes } = await fuzzTrial({ engine, requests: 2_500, seed })
    t.diagnostic(`seed ${seed} ${JSON.stringify(statuses)}`)
    assert.equal(findings.length, 0, `MELZI_TEST_SEED=${seed}\n${findings.join('\n')}`)
    const never = Object.entries(routes).filter(([, { accepted }]) => accepted === 0)
    assert.ok(
      never.length < 20,
      `routes whose requests were never accepted: ${never.map(([route]) => route).join()}`,
    )
  }

  it('never break sqlite', trial('sqlite'))
  it('never break postgres', skipUnless('postgresql'), trial('postgres'))
})
