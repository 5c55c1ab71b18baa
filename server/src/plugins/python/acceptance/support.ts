/** What the acceptance tests of the sandbox share: a driver on a cache that is kept between runs, jobs, and a look at /proc. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DenoDriver, type DenoDriverOptions } from '../deno-driver.ts'
import type { SandboxDriver, SandboxJob, SandboxLimits, SandboxResult } from '../sandbox-driver.ts'

export const SECRET = 'planted-secret-3f9a1c'

/** The defaults of a plugin call. */
export const LIMITS: SandboxLimits = {
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

/** Kept between runs: building takes five seconds. */
export const CACHE = join(import.meta.dirname, '../../../../../node_modules/.cache/melzi-sandbox')

/** A driver without idle processes, so that what is left after a call is what the call left. */
export const openSandbox = (options: Partial<DenoDriverOptions> = {}): DenoDriver =>
  new DenoDriver({ cacheDir: CACHE, poolSize: 0, packageIndexUrl: null, ...options })

export const aJob = (source: string, given: Partial<SandboxJob> = {}): SandboxJob => ({
  scope: 'plugin-1',
  source,
  arguments: {},
  customizedParams: null,
  conversation: [],
  userCookie: null,
  modelTokenLimit: null,
  secrets: {},
  files: [],
  answer: null,
  limits: LIMITS,
  egress: { hosts: [] },
  ...given,
})

export const run = (
  driver: SandboxDriver,
  source: string,
  given: Partial<SandboxJob> = {},
): Promise<SandboxResult> => driver.run(aJob(source, given), new AbortController().signal)

/** Sandbox processes of this test, and any that got away from its parent; zombies hold nothing and do not count. */
export const sandboxProcesses = (ofServer: number = process.pid): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        const isSandbox = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('runner/child.ts')
        return state !== 'Z' && isSandbox && (Number(parent) === ofServer || parent === '1')
      } catch {
        return false
      }
    })

/** Waits until no sandbox process is left; false after a second. */
export const allGone = async (): Promise<boolean> => {
  for (let tries = 0; tries < 50; tries += 1) {
    if (sandboxProcesses().length === 0) return true
    await sleep(20)
  }
  return false
}

/** Python that makes attempts and prints what each got. */
const ATTEMPTS = `
import asyncio, inspect, os, sys
import js
_results = {}
async def attempt(name, action):
    try:
        value = action()
        if inspect.isawaitable(value):
            value = await asyncio.wait_for(value, 5)
        _results[name] = 'GOT ' + str(value)[:300]
    except BaseException as error:
        _results[name] = 'refused ' + type(error).__name__ + ' ' + str(error)[:120]
`

/**
 * Runs Python with `await attempt(name, lambda: …)` lines; gives what each attempt got. Where an attempt ends the process, the
 * lines are halved until it stands alone, so that it cannot hide what the others get.
 */
export const attempts = async (
  driver: SandboxDriver,
  source: string,
  given: Partial<SandboxJob> = {},
): Promise<{ got: Record<string, string>; text: string }> => {
  const result = await run(driver, `${ATTEMPTS}\n${source}\nprint(json.dumps(_results))`, given)
  if (result.ok)
    return {
      got: JSON.parse(result.output) as Record<string, string>,
      text: JSON.stringify(result),
    }
  const lines = source.split('\n').filter((line) => line !== '')
  const isAttempt = (line: string) => line.startsWith('await attempt(')
  const tries = lines.filter(isAttempt)
  if (result.error?.kind !== 'crash' || tries.length === 0)
    throw new Error(`the attempts did not run: ${JSON.stringify(result.error)}`)
  if (tries.length === 1) {
    const name = /^await attempt\('([^']*)'/.exec(tries[0] ?? '')?.[1] ?? ''
    return { got: { [name]: 'refused: the process ended' }, text: JSON.stringify(result) }
  }
  const others = lines.filter((line) => !isAttempt(line))
  const half = Math.ceil(tries.length / 2)
  const parts = [tries.slice(0, half), tries.slice(half)].map((part) =>
    attempts(driver, [...others, ...part].join('\n'), given),
  )
  const [first, second] = await Promise.all(parts)
  return { got: { ...first?.got, ...second?.got }, text: `${first?.text}${second?.text}` }
}

/** The attempts that were not refused. */
export const successes = (got: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(got).filter(([, value]) => value.startsWith('GOT')))
