import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { checkFile, fileRules } from './file-rules.ts'
import { checkImports, type Violation } from './import-zones.ts'
import { checkLockFile, type LockFile } from './lock-file.ts'

/**
 * `npm run check`: everything about the source that a machine can tell, in seconds. Each step runs even when another failed.
 * `npm run check -- lint zones` runs only the named steps.
 */

const ROOT = path.dirname(import.meta.dirname)
const WORKSPACES = ['contract', 'runner', 'server', 'panel']

/** What went wrong, or '' when nothing did. */
type Step = () => Promise<string> | string

const tool = (name: string, ...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(path.join(ROOT, 'node_modules/.bin', name), args, {
      cwd: ROOT,
      // On a CI machine the tools would colour what they write into a pipe.
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, CI: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) =>
      resolve(code === 0 ? '' : output.trim() || `${name} ended with ${code}`),
    )
  })

const inOrder = async (steps: Step[]): Promise<string> => {
  const outputs: string[] = []
  for (const step of steps) outputs.push(await step())
  return outputs.filter(Boolean).join('\n')
}

/** Tracked files and those about to be. */
const sources = (): { file: string; text: string }[] =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((file) => file !== '' && existsSync(path.join(ROOT, file)))
    .map((file) => ({ file, bytes: readFileSync(path.join(ROOT, file)) }))
    .filter(({ bytes }) => !bytes.includes(0))
    .map(({ file, bytes }) => ({ file, text: bytes.toString('utf8') }))

const report = (violations: readonly Violation[]): string =>
  violations.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n')

const readJson = (file: string): unknown => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'))

const STEPS: Record<string, Step> = {
  types: () =>
    inOrder(
      WORKSPACES.map((name) => `${name}/tsconfig.json`)
        .filter((project) => existsSync(path.join(ROOT, project)))
        .map((project) => () => tool('tsc', '-p', project)),
    ),
  lint: () => tool('oxlint', '--type-aware', '--deny-warnings'),
  format: () => tool('oxfmt', '--check'),
  zones: () =>
    report(
      sources().flatMap(({ file, text }) => (/\.tsx?$/.test(file) ? checkImports(file, text) : [])),
    ),
  files: () => {
    const rules = fileRules(ROOT)
    return report(sources().flatMap(({ file, text }) => checkFile(file, text, rules)))
  },
  unused: () => tool('knip', '--no-progress'),
  lock: () =>
    checkLockFile(
      readJson('package-lock.json') as LockFile,
      Object.fromEntries(
        ['', ...WORKSPACES].map((folder) => [
          folder,
          readJson(path.join(folder, 'package.json')) as object,
        ]),
      ),
    ).join('\n'),
}

const main = async (names: readonly string[]): Promise<number> => {
  const unknown = names.filter((name) => !(name in STEPS))
  if (unknown.length > 0)
    throw new Error(
      `no such step: ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}`,
    )
  let failed = 0
  for (const [name, step] of Object.entries(STEPS)) {
    if (names.length > 0 && !names.includes(name)) continue
    const start = performance.now()
    const problem = await step()
    const ms = Math.round(performance.now() - start)
    console.log(
      `${problem === '' ? 'pass' : 'FAIL'}  ${name.padEnd(8)} ${String(ms).padStart(6)} ms`,
    )
    if (problem === '') continue
    failed++
    console.log(problem.replaceAll(/^/gm, '      '))
  }
  console.log(failed === 0 ? 'check: all passed' : `check: ${failed} failed`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
