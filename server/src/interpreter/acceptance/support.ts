/** What the acceptance tests of the code interpreter share: an interpreter on each set of walls, calls, and a look at /proc. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CodeInterpreter, Execution, SessionFile } from '../code-interpreter.ts'
import { NativeInterpreter, type NativeInterpreterOptions } from '../native-interpreter.ts'

export const SECRET = 'planted-secret-81c2d7'

/** Kept between runs: fetching the data packages takes half a minute. */
const CACHE = join(import.meta.dirname, '../../../../node_modules/.cache/melzi-interpreter')

/** Where the system's own Python and bubblewrap are. */
export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin'

/** The sets of walls, with what a test of each needs. */
export const WALL_SETS = [
  { name: 'landlock', bubblewrap: 'off', needs: ['python3'] },
  { name: 'bubblewrap', bubblewrap: 'trusted', needs: ['python3', 'bubblewrap'] },
] as const

/** On Landlock and without fetching, unless told otherwise. */
export const openInterpreter = (
  options: Partial<NativeInterpreterOptions> = {},
): NativeInterpreter =>
  new NativeInterpreter({
    cacheDir: CACHE,
    clock: { now: () => Date.now() },
    path: SYSTEM_PATH,
    bubblewrap: 'off',
    packageIndexUrl: null,
    ...options,
  })

export interface Given {
  thread?: string
  workspace?: string
  files?: readonly SessionFile[]
  onLogs?: (piece: string) => void
  signal?: AbortSignal
}

export const run = (
  interpreter: CodeInterpreter,
  code: string,
  given: Given = {},
): Promise<Execution> => {
  const session = {
    workspaceId: given.workspace ?? 'workspace',
    threadId: given.thread ?? 'thread',
  }
  const { files = [], onLogs, signal = new AbortController().signal } = given
  return interpreter.execute(
    { session, code, files, ...(onLogs === undefined ? {} : { onLogs }) },
    signal,
  )
}

export const aFile = (id: string, name: string, text: string | Buffer): SessionFile => {
  const data = Buffer.from(text)
  return { id, name, bytes: data.length, open: async () => Readable.from([data]) }
}

/** Session processes of this test, and any that got away from their parent; zombies hold nothing and do not count. */
export const sessionProcesses = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const parents = ancestors(pid)
      return isSession(pid) && (parents.includes(process.pid) || parents.length === 0)
    })

const isSession = (pid: number): boolean => {
  const command = read(`/proc/${pid}/cmdline`)
  return command.includes('setup.pop("sources")') && stateOf(pid) !== 'Z'
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const statOf = (pid: number): string[] => {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** `T` is frozen, `S` waits, `R` runs, `Z` is a zombie. */
export const stateOf = (pid: number): string => statOf(pid)[0] ?? ''

/** Up to, and without, the first process of the system. */
const ancestors = (pid: number): number[] => {
  const parents: number[] = []
  for (let at = Number(statOf(pid)[1]); at > 1; at = Number(statOf(at)[1])) parents.push(at)
  return parents
}

/** Waits until something holds; false after three seconds. */
export const eventually = async (holds: () => boolean): Promise<boolean> => {
  for (let tries = 0; tries < 150; tries += 1) {
    if (holds()) return true
    await sleep(20)
  }
  return holds()
}

/** Waits until no session's process is left. */
export const allGone = (): Promise<boolean> => eventually(() => sessionProcesses().length === 0)

const ATTEMPTS = `
import json as _json
_results = {}
def attempt(name, action):
    try:
        value = action()
        _results[name] = 'GOT ' + str(value)[:300]
    except BaseException as error:
        _results[name] = 'refused ' + type(error).__name__ + ' ' + str(error)[:120]
`

/**
 * Runs Python with `attempt(name, lambda: …)` lines; gives what each got, and the whole answer as text.
 * @throws Error when the attempts did not come to their end
 */
export const attempts = async (
  interpreter: CodeInterpreter,
  source: string,
): Promise<{ got: Record<string, string>; text: string }> => {
  const result = await run(interpreter, `${ATTEMPTS}\n${source}\nprint(_json.dumps(_results))`)
  if (!result.ok) throw new Error(`the attempts did not run: ${JSON.stringify(result)}`)
  return {
    got: JSON.parse(result.logs.trim().split('\n').at(-1) ?? '') as Record<string, string>,
    text: JSON.stringify(result),
  }
}

/** The attempts that were not refused. */
export const successes = (got: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(got).filter(([, value]) => value.startsWith('GOT')))
