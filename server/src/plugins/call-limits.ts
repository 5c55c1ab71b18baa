import type { SandboxLimits } from './python/sandbox-driver.ts'

/** Limits of one call (sandbox.md, shared interface); `wallMs` is the longest a plugin may ask for. */
export const DEFAULT_LIMITS: SandboxLimits = {
  waitMs: 20_000,
  wallMs: 25_000,
  cpuSeconds: 30,
  memoryMiB: 512,
  rssMiB: 1024,
  stdoutBytes: 65_536,
  resultBytes: 262_144,
  rawBytes: 2_000_000,
  http: { requests: 20, upBytes: 5_000_000, downBytes: 10_000_000, timeoutMs: 15_000 },
  asks: 100,
  pictures: { count: 10, totalBytes: 4_000_000 },
}
