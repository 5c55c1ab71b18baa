import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { run } from 'node:test'
import { pythonClient, type PythonClient } from './python-clients.ts'

/**
 * `npm run compatibility`: runs the suites of server/tests/sdk and writes from their results which helper of which SDK works,
 * docs/compatibility.md. A helper is a test; what a suite calls itself says which version it is for.
 */
const ROOT = path.dirname(import.meta.dirname)
const PAGE = path.join(ROOT, 'docs/compatibility.md')

type Result = 'passed' | 'FAILED'

/** Helper -> version -> result. */
type Table = Map<string, Map<string, Result>>

interface Section {
  title: string
  /** Finds the version in a suite's name. */
  suite: RegExp
  table: Table
}

const PYTHON = [
  'openai-1.39',
  'openai-1',
  'openai-2',
  'openai-3',
] as const satisfies readonly PythonClient[]
const NPM: Record<string, string> = {
  '4': 'openai-v4',
  '5': 'openai-v5',
  '6': 'openai-v6',
  '7': 'openai',
}

const sections: Section[] = [
  { title: 'npm: runs, threads, messages, assistants', suite: /^openai (\d)/, table: new Map() },
  { title: 'npm: files and uploads', suite: /^files with openai (\d)/, table: new Map() },
  { title: 'npm: vector stores', suite: /^vector stores with openai (\d)/, table: new Map() },
  { title: 'npm: built-in tools', suite: /^built-in tools with openai (\d)/, table: new Map() },
  { title: 'Python', suite: /^Python package (openai-[\d.]+)/, table: new Map() },
]
/** The Azure clients' tests name their versions themselves; in Python one test holds all of this. */
const AZURE = ['assistants, threads, runs, streams', 'chat completions of a deployment']
const azure: Table = new Map()

const note = (table: Table, helper: string, version: string, result: Result): void => {
  const row = table.get(helper) ?? new Map<string, Result>()
  table.set(helper, row.set(version, result))
}

const npmVersion = (name: string): string =>
  (
    JSON.parse(readFileSync(path.join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string
    }
  ).version

const pythonVersion = (client: PythonClient): string =>
  spawnSync(pythonClient(client), ['-c', 'import openai; print(openai.__version__)'], {
    encoding: 'utf8',
  }).stdout.trim()

/** Runs the suites. @returns whether all passed */
const runSuites = async (): Promise<boolean> => {
  const files = globSync('server/tests/sdk/*.test.ts', { cwd: ROOT }).map((file) =>
    path.join(ROOT, file),
  )
  let suite = ''
  let passed = true
  const stream = run({ files, concurrency: 1, timeout: 600_000 })
  stream.on('test:start', ({ nesting, name }) => {
    if (nesting === 0) suite = name
  })
  const heard = (result: Result) => (event: { name: string; nesting: number }) => {
    if (result === 'FAILED') passed = false
    console.log(`${result}  ${suite}: ${event.name}`)
    const [, own, rest] = /^(?:openai )?(\d|openai-[\d.]+)(?::? (.*))?$/.exec(event.name) ?? []
    if (suite.startsWith('Azure') && own !== undefined) {
      for (const helper of rest === undefined ? AZURE : [rest]) note(azure, helper, own, result)
      return
    }
    if (event.nesting === 0) {
      const [, version, helper] = /^openai (\d) (.*)$/.exec(event.name) ?? []
      if (version !== undefined && sections[0] !== undefined && helper !== undefined)
        note(sections[0].table, helper, version, result)
      return
    }
    for (const section of sections) {
      const [, version] = section.suite.exec(suite) ?? []
      if (version !== undefined) note(section.table, event.name, version, result)
    }
  }
  stream.on('test:pass', heard('passed'))
  stream.on('test:fail', heard('FAILED'))
  for await (const _event of stream);
  return passed
}

const tableOf = (
  table: Table,
  versions: readonly string[],
  label: (version: string) => string,
): string => {
  const head = ['helper', ...versions.map(label)]
  const rows = [...table].map(([helper, row]) => [
    helper,
    ...versions.map((version) => row.get(version) ?? '-'),
  ])
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

const page = (date: string): string => {
  const npm = (version: string) => `openai ${npmVersion(NPM[version] ?? 'openai')}`
  const versions: Record<string, string> = Object.fromEntries(
    PYTHON.map((client) => [client, pythonVersion(client)]),
  )
  const label = (version: string) =>
    version.length > 1 ? `openai ${versions[version] ?? version} (Python)` : npm(version)
  const tables = sections.map(({ title, table }) => {
    const ours = title === 'Python' ? PYTHON : Object.keys(NPM)
    return `## ${title}\n\n${tableOf(table, ours, label)}`
  })
  const all = [...Object.keys(NPM), ...PYTHON]
  return `# Compatibility

Written by \`npm run compatibility\` on ${date} from the results of the suites in server/tests/sdk, which are a part of \`npm test\`: each line
is a test in which the SDK's own helper talks to the booted server. \`-\`: this version has no such helper, or its own code cannot do it
(openai 4 knows no \`thread.run.incomplete\`, contract/behaviour.md 11).

${tables.join('\n\n')}

## Azure clients

${tableOf(azure, all, label)}
`
}

const passed = await runSuites()
writeFileSync(PAGE, page(new Date().toISOString().slice(0, 10)))
console.log(`${passed ? 'all passed' : 'FAILED'}; written: ${path.relative(ROOT, PAGE)}`)
process.exitCode = passed ? 0 : 1
