import type { SandboxDriver } from '../../sandbox-driver.ts'
import { run } from '../support.ts'

/** pip starts slowly on a machine that is busy. */
const TRIES = 3

/** Has the host fetch what `imports` names, before a test has to wait for it. @returns why it could not, or null */
export const fetchPackages = async (
  driver: SandboxDriver,
  imports: string,
): Promise<string | null> => {
  let why: string | null = null
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { ok, error } = await run(driver, `import ${imports}`)
    if (ok) return null
    why = `needs a package index that pip can reach: ${error?.message}`
  }
  return why
}
