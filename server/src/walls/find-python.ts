/** Finds the CPython that sessions run. */
import { execFile } from 'node:child_process'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import type { Identity } from '../platform/reachable-folder.ts'

export interface Python {
  executable: string
  /** `3.11` */
  version: string
  /** Folders of its installation besides those of SYSTEM_FOLDERS, to be readable in a session. */
  folders: string[]
  /** Which of the data packages it has by itself. */
  packages: string[]
}

/** What a session may read of the system. Not all of /usr: programs and their data are kept in /usr/src and the like. */
export const SYSTEM_FOLDERS = [
  ...['bin', 'lib', 'lib32', 'lib64', 'libexec', 'share'].map((name) => `/usr/${name}`),
  ...['bin', 'lib', 'lib64', 'share'].map((name) => `/usr/local/${name}`),
]

const run = promisify(execFile)
const ASK_MS = 20_000
const OLDEST = [3, 11] as const

/** What the import names of the data packages are. */
export const DATA_PACKAGES: Readonly<Record<string, string>> = {
  numpy: 'numpy',
  pandas: 'pandas',
  matplotlib: 'matplotlib',
  openpyxl: 'openpyxl',
  PIL: 'pillow',
}

const QUESTION = `import importlib.util, json, os, sys, sysconfig
print(json.dumps({
  "executable": os.path.realpath(sys.executable), "implementation": sys.implementation.name,
  "version": list(sys.version_info[:2]), "folders": sorted({sys.prefix, sys.base_prefix}),
  "packages": [n for n in ${JSON.stringify(Object.keys(DATA_PACKAGES))} if importlib.util.find_spec(n)]}))`

interface Answer {
  executable: string
  implementation: string
  version: [number, number]
  folders: string[]
  packages: string[]
}

const ask = async (program: string, identity: Identity | null): Promise<Python> => {
  const options = { ...identity, cwd: '/', env: {}, timeout: ASK_MS }
  const { stdout } = await run(program, ['-I', '-B', '-c', QUESTION], options)
  const answer = JSON.parse(stdout) as Answer
  const [major, minor] = answer.version
  if (answer.implementation !== 'cpython' || major !== OLDEST[0] || minor < OLDEST[1])
    throw new Error(
      `${program} is ${answer.implementation} ${major}.${minor}; CPython ${OLDEST.join('.')} or newer is needed`,
    )
  return {
    executable: answer.executable,
    version: `${major}.${minor}`,
    folders: answer.folders.filter((folder) => folder !== '/usr' && folder !== '/usr/local'),
    packages: answer.packages.map((name) => DATA_PACKAGES[name] ?? name),
  }
}

/**
 * The Python that is named or, where none is, the first on the PATH that the sessions' user can run.
 * @throws Error with a sentence that says what to do
 */
export const findPython = async (
  wanted: string | null,
  identity: Identity | null,
  path: string,
): Promise<Python> => {
  const candidates =
    wanted === null
      ? [...path.split(delimiter).filter(isAbsolute), '/usr/bin'].map((folder) =>
          join(folder, 'python3'),
        )
      : [wanted]
  let why = ''
  for (const program of new Set(candidates)) {
    try {
      return await ask(program, identity)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'ENOENT') why ||= `; ${program}: ${reason(error)}`
    }
  }
  const user = identity === null ? 'this user' : `user ${identity.uid}`
  throw new Error(
    wanted === null
      ? `there is no python3 on the PATH that ${user} can run${why}; install it (apt-get install python3) or name one with MELZI_INTERPRETER_PYTHON`
      : `MELZI_INTERPRETER_PYTHON names ${wanted}, which ${user} cannot run${why}`,
  )
}

/** What the program said last or, when it said nothing, what the system did. */
const reason = (error: unknown): string => {
  const said = ((error as { stderr?: string }).stderr ?? '').trim().split('\n').at(-1) ?? ''
  if (said !== '') return said
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}
