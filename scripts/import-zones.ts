import path from 'node:path'
import { importsOf } from './source-text.ts'

/**
 * Who may import whom (ARCHITECTURE.md): platform <- walls <- models, plugins, knowledge, interpreter <- features <- app <- main. `http` sees platform only; of a
 * feature only routes.ts sees `http`; a feature sees of another only its service.ts; runner and panel see nothing of the server;
 * black-box tests see the server through its door.
 */

export interface Violation {
  file: string
  line: number
  message: string
}

type Zone =
  | 'contract'
  | 'runner'
  | 'panel'
  | 'scripts'
  | 'bench'
  | 'conformance'
  | 'config'
  | 'platform'
  | 'http'
  | 'models'
  | 'plugins'
  | 'knowledge'
  | 'walls'
  | 'interpreter'
  | 'features'
  | 'app'
  | 'cli'
  | 'main'
  | 'black-box'
  | 'test-support'

const ABOVE_APP: readonly Zone[] = [
  'contract',
  'runner',
  'config',
  'platform',
  'http',
  'models',
  'plugins',
  'knowledge',
  'walls',
  'interpreter',
  'features',
  'app',
]

/** What each zone may import beside itself. */
const MAY_IMPORT: Record<Zone, readonly Zone[]> = {
  contract: [],
  runner: [],
  panel: ['contract'],
  config: ['platform'],
  platform: [],
  http: ['platform', 'contract'],
  models: ['platform', 'contract'],
  plugins: ['platform', 'contract', 'runner', 'walls'],
  knowledge: ['platform'],
  walls: ['platform', 'runner'],
  interpreter: ['platform', 'runner', 'walls'],
  features: ['platform', 'contract', 'models', 'plugins', 'knowledge', 'interpreter'],
  app: [
    'contract',
    'runner',
    'config',
    'platform',
    'http',
    'models',
    'plugins',
    'knowledge',
    'walls',
    'interpreter',
    'features',
  ],
  cli: ABOVE_APP,
  main: [...ABOVE_APP, 'cli'],
  scripts: [...ABOVE_APP, 'main', 'test-support', 'bench'],
  bench: [...ABOVE_APP, 'main', 'test-support', 'scripts'],
  conformance: ['contract', 'test-support', 'scripts'],
  'black-box': ['contract', 'test-support', 'scripts'],
  'test-support': [...ABOVE_APP, 'cli', 'main', 'scripts'],
}

/** Packages a zone may name; a zone that is not listed may name any. */
const PACKAGES: Partial<Record<Zone, RegExp>> = { contract: /^zod(?:\/|$)/ }

const zoneOf = (file: string): Zone | null => {
  const parts = file.split('/')
  const [top, second, third] = parts
  if (
    top === 'contract' ||
    top === 'runner' ||
    top === 'panel' ||
    top === 'scripts' ||
    top === 'bench' ||
    top === 'conformance'
  )
    return top
  if (top !== 'server') return null
  if (second === 'bin') return 'main'
  if (second === 'tests') return third === 'support' ? 'test-support' : 'black-box'
  if (second !== 'src') return null
  switch (third) {
    case 'config':
    case 'platform':
    case 'http':
    case 'models':
    case 'plugins':
    case 'knowledge':
    case 'walls':
    case 'interpreter':
    case 'features':
    case 'cli':
      return third
    case 'app.ts':
    case 'context.ts':
    case 'foreign-code.ts':
    case 'community.ts':
    case 'indexing.ts':
      return 'app'
    default:
      return 'main'
  }
}

const WORKSPACES: Record<string, string> = {
  '@melzi/contract': 'contract/src',
  '@melzi/runner': 'runner/src',
}

/** The file an import means, relative to the root, or null for a package or a Node module. */
const targetOf = (file: string, specifier: string): string | null => {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(file), specifier)
  for (const [name, folder] of Object.entries(WORKSPACES))
    if (specifier === name || specifier.startsWith(`${name}/`))
      return folder + specifier.slice(name.length)
  return null
}

const isTest = (file: string) => /\.(?:test|long)\.tsx?$/.test(file)

const why = (file: string, specifier: string): string | null => {
  const from = zoneOf(file)
  if (from === null) return null
  const target = targetOf(file, specifier)
  if (target === null) {
    const packages = PACKAGES[from]
    return packages === undefined || packages.test(specifier) || isTest(file)
      ? null
      : `${from} may not import the package ${specifier}`
  }
  const to = zoneOf(target)
  if (to === null) return null
  if (isTest(target)) return `a test file is imported: ${target}`
  // A unit test beside its source reaches what it needs; the borders of runner, panel, contract and the black-box tests hold for it too.
  if (isTest(file) && file.startsWith('server/src/')) return null
  if (from !== to) {
    const routesToHttp =
      from === 'features' && to === 'http' && /(?:^|-)routes\.ts$/.test(path.posix.basename(file))
    if (from === 'features' && to === 'http' && !routesToHttp)
      return 'of a feature only its routes may import http'
    return MAY_IMPORT[from].includes(to) || routesToHttp
      ? null
      : `${from} may not import ${to} (${target})`
  }
  if (from === 'features') {
    const own = file.split('/')[3]
    const other = target.split('/')[3]
    if (own !== other && path.posix.basename(target) !== 'service.ts')
      return `a feature may import of another feature only its service.ts (${target})`
  }
  return null
}

/** What is wrong with the imports of one file. @param file relative to the root, with forward slashes */
export const checkImports = (file: string, source: string): Violation[] =>
  importsOf(source).flatMap(({ specifier, line }) => {
    const message = why(file, specifier)
    return message === null ? [] : [{ file, line, message }]
  })
