/**
 * The sandbox on the system's CPython: one fresh process for each call behind bubblewrap, or Landlock alone, and seccomp. Several times
 * as fast as Pyodide and with the data packages; it needs python3 on the machine. See ARCHITECTURE.md for the walls.
 */
import { mkdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { reachableFolder, type Identity } from '../../platform/reachable-folder.ts'
import { DataPackages } from '../../walls/data-packages.ts'
import { DATA_PACKAGES, findPython, SYSTEM_FOLDERS } from '../../walls/find-python.ts'
import { findStandingWalls } from '../../walls/standing-walls.ts'
import type { BubblewrapChoice } from '../../walls/wall-set.ts'
import { assertPrivate, makeWorkRoot } from '../../walls/work-root.ts'
import { NativeProcess, type NativeStart } from './native-process.ts'
import { importedPackages, PythonPackages } from './python-packages.ts'
import { SandboxCalls, type CallOptions, type Provided } from './sandbox-calls.ts'
import type { SandboxDriver, SandboxJob, SandboxResult } from './sandbox-driver.ts'
import { WarmPool } from './warm-pool.ts'

export interface NativeDriverOptions extends CallOptions {
  /** Where packages are kept; anyone else must not be able to write there. */
  cacheDir: string
  /** Folders that plugins must not be able to read; they are refused where one lies in what they can. */
  privateFolders?: readonly string[]
  /** The Python to run; null: the first python3 on `path`. */
  python?: string | null
  /** Where programs are looked for, as in PATH. */
  path: string
  bubblewrap?: BubblewrapChoice
  /** Processes kept ready; the number of cores when left out. */
  poolSize?: number
  /** Whether processes are made ready at once, and not when the first call or probe comes. */
  eager?: boolean
  /** Whom the processes run as when the server is root; user 65534 when left out. Ignored when the server is not root. */
  identity?: Identity
  /** Base URL of a Python package index; undefined asks the host's pip, null never fetches. */
  packageIndexUrl?: string | null | undefined
  /** How long a call that imports data packages waits for them to be fetched. */
  packageWaitMs?: number
}

const NOBODY: Identity = { uid: 65534, gid: 65534 }
const DEFAULT_MEMORY_MIB = 512
const DEFAULT_CPU_SECONDS = 30
const PACKAGE_WAIT_MS = 30_000
/** A failure stands for a moment, then it is tried again. */
const RETRY_MS = 10_000
/** A good answer of the probe stands for so long: it starts a process. */
const PROBE_STANDS_MS = 60_000
/** How the folder begins where folders of processes are. */
const WORK_ROOT = 'melzi-plugins-'

type Probe = Awaited<ReturnType<SandboxDriver['probe']>>

interface Ready {
  start: NativeStart
  walls: string[]
  pool: WarmPool
  dataPackages: DataPackages
  wheels: PythonPackages
  hasWheels: boolean
}

export class NativeDriver implements SandboxDriver {
  readonly name = 'native'
  readonly #options: NativeDriverOptions
  readonly #identity: Identity | null
  readonly #stop = new AbortController()
  readonly #calls: SandboxCalls
  #ready: Promise<Ready> | null = null
  #failure: { why: string; at: number } | null = null
  #workRoot: string | null = null
  #probing: { at: number; answer: Promise<Probe> } | null = null

  constructor(options: NativeDriverOptions) {
    this.#options = options
    this.#identity = process.getuid?.() === 0 ? (options.identity ?? NOBODY) : null
    this.#calls = new SandboxCalls(options, this.#stop.signal)
    if (options.eager === true) this.#prepared().catch(() => {})
  }

  #prepared(): Promise<Ready> {
    const failure = this.#failure
    if (failure !== null && Date.now() - failure.at < RETRY_MS)
      return Promise.reject(new Error(failure.why))
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.#ready = null
      this.#failure = { why: sentence(error), at: Date.now() }
      throw error
    })
    return this.#ready
  }

  async #prepare(): Promise<Ready> {
    const { python: wanted, path, bubblewrap, packageIndexUrl } = this.#options
    const identity = this.#identity
    const python = await findPython(wanted ?? null, identity, path)
    await assertPrivate(this.#options.privateFolders ?? [], [...SYSTEM_FOLDERS, ...python.folders])
    const cacheDir = await reachableFolder(this.#options.cacheDir, identity)
    const wheelsFolder = join(cacheDir, 'wheels')
    await mkdir(wheelsFolder, { recursive: true, mode: 0o755 })
    const { signal } = this.#stop
    const dataPackages = await DataPackages.open(
      cacheDir,
      python,
      identity,
      packageIndexUrl,
      signal,
    )
    this.#workRoot ??= await makeWorkRoot(WORK_ROOT)
    const common: NativeStart = {
      python,
      bubblewrap: null,
      identity,
      workRoot: this.#workRoot,
      packages: dataPackages.names.length === 0 ? null : dataPackages,
      wheelsFolder,
      memoryMiB: DEFAULT_MEMORY_MIB,
      cpuSeconds: DEFAULT_CPU_SECONDS,
    }
    const standing = await findStandingWalls(
      bubblewrap ?? 'auto',
      path,
      'native plugins',
      async (candidate) => {
        await using trial = await NativeProcess.boot({ ...common, bubblewrap: candidate }, signal)
        return trial.landlock
      },
    )
    const start = { ...common, bubblewrap: standing.bubblewrap }
    const pool = new WarmPool(
      (stopped) => NativeProcess.boot(start, stopped),
      this.#options.poolSize ?? availableParallelism(),
    )
    const wheels = new PythonPackages(cacheDir, packageIndexUrl)
    const walls = [...standing.walls, 'egress-broker']
    return { start, walls, pool, dataPackages, wheels, hasWheels: false }
  }

  /** Boots one process behind its walls and says which hold. A good answer stands for a minute. */
  probe(): Promise<Probe> {
    if (this.#probing === null || Date.now() - this.#probing.at > PROBE_STANDS_MS) {
      const probing = { at: Date.now(), answer: this.#probe() }
      this.#probing = probing
      void probing.answer.then(({ ok }) => {
        if (!ok && this.#probing === probing) this.#probing = null
      })
    }
    return this.#probing.answer
  }

  async #probe(): Promise<Probe> {
    try {
      const { start, walls } = await this.#prepared()
      await using _process = await NativeProcess.boot(start, this.#stop.signal)
      return { ok: true, why: null, walls }
    } catch (error) {
      return { ok: false, why: sentence(error), walls: [] }
    }
  }

  run(job: SandboxJob, signal: AbortSignal): Promise<SandboxResult> {
    return this.#calls.run(job, signal, () => this.#provide(job))
  }

  async #provide(job: SandboxJob): Promise<Provided> {
    const ready = await this.#prepared()
    const missing = {
      ...(await this.#fetchWheels(ready, job)),
      ...(await this.#fetchData(ready, job)),
    }
    return { process: await this.#take(ready, job), missing }
  }

  /** @returns why wheels of pure Python are not there that the source imports */
  async #fetchWheels(ready: Ready, job: SandboxJob): Promise<Record<string, string>> {
    if (ready.hasWheels || importedPackages(job.source).length === 0) return {}
    const fetched = await ready.wheels.fetch(this.#stop.signal)
    if ('missing' in fetched) return fetched.missing
    ready.hasWheels = true
    return {}
  }

  /** @returns why data packages are not there */
  async #fetchData(
    { dataPackages }: Ready,
    job: Pick<SandboxJob, 'source' | 'packages'>,
  ): Promise<Record<string, string>> {
    const known = Object.values(DATA_PACKAGES)
    const isAsked = job.packages.some(
      (name) => known.includes(name) && !dataPackages.present.includes(name),
    )
    if (isAsked || dataPackages.isNeeded(job.source)) {
      const building = dataPackages.ensure()
      const waitMs = this.#options.packageWaitMs ?? PACKAGE_WAIT_MS
      const { signal } = this.#stop
      if (building !== null)
        await Promise.race([building, sleep(waitMs, null, { signal, ref: false })])
    }
    return Object.fromEntries(
      dataPackages.names
        .filter((name) => !dataPackages.present.includes(DATA_PACKAGES[name] ?? name))
        .map((name) => [name, `The package '${name}' is not on this server: ${dataPackages.why}`]),
    )
  }

  /** Limits that are set at boot need a process of their own when a job differs from the pool's. */
  #take(ready: Ready, job: SandboxJob): Promise<Provided['process']> {
    const { memoryMiB, cpuSeconds } = job.limits
    if (memoryMiB === DEFAULT_MEMORY_MIB && cpuSeconds === DEFAULT_CPU_SECONDS)
      return ready.pool.take()
    return NativeProcess.boot({ ...ready.start, memoryMiB, cpuSeconds }, this.#stop.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the sandbox is closing'))
    const ready = await this.#ready?.catch(() => null)
    await ready?.pool[Symbol.asyncDispose]()
    await this.#calls[Symbol.asyncDispose]()
    await ready?.dataPackages[Symbol.asyncDispose]()
    if (this.#workRoot !== null) await rm(this.#workRoot, { recursive: true, force: true })
  }
}

const sentence = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
