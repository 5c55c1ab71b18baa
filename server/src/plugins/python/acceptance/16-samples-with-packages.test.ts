/** Sample plugins that import packages: the host fetches them once, from the index that its own pip is set up with. */
import { join } from 'node:path'
import { isCi } from '../../../../tests/support/components.ts'
import { PACKAGE_CASES } from './samples/cases-with-packages.ts'
import { fetchPackages } from './samples/fetch-packages.ts'
import { runSamples } from './samples/run-samples.ts'
import { CACHE, openSandbox } from './support.ts'

/** Apart, since a cache with packages makes an image of its own. */
const cacheDir = join(CACHE, '../melzi-sandbox-packages')

runSamples(
  'samples with packages on deno',
  PACKAGE_CASES,
  (egress) => openSandbox({ poolSize: 2, egress, cacheDir, packageIndexUrl: undefined }),
  (driver) => fetchPackages(driver, 'requests, httpx'),
  isCi(),
)
