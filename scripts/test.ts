import { randomUUID } from 'node:crypto'
import { globSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { component } from '../server/tests/support/components.ts'
import { startPostgres } from '../server/tests/support/postgres.ts'

/**
 * `npm test [-- pattern …]`: every test of the house against one shared PostgreSQL, where a file's path contains a pattern; with
 * `--long` the ones that take minutes (*.long.ts) instead. A suite whose system component is missing is skipped and named at the end
 * with the command that installs it; with CI=true that is a failure.
 */
const ROOT = path.dirname(import.meta.dirname)
const FOLDERS = ['contract', 'runner', 'server', 'scripts', 'bench', 'conformance', 'panel']
const CONCURRENCY = 2
const FILE_TIMEOUT_MS = 300_000
const LONG_FILE_TIMEOUT_MS = 3_600_000
/** In the environment of everything a test starts, so that what outlives the run can be found. */
const MARK = 'MELZI_TEST_RUN'

const testFiles = (long: boolean, patterns: readonly string[]): string[] =>
  globSync(
    FOLDERS.map((folder) => `${folder}/**/*.${long ? 'long' : 'test'}.ts`),
    { cwd: ROOT, exclude: (name) => name.includes('node_modules') },
  )
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .toSorted()

/** Processes that carry the mark of this run, by id, with their command line. Empty where there is no /proc. */
const leftOver = (mark: string): { pid: number; command: string }[] => {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return '' // it ended while we looked, or it is another user's
    }
  }
  const ids =
    process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : []
  return ids
    .filter(
      (id) => Number(id) !== process.pid && read(`/proc/${id}/environ`).includes(`${MARK}=${mark}`),
    )
    .map((id) => ({
      pid: Number(id),
      command: read(`/proc/${id}/cmdline`).replaceAll('\0', ' ').trim(),
    }))
}

interface Seen {
  failed: boolean
  /** Number of skipped tests by their reason. */
  skipped: Map<string, number>
  /** ms by file */
  slow: { file: string; ms: number }[]
}

const runFiles = async (
  files: readonly string[],
  timeout: number,
  signal: AbortSignal,
): Promise<Seen> => {
  const seen: Seen = { failed: false, skipped: new Map(), slow: [] }
  const stream = run({
    files: files.map((file) => path.join(ROOT, file)),
    concurrency: CONCURRENCY,
    timeout,
    signal,
    execArgv: ['--import', path.join(import.meta.dirname, 'test-watchdog.ts')],
  })
  stream.on('test:fail', () => (seen.failed = true))
  stream.on('test:pass', ({ skip }) => {
    if (skip === undefined) return
    const reason = typeof skip === 'string' ? skip : 'no reason given'
    seen.skipped.set(reason, (seen.skipped.get(reason) ?? 0) + 1)
  })
  stream.on('test:summary', ({ file, duration_ms: ms }) => {
    if (file !== undefined) seen.slow.push({ file: path.relative(ROOT, file), ms })
  })
  const printed = stream.compose(new spec())
  printed.pipe(process.stdout)
  await finished(printed)
  return seen
}

const main = async (args: readonly string[]): Promise<number> => {
  const long = args.includes('--long')
  const files = testFiles(
    long,
    args.filter((arg) => arg !== '--long'),
  )
  if (files.length === 0) throw new Error('no test file matches')
  const mark = randomUUID()
  process.env[MARK] = mark
  const timeout = long ? LONG_FILE_TIMEOUT_MS : FILE_TIMEOUT_MS
  process.env['MELZI_TEST_FILE_MS'] = String(timeout)
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())

  const seen = await (async () => {
    await using postgres =
      component('postgresql').available && process.env['MELZI_TEST_POSTGRES_URL'] === undefined
        ? await startPostgres()
        : null
    if (postgres !== null) process.env['MELZI_TEST_POSTGRES_URL'] = postgres.url
    // Awaited here: the server must outlive the tests.
    return await runFiles(files, timeout, stop.signal)
  })()

  const slowest = seen.slow.toSorted((a, b) => b.ms - a.ms).slice(0, 5)
  console.log(
    `\nslowest: ${slowest.map(({ file, ms }) => `${file} ${(ms / 1000).toFixed(1)} s`).join(', ')}`,
  )
  for (const [reason, count] of seen.skipped) console.log(`skipped: ${count} (${reason})`)
  const left = leftOver(mark)
  for (const { pid, command } of left) {
    console.log(`left running, ended now: ${pid} ${command}`)
    process.kill(pid, 'SIGKILL')
  }
  const passed = !seen.failed && left.length === 0 && !stop.signal.aborted
  console.log(passed ? 'test: all passed' : 'test: FAILED')
  return passed ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
