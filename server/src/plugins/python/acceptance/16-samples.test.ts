/** People's plugins run as they are: our own, in the styles of the public samples, each with its exact answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AID_CASES } from './samples/cases-with-aids.ts'
import { EXAMPLE_CASES } from './samples/cases-of-examples.ts'
import { SAMPLE_CASES } from './samples/cases-of-samples.ts'
import { PACKAGE_CASES } from './samples/cases-with-packages.ts'
import { DATA_CASES } from './samples/cases-with-data-packages.ts'
import { allSamples, runSamples } from './samples/run-samples.ts'
import { openSandbox } from './support.ts'

runSamples('samples on deno', [...EXAMPLE_CASES, ...SAMPLE_CASES, ...AID_CASES], (egress) =>
  openSandbox({ poolSize: 2, egress }),
)

test('every sample is run', () => {
  const cases = [...EXAMPLE_CASES, ...SAMPLE_CASES, ...AID_CASES, ...PACKAGE_CASES, ...DATA_CASES]
  const run = new Set(cases.map(({ file }) => file))
  assert.ok(run.size >= 25)
  // Those of the quickstart have tests of their own, with the demo model.
  for (const file of ['unit_price', 'show_params']) run.add(file)
  assert.deepEqual(run, new Set(allSamples()))
})
