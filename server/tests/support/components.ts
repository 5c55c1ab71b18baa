import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hasPythonClient } from '../../../scripts/python-clients.ts'

export type ComponentName =
  | 'postgresql'
  | 'redis'
  | 'chromium'
  | 'curl'
  | 'jq'
  | 'python3'
  | 'python3-venv'
  | 'python-pip'
  | 'openssl'
  | 'bubblewrap'
  | 'python-openai'
  | 'moto'
  | 'python-mcp'
  | 'openapi-servers'

export interface Component {
  readonly available: boolean
  /** The command that installs it. */
  readonly install: string
}

/** A system component some suites need and `npm ci` cannot bring. */
export const component = (name: ComponentName): Component => {
  const { found, install } = COMPONENTS[name]
  return { available: found(), install }
}

/** Whether this is a continuous-integration machine, where what cannot be tested is a failure. */
export const isCi = (): boolean => process.env['CI'] === 'true'

/**
 * Options for a suite or test that needs a component: skipped, saying which command installs it, where the component is missing.
 * @throws Error instead when CI=true: there a missing component is a failure
 */
export const skipUnless = (...names: readonly ComponentName[]): { skip?: string } => {
  for (const name of names) {
    const { available, install } = component(name)
    if (available) continue
    const reason = `${name} is missing; install it with: ${install}`
    if (isCi()) throw new Error(reason)
    return { skip: reason }
  }
  return {}
}

/** Folder of PostgreSQL's programs, the newest of Debian's layout or the one in PATH; null where there is none. */
export const postgresBinaries = (): string | null => {
  const versions = readFolder('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
  const folders = [...versions.map((version) => `/usr/lib/postgresql/${version}/bin`), ...path()]
  return (
    folders.find(
      (folder) => executable(join(folder, 'initdb')) && executable(join(folder, 'postgres')),
    ) ?? null
  )
}

/** The Chromium or Chrome that panel tests drive; `MELZI_TEST_CHROMIUM` names one elsewhere. Null where there is none. */
export const chromiumBinary = (): string | null =>
  [
    process.env['MELZI_TEST_CHROMIUM'] ?? '',
    ...['chromium', 'chromium-browser', 'google-chrome', 'chrome'].flatMap(inPath),
  ].find((file) => file !== '' && executable(file)) ?? null

const COMPONENTS: Record<ComponentName, { found: () => boolean; install: string }> = {
  postgresql: {
    found: () =>
      process.env['MELZI_TEST_POSTGRES_URL'] !== undefined || postgresBinaries() !== null,
    install: 'apt-get install postgresql',
  },
  redis: {
    found: () => inPath('redis-server').length > 0,
    install: 'apt-get install redis-server',
  },
  chromium: { found: () => chromiumBinary() !== null, install: 'apt-get install chromium' },
  curl: { found: () => inPath('curl').length > 0, install: 'apt-get install curl' },
  jq: { found: () => inPath('jq').length > 0, install: 'apt-get install jq' },
  python3: { found: () => inPath('python3').length > 0, install: 'apt-get install python3' },
  'python3-venv': {
    found: () => pythonCan('import ensurepip, venv'),
    install: 'apt-get install python3-venv',
  },
  moto: {
    found: () => inPath('python3').length > 0 && hasPythonClient('moto-5'),
    install: 'npm exec node scripts/python-clients.ts',
  },
  'python-mcp': {
    found: () => inPath('python3').length > 0 && hasPythonClient('mcp-2'),
    install: 'npm exec node scripts/python-clients.ts',
  },
  'openapi-servers': {
    found: () => inPath('python3').length > 0 && hasPythonClient('openapi-servers'),
    install: 'npm exec node scripts/python-clients.ts',
  },
  'python-pip': { found: () => pythonCan('import pip'), install: 'apt-get install python3-pip' },
  bubblewrap: {
    found: () => inPath('bwrap').length > 0,
    install: 'apt-get install bubblewrap',
  },
  openssl: { found: () => inPath('openssl').length > 0, install: 'apt-get install openssl' },
  'python-openai': { found: () => pythonCan('import openai'), install: 'pip install openai' },
}

const pythonCan = (statement: string): boolean =>
  spawnSync('python3', ['-c', statement]).status === 0

const path = (): string[] =>
  (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')

/** Where PATH has a program of this name, first to last. */
const inPath = (program: string): string[] =>
  path()
    .map((folder) => join(folder, program))
    .filter(executable)

const executable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const readFolder = (folder: string): string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Numeric ids of a system user; null when there is no such user. */
export const systemUser = (name: string): { uid: number; gid: number } | null => {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return null
  }
}
