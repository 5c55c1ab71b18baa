import type {
  SandboxDriver,
  SandboxJob,
  SandboxResult,
} from '../../src/plugins/python/sandbox-driver.ts'

export const sandboxResult = (fields: Partial<SandboxResult> = {}): SandboxResult => ({
  ok: true,
  output: '6',
  stdout: '6',
  stderr: '',
  truncated: false,
  error: null,
  pictures: [],
  usage: { ms: 3, cpuMs: 2, peakMiB: 40, http: [] },
  ...fields,
})

/** A sandbox whose answers the test decides, with the jobs it was given. */
export const fakeSandbox = (
  answer: (job: SandboxJob, signal: AbortSignal) => Promise<SandboxResult> = () =>
    Promise.resolve(sandboxResult()),
): { driver: SandboxDriver; jobs: SandboxJob[] } => {
  const jobs: SandboxJob[] = []
  const driver: SandboxDriver = {
    name: 'deno',
    probe: () => Promise.resolve({ ok: true, why: null, walls: [] }),
    run: (job, signal) => {
      jobs.push(job)
      return answer(job, signal)
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  return { driver, jobs }
}
