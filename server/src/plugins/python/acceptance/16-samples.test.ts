/** People's plugins run as they are: our own, in the styles of the public samples, each with its exact answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AID_CASES } from './samples/cases-with-aids.ts'
import { EXAMPLE_CASES } from './samples/cases-of-examples.ts'
import { SAMPLE_CASES } from './samples/cases-of-samples.ts'
import { PACKAGE_CASES } from './samples/cases-with-packages.ts'
import { allSamples, runSamples } from './samples/run-samples.ts'
import { openSandbox } from './support.ts'

runSamples('samples on deno', [...EXAMPLE_CASES, ...SAMPLE_CASES, ...AID_CASES], (egress) =>
  openSandbox({ poolSize: 2, egress }),
)

/** Written, and run as soon as the sandbox has what they need. */
const AWAITING: Record<string, string> = {
  chart: 'matplotlib',
  household_pie: 'matplotlib',
  picture_look: 'matplotlib',
}
for (const [file, need] of Object.entries(AWAITING)) test(file, { skip: `awaits ${need}` })

test('every sample is run', () => {
  const cases = [...EXAMPLE_CASES, ...SAMPLE_CASES, ...AID_CASES, ...PACKAGE_CASES]
  const run = cases.map(({ file }) => file)
  run.push(...Object.keys(AWAITING))
  assert.deepEqual([...new Set(run)].toSorted(), allSamples().toSorted())
  assert.ok(allSamples().length >= 25 + 2)
})
