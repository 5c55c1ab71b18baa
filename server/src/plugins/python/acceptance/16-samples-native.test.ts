/** The same sample plugins on the system's Python, and those that compute and draw. */
import { join } from 'node:path'
import { component, isCi } from '../../../../tests/support/components.ts'
import { EXAMPLE_CASES } from './samples/cases-of-examples.ts'
import { SAMPLE_CASES } from './samples/cases-of-samples.ts'
import { AID_CASES } from './samples/cases-with-aids.ts'
import { DATA_CASES } from './samples/cases-with-data-packages.ts'
import { PACKAGE_CASES } from './samples/cases-with-packages.ts'
import { fetchPackages } from './samples/fetch-packages.ts'
import { runSamples } from './samples/run-samples.ts'
import { CACHE, openNative } from './support.ts'

/** The code interpreter's, kept between runs: fetching takes half a minute. */
const cacheDir = join(CACHE, '../melzi-interpreter')

runSamples(
  'samples on native Python',
  [...EXAMPLE_CASES, ...SAMPLE_CASES, ...AID_CASES, ...PACKAGE_CASES, ...DATA_CASES],
  (egress) =>
    openNative({
      poolSize: 2,
      egress,
      cacheDir,
      packageIndexUrl: undefined,
      packageWaitMs: 200_000,
    }),
  async (driver) => {
    const { available, install } = component('python3')
    if (!available) return `python3 is missing; install it with: ${install}`
    return (
      (await fetchPackages(driver, 'requests, httpx')) ??
      fetchPackages(driver, 'pandas, numpy, matplotlib, PIL')
    )
  },
  isCi(),
)
