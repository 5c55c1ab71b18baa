/** Starts a session's process behind its walls and checks from outside that they stand. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readlinkSync } from 'node:fs'
import { chown, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { NATIVE_BOOT, nativeSources } from '@melzi/runner/native-sources.ts'
import { seccompFilter } from '@melzi/runner/seccomp-filter.ts'
import type { Identity } from '../platform/reachable-folder.ts'
import { SYSTEM_FOLDERS, type Python } from '../walls/find-python.ts'
import { bubblewrapCommand } from '../walls/wall-set.ts'

export interface SessionLimits {
  /** Of one call, from when its files are there. */
  wallMs: number
  memoryMiB: number
  diskMiB: number
  /** Files and folders, at most. */
  diskFiles: number
  /** Printed text that is kept. */
  logBytes: number
  /** Printed bytes, kept or not, before the session is ended. */
  rawBytes: number
  /** What is handed over after a call, pictures included. */
  fileCount: number
  fileBytes: number
}

export interface StartOptions {
  python: Python
  /** The program; null for Landlock alone. */
  bubblewrap: string | null
  identity: Identity | null
  /** Where folders of sessions are made when there is no mount namespace. */
  workRoot: string
  packages: { root: string; folder: string; names: readonly string[] } | null
  limits: SessionLimits
}

const OPEN_FILES = 64
const NAMESPACE_MS = 20_000
/** Of /etc: what libraries ask for, and stop at when it is there but closed. */
const PUBLIC_FILES = ['/etc/ld.so.cache', '/etc/mime.types', '/etc/localtime']

/** A process that was started and has not said that it is ready. */
export interface Starting {
  child: ChildProcess
  commands: Writable
  printed: Readable
  complaints: Readable
  results: Readable
  /** The process's id on the host: of Python itself, not of a helper. */
  pid: number
  /** Whom it runs as; null: as the server does. */
  identity: Identity | null
  /** Resolves when it is over, with how. */
  closed: Promise<string>
  /** Its folder on the host; null where its files are in memory of its own. */
  folder: string | null
}

const arch = () => {
  if (process.platform === 'linux' && process.arch === 'x64') return 'x86_64'
  if (process.platform === 'linux' && process.arch === 'arm64') return 'aarch64'
  throw new Error(
    `the code interpreter needs Linux on x64 or arm64, where its walls hold; this is ${process.platform} on ${process.arch}`,
  )
}

/** One message to the process: length and JSON. */
export const frame = (message: object): Buffer => {
  const body = Buffer.from(JSON.stringify(message))
  return Buffer.concat([Buffer.from(body.length.toString(16).padStart(8, '0')), body])
}

/** Spawns the process and sends it its program. The caller waits for `ready`, and kills. */
export const startSession = async (options: StartOptions): Promise<Starting> => {
  const { python, bubblewrap, identity, limits, packages } = options
  const filter = Buffer.from(seccompFilter(arch(), 'files')).toString('base64')
  // Before the start: what the process says must find listeners.
  const sources = await nativeSources()
  const folder = bubblewrap === null ? await makeWorkFolder(options.workRoot, identity) : null
  const readable = [...python.folders, ...(packages === null ? [] : [packages.root])]
  const program = [python.executable, '-I', '-B', '-X', 'utf8', '-c', NATIVE_BOOT]
  const [file = '', ...args] =
    bubblewrap === null
      ? program
      : bubblewrapCommand(bubblewrap, readable, limits.diskMiB * 1024 * 1024, program)
  const child = spawn(file, args, {
    ...identity,
    cwd: '/',
    env: {},
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  })
  const { promise: failed, reject: fail } = Promise.withResolvers<never>()
  child.once('error', fail)
  failed.catch(() => {})
  const closed = once(child, 'close').then(
    ([code, signal]: (number | string | null)[]) => String(signal ?? `exit ${code}`),
    () => 'it could not be started',
  )
  const streams = child.stdio as unknown as [Writable, Readable, Readable, Readable, Readable]
  const [commands, printed, complaints, results, information] = streams
  // A killed child closes its end first; that is no news.
  for (const stream of streams) stream.on('error', () => {})
  const setup = {
    sources,
    workFolder: folder ?? '/tmp',
    dataFolder: folder === null ? '/mnt/data' : join(folder, 'data'),
    mapDataFolder: folder !== null,
    needsLandlock: folder !== null,
    readable: [...SYSTEM_FOLDERS, ...PUBLIC_FILES, ...readable],
    packagesFolder: packages?.folder ?? null,
    missingNames: packages?.names ?? [],
    memoryMib: limits.memoryMiB,
    diskMib: limits.diskMiB,
    openFiles: OPEN_FILES,
    fileCount: limits.fileCount,
    fileBytes: limits.fileBytes,
    filter,
  }
  commands.write(frame(setup))
  try {
    const named = bubblewrap === null ? child.pid : childOf(information, complaints)
    const pid = await (named ?? failed)
    return { child, commands, printed, complaints, results, pid, identity, closed, folder }
  } catch (error) {
    if (child.pid !== undefined) child.kill('SIGKILL')
    throw error
  }
}

const makeWorkFolder = async (root: string, identity: Identity | null): Promise<string> => {
  const folder = await mkdtemp(join(root, 'session-'))
  if (identity !== null) await chown(folder, identity.uid, identity.gid)
  return folder
}

/** What bubblewrap says about the process it made. It says more later, and dies when nobody listens. */
const childOf = (information: Readable, complaints: Readable): Promise<number> =>
  new Promise((resolve, reject) => {
    let text = ''
    let said = ''
    complaints.on('data', (chunk: Buffer) => (said = (said + String(chunk)).slice(0, 1000)))
    information.on('data', (chunk: Buffer) => {
      text += String(chunk)
      const match = /"child-pid"\s*:\s*(\d+)/.exec(text)
      if (match !== null) resolve(Number(match[1]))
    })
    const fail = () => reject(new Error(`bubblewrap could not make a sandbox: ${said.trim()}`))
    complaints.on('close', fail)
    setTimeout(fail, NAMESPACE_MS).unref()
  })

/**
 * The kernel's own word, from outside: filtered, without privileges, and with a mount namespace a network of its own.
 * @throws Error when a wall does not stand
 */
export const assertWalled = (pid: number, hasNamespaces: boolean): void => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const holds =
    /^Seccomp:\s+2$/m.test(status) &&
    /^NoNewPrivs:\s+1$/m.test(status) &&
    /^CapEff:\s+0+$/m.test(status) &&
    !/^Uid:.*\b0\b/m.test(status)
  if (!holds) throw new Error('a session runs without its seccomp filter, or with privileges')
  if (!hasNamespaces) return
  for (const kind of ['net', 'mnt', 'pid', 'user', 'ipc'])
    if (readlinkSync(`/proc/${pid}/ns/${kind}`) === readlinkSync(`/proc/self/ns/${kind}`))
      throw new Error(`a session shares the ${kind} namespace of the server`)
}
