import type { SandboxDriver, SandboxResult } from './sandbox-driver.ts'

const WHY = 'Plugins are switched off on this server (MELZI_SANDBOX=off).'

/** Stands where plugins are switched off: every call is answered with one clear sentence, nothing ever runs. */
export const createNoDriver = (): SandboxDriver => ({
  name: 'deno',
  probe: async () => ({ ok: false, why: WHY, walls: [] }),
  run: async (): Promise<SandboxResult> => ({
    ok: false,
    output: '',
    stdout: '',
    stderr: '',
    truncated: false,
    error: { kind: 'unavailable', message: WHY, traceback: null },
    usage: { ms: 0, peakMiB: 0, http: [] },
  }),
  [Symbol.asyncDispose]: async () => {},
})
