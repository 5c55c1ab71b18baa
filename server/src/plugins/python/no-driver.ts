import type { SandboxDriver } from './sandbox-driver.ts'
import { failedResult } from './sandbox-result.ts'

const WHY = 'Plugins are switched off on this server (MELZI_SANDBOX=off).'

/** Stands where plugins are switched off: every call is answered with one clear sentence, nothing ever runs. */
export const createNoDriver = (): SandboxDriver => ({
  name: 'deno',
  probe: async () => ({ ok: false, why: WHY, walls: [] }),
  run: async () => failedResult('unavailable', WHY),
  [Symbol.asyncDispose]: async () => {},
})
