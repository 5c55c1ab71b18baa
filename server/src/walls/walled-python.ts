/** Starts a process of the system's CPython behind its walls, and checks from outside that they stand. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readlinkSync } from 'node:fs'
import { chown, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { NATIVE_BOOT, nativeSources, type NativeProgram } from '@melzi/runner/native-sources.ts'
import { seccompFilter } from '@melzi/runner/seccomp-filter.ts'
import type { Identity } from '../platform/reachable-folder.ts'
import { SYSTEM_FOLDERS, type Python } from './find-python.ts'
import { bubblewrapCommand } from './wall-set.ts'

/** What a process starts from, whatever it runs. */
export interface WalledStart {
  python: Python
  /** The program; null for Landlock alone. */
  bubblewrap: string | null
  identity: Identity | null
  /** Where folders of processes are made when there is no mount namespace. */
  workRoot: string
}

export interface WalledOptions extends WalledStart {
  program: NativeProgram
  /** Folders it may read besides the system's and Python's own. */
  readable: readonly string[]
  /** Of the data packages; null where the system has them all. */
  packagesFolder: string | null
  /** Address space. */
  memoryMiB: number
  /** Of its own folder, and of each file. */
  diskMiB: number
  /** What the program itself wants to know. */
  setup: object
}

const OPEN_FILES = 64
const NAMESPACE_MS = 20_000
/** Of /etc: what libraries ask for, and stop at when it is there but closed. */
const PUBLIC_FILES = ['/etc/ld.so.cache', '/etc/mime.types', '/etc/localtime']

/** A process that was started and has not said that it is ready. */
export interface WalledPython {
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
    `native Python needs Linux on x64 or arm64, where its walls hold; this is ${process.platform} on ${process.arch}`,
  )
}

/** One message to the process: length and JSON. */
export const frame = (message: object): Buffer => {
  const body = Buffer.from(JSON.stringify(message))
  return Buffer.concat([Buffer.from(body.length.toString(16).padStart(8, '0')), body])
}

/** Spawns the process and sends it its program. The caller waits for `ready`, and kills. */
export const startWalled = async (options: WalledOptions): Promise<WalledPython> => {
  const { python, bubblewrap, identity, diskMiB } = options
  const filter = Buffer.from(seccompFilter(arch(), 'files')).toString('base64')
  // Before the start: what the process says must find listeners.
  const sources = await nativeSources(options.program)
  const folder = bubblewrap === null ? await makeWorkFolder(options.workRoot, identity) : null
  const readable = [...python.folders, ...options.readable]
  const program = [python.executable, '-I', '-B', '-X', 'utf8', '-c', NATIVE_BOOT]
  const [file = '', ...args] =
    bubblewrap === null
      ? program
      : bubblewrapCommand(bubblewrap, readable, diskMiB * 1024 * 1024, program)
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
    program: options.program,
    sources,
    workFolder: folder ?? '/tmp',
    dataFolder: folder === null ? '/mnt/data' : join(folder, 'data'),
    mapDataFolder: folder !== null,
    needsLandlock: folder !== null,
    readable: [...SYSTEM_FOLDERS, ...PUBLIC_FILES, ...readable],
    packagesFolder: options.packagesFolder,
    memoryMib: options.memoryMiB,
    diskMib: diskMiB,
    openFiles: OPEN_FILES,
    filter,
    ...options.setup,
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
export const childOf = (information: Readable, complaints: Readable): Promise<number> =>
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

/** Sends a signal to Python itself; a kill goes to its helpers too. */
export const signalWalled = (
  { child, pid }: WalledPython,
  name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL',
): void => {
  if (child.pid === undefined) return
  for (const target of name === 'SIGKILL' ? [pid, -child.pid] : [pid]) {
    try {
      process.kill(target, name)
    } catch {
      // it is gone already
    }
  }
}

/** `rm` and not ours: it gets down to any depth, where a path would be too long. Its owner may have taken the rights from folders. */
export const removeWorkFolder = async (folder: string): Promise<void> => {
  const script = 'chmod -R u+rwX -- "$1" 2>/dev/null; exec rm -rf -- "$1"'
  const child = spawn('/bin/sh', ['-c', script, 'sh', folder], { cwd: '/', stdio: 'ignore' })
  await once(child, 'close')
}

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
  if (!holds) throw new Error('a process runs without its seccomp filter, or with privileges')
  if (!hasNamespaces) return
  for (const kind of ['net', 'mnt', 'pid', 'user', 'ipc'])
    if (readlinkSync(`/proc/${pid}/ns/${kind}`) === readlinkSync(`/proc/self/ns/${kind}`))
      throw new Error(`a process shares the ${kind} namespace of the server`)
}
