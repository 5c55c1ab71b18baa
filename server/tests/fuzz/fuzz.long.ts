import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, describe, it, type TestContext } from 'node:test'
import { skipUnless } from '../support/components.ts'
import { fuzzReport } from './fuzz-report.ts'
import { fuzzTrial, type FuzzReport } from './fuzz-trial.ts'

/** 200,000 requests, half of them on each engine; writes docs/fuzz.md. MELZI_TEST_FUZZ_REQUESTS asks for another number on each. */
describe('random requests, long', () => {
  const requests = Number(process.env['MELZI_TEST_FUZZ_REQUESTS'] ?? 100_000)
  const reports: FuzzReport[] = []
  const trial = (engine: 'sqlite' | 'postgres') => async (t: TestContext) => {
    const seed = Number(process.env['MELZI_TEST_SEED'] ?? Date.now() % 2 ** 31)
    const report = await fuzzTrial({ engine, requests, seed })
    reports.push(report)
    t.diagnostic(`seed ${seed}, ${report.seconds} s, ${JSON.stringify(report.statuses)}`)
    assert.equal(report.findings.length, 0, report.findings.join('\n'))
  }

  it('never break sqlite', trial('sqlite'))
  it('never break postgres', skipUnless('postgresql'), trial('postgres'))

  after(async () => {
    const page = fuzzReport(reports, new Date().toISOString().slice(0, 10))
    await writeFile(new URL('../../../docs/fuzz.md', import.meta.url), page)
  })
})
