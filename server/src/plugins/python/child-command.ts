/** How the sandbox's Deno is started: the command line, its limits and its empty environment. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { ChildOptions } from '@melzi/runner/child-options.ts'
import type { Identity } from '../../platform/reachable-folder.ts'

interface Startable {
  denoBinary: string
  runnerEntry: string
  /** Folders that the boot reads; the permission is revoked before a job is taken. */
  readable: readonly string[]
}

const HEAP_MIB = 256
const DATA_KIB = 1_500_000
const OPEN_FILES = 64
/** The server's own work goes first. The scheduler may weigh whole sessions before processes, so that the session says it too. */
const NICENESS = 10
const MAX_BUILD_OUTPUT = 512 * 1024 * 1024

/** @param allPermissions only for the tests of the second wall */
export const childArguments = (
  image: Startable,
  options: ChildOptions,
  allPermissions = false,
): string[] => {
  const readable = image.readable.map((path) => path.replaceAll(',', ',,')).join(',')
  const permissions = allPermissions ? ['--allow-all'] : [`--allow-read=${readable}`, '--allow-ffi']
  const flags = [
    '--quiet',
    '--no-prompt',
    '--no-config',
    '--no-lock',
    '--no-remote',
    '--no-npm',
    `--v8-flags=--max-old-space-size=${HEAP_MIB}`,
  ]
  return [
    image.denoBinary,
    'run',
    ...flags,
    ...permissions,
    image.runnerEntry,
    JSON.stringify(options),
  ]
}

/** A process group of its own, with pipes and none of the server's environment. @param informs adds a fourth pipe, descriptor 3 */
export const spawnChild = (
  command: readonly string[],
  identity: Identity | null,
  denoDir: string,
  cpuSeconds: number,
  informs = false,
): ChildProcess => {
  const steps = [
    `{ echo ${NICENESS} > /proc/$$/autogroup; } 2>/dev/null`,
    `command -v nice >/dev/null && set -- nice -n ${NICENESS} "$@"`,
    'ulimit -c 0',
    `ulimit -t ${Math.ceil(cpuSeconds)}`,
    `ulimit -n ${OPEN_FILES}`,
    `ulimit -d ${DATA_KIB}`,
    'exec "$@"',
  ]
  return spawn('/bin/sh', ['-c', steps.join('; '), 'sh', ...command], {
    ...identity,
    cwd: '/',
    env: { NO_COLOR: '1', DENO_DIR: denoDir, DENO_NO_UPDATE_CHECK: '1' },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', ...(informs ? (['pipe'] as const) : [])],
  })
}

/** Runs a trusted step of the build. @returns its stdout; rejects with what it said when it fails or the signal aborts. */
export const runToEnd = (
  command: readonly string[],
  identity: Identity | null,
  denoDir: string,
  signal: AbortSignal,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const child = spawnChild(command, identity, denoDir, 300)
    const output: Buffer[] = []
    const complaints: Buffer[] = []
    let size = 0
    const stop = () => child.kill('SIGKILL')
    signal.addEventListener('abort', stop, { once: true })
    child.stdin?.end()
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BUILD_OUTPUT) stop()
      else output.push(chunk)
    })
    child.stderr?.on('data', (chunk: Buffer) => complaints.push(chunk))
    child.on('error', reject)
    child.on('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop)
      const bytes = Buffer.concat(output)
      if (code === 0) return resolve(bytes)
      const said =
        `${Buffer.concat(complaints).toString('utf8')} ${bytes.length < 4096 ? bytes.toString('utf8') : ''}`.trim()
      reject(
        new Error(
          `the sandbox could not be built (${killedBy ?? `exit ${code}`}): ${said.slice(0, 1000)}`,
        ),
      )
    })
  })
