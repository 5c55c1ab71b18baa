/** What the acceptance tests of the sandbox share: each driver on a cache that is kept between runs, jobs, and a look at /proc. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DenoDriver, type DenoDriverOptions } from '../deno-driver.ts'
import { NativeDriver, type NativeDriverOptions } from '../native-driver.ts'
import type { CallOptions } from '../sandbox-calls.ts'
import { DEFAULT_LIMITS } from '../../call-limits.ts'
import type { SandboxDriver, SandboxJob, SandboxResult } from '../sandbox-driver.ts'

export const SECRET = 'planted-secret-3f9a1c'

/** The defaults of a plugin call. */
export const LIMITS = DEFAULT_LIMITS

/** Kept between runs: building takes five seconds. */
export const CACHE = join(import.meta.dirname, '../../../../../node_modules/.cache/melzi-sandbox')

/** Where the system's own Python and bubblewrap are. */
export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin'

/** What the tests of all drivers may ask for. */
type Options = CallOptions &
  Pick<DenoDriverOptions, 'packageIndexUrl'> & { poolSize?: number; cacheDir?: string }

/** On the system's Python, on Landlock alone unless told otherwise. */
export const openNative = (options: Partial<NativeDriverOptions> = {}): NativeDriver =>
  new NativeDriver({
    cacheDir: CACHE,
    path: SYSTEM_PATH,
    bubblewrap: 'off',
    poolSize: 0,
    packageIndexUrl: null,
    ...options,
  })

/** One of the drivers, on one set of walls. */
export interface Candidate {
  name: 'deno' | 'bubblewrap' | 'landlock'
  driver: 'deno' | 'native'
  /** Whether `import js` leads somewhere. */
  hasJavaScript: boolean
  open: (options?: Options) => SandboxDriver
}

export const NATIVE_CANDIDATES: readonly (Candidate & { needs: ('python3' | 'bubblewrap')[] })[] = (
  [
    ['bubblewrap', 'trusted', ['python3', 'bubblewrap']],
    ['landlock', 'off', ['python3']],
  ] as const
).map(([name, bubblewrap, needs]) => ({
  name,
  driver: 'native',
  hasJavaScript: false,
  needs: [...needs],
  open: (options = {}) => openNative({ bubblewrap, ...options }),
}))

export const DENO_CANDIDATE: Candidate = {
  name: 'deno',
  driver: 'deno',
  hasJavaScript: true,
  open: (options = {}) => openSandbox(options),
}

/** A Deno driver without idle processes, so that what is left after a call is what the call left. */
export const openSandbox = (options: Partial<DenoDriverOptions> = {}): DenoDriver =>
  new DenoDriver({ cacheDir: CACHE, poolSize: 0, packageIndexUrl: null, ...options })

export const aJob = (source: string, given: Partial<SandboxJob> = {}): SandboxJob => ({
  scope: 'plugin-1',
  source,
  packages: [],
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

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it ended while we looked
  }
}

const statOf = (pid: number): string[] => {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** Up to, and without, the first process of the system. */
const ancestors = (pid: number): number[] => {
  const parents: number[] = []
  for (let at = Number(statOf(pid)[1]); at > 1; at = Number(statOf(at)[1])) parents.push(at)
  return parents
}

/** What runs plugins, and not bubblewrap beside it; zombies hold nothing and do not count. */
const isSandbox = (pid: number): boolean => {
  const command = read(`/proc/${pid}/cmdline`)
  const is =
    command.includes('runner/child.ts') ||
    (command.includes('setup.pop("program")') && !command.includes('--unshare-user'))
  return is && statOf(pid)[0] !== 'Z'
}

/** Sandbox processes of this test, and any that got away from its parent. */
export const sandboxProcesses = (ofServer: number = process.pid): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      if (!isSandbox(pid)) return false
      const parents = ancestors(pid)
      return parents.includes(ofServer) || parents.length === 0
    })

/** Waits until no sandbox process is left; false after a second. */
export const allGone = async (): Promise<boolean> => {
  for (let tries = 0; tries < 50; tries += 1) {
    if (sandboxProcesses().length === 0) return true
    await sleep(20)
  }
  return false
}

/** Python that makes attempts and prints what each got. One whose action gives an awaitable must be awaited; others may. */
const ATTEMPTS = `
import asyncio, inspect, os, sys
try: import js
except ImportError: pass
_results = {}
def _note(name, make):
    try: _results[name] = 'GOT ' + str(make())[:300]
    except BaseException as error:
        _results[name] = 'refused ' + type(error).__name__ + ' ' + str(error)[:120]
def _raise(error): raise error
async def _later(name, value):
    try: result = await asyncio.wait_for(value, 5)
    except BaseException as error: _note(name, lambda: _raise(error))
    else: _note(name, lambda: result)
class _Made:
    def __await__(self): return iter(())
def attempt(name, action):
    later = []
    def make():
        value = action()
        if inspect.isawaitable(value): later.append(value)
        return value
    _note(name, make)
    return _later(name, later[0]) if later else _Made()
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
  const isAttempt = (line: string) => /^(?:await )?attempt\(/.test(line)
  const tries = lines.filter(isAttempt)
  if (result.error?.kind !== 'crash' || tries.length === 0)
    throw new Error(`the attempts did not run: ${JSON.stringify(result.error)}`)
  if (tries.length === 1) {
    const name = /attempt\('([^']*)'/.exec(tries[0] ?? '')?.[1] ?? ''
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
