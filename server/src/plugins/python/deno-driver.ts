/**
 * The default sandbox: Pyodide in a Deno process without permissions, under seccomp, one fresh process for each call.
 * See ARCHITECTURE.md for the walls and their order.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { reachableFolder, type Identity } from '../../platform/reachable-folder.ts'
import type { BubblewrapChoice } from '../../walls/wall-set.ts'
import { tryBubblewrap } from './deno-bubblewrap.ts'
import { importedPackages, PythonPackages } from './python-packages.ts'
import { PyodideLock, statedAddress } from './pyodide-lock.ts'
import { PyodidePackages } from './pyodide-packages.ts'
import { SandboxCalls, type CallOptions, type Provided } from './sandbox-calls.ts'
import type { SandboxDriver, SandboxJob, SandboxResult } from './sandbox-driver.ts'
import { prepareImage, type SandboxImage, type SandboxParts } from './sandbox-image.ts'
import { locateParts } from './sandbox-parts.ts'
import { SandboxProcess, type StartOptions } from './sandbox-process.ts'
import { WarmPool } from './warm-pool.ts'

export interface DenoDriverOptions extends CallOptions {
  /** Where snapshot, code cache and packages are kept; anyone else must not be able to write there. */
  cacheDir: string
  /** Processes kept ready; the number of cores when left out. */
  poolSize?: number
  /** Whom the processes run as when the server is root; user 65534 when left out. Ignored when the server is not root. */
  identity?: Identity
  /** Whether bubblewrap walls Deno in besides, where it works. */
  bubblewrap?: BubblewrapChoice
  /** Where bubblewrap is looked for, as in PATH; nowhere when left out. */
  path?: string
  /** Base URL of a Python package index; undefined asks the host's pip, null never fetches. See python-packages.ts. */
  packageIndexUrl?: string | null | undefined
  /** Base address of the packages Pyodide was built with; undefined: the one Pyodide states; null never fetches. See pyodide-packages.ts. */
  pyodidePackagesUrl?: string | null | undefined
  /** Pyodide's lock file; the one in its npm package when left out. */
  pyodideLockFile?: string
  /** Where Deno and Pyodide are; the installed npm packages when left out. */
  parts?: Partial<Omit<SandboxParts, 'wheels'>>
  /** Takes the wall of Deno's permissions away, so that the tests can see the wall of seccomp stand alone. */
  dangerouslyTestWithoutDenoPermissions?: boolean
}

const NOBODY: Identity = { uid: 65534, gid: 65534 }
const DEFAULT_MEMORY_MIB = 512
const DEFAULT_CPU_SECONDS = 30
const WALLS = ['deno-permissions', 'seccomp', 'egress-broker', 'limits']
const PROBE_STANDS_MS = 60_000

type Probe = Awaited<ReturnType<SandboxDriver['probe']>>

interface Ready {
  image: SandboxImage
  start: StartOptions
  /** Why bubblewrap does not stand; null where it does. */
  note: string | null
  pool: WarmPool
}

export class DenoDriver implements SandboxDriver {
  readonly name = 'deno'
  readonly #options: DenoDriverOptions
  readonly #identity: Identity | null
  readonly #packages: PythonPackages
  readonly #stop = new AbortController()
  readonly #calls: SandboxCalls
  #ready: Promise<Ready> | null = null
  #dataPackages: Promise<PyodidePackages> | null = null
  #withPackages: Promise<Ready> | null = null
  #probing: { at: number; answer: Promise<Probe> } | null = null

  /** Starts to build and to warm in the background; nothing here waits. */
  constructor(options: DenoDriverOptions) {
    this.#options = options
    this.#identity = process.getuid?.() === 0 ? (options.identity ?? NOBODY) : null
    this.#calls = new SandboxCalls(options, this.#stop.signal)
    this.#packages = new PythonPackages(options.cacheDir, options.packageIndexUrl)
    this.#current().catch(() => {})
  }

  /** What calls start from: the image with packages once it is there, else the plain one. A failure is tried again. */
  async #current(): Promise<Ready> {
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.#ready = null
      throw error
    })
    return this.#ready
  }

  async #prepare(): Promise<Ready> {
    return this.#open(await this.#packages.cached())
  }

  async #open(wheels: readonly string[]): Promise<Ready> {
    const parts = await locateParts(this.#options.parts ?? {})
    const image = await prepareImage(
      { ...parts, wheels },
      this.#options.cacheDir,
      this.#identity,
      this.#stop.signal,
    )
    const plain: StartOptions = {
      image,
      identity: this.#identity,
      memoryMiB: DEFAULT_MEMORY_MIB,
      cpuSeconds: DEFAULT_CPU_SECONDS,
      packages: null,
      bubblewrap: null,
      allPermissions: this.#options.dangerouslyTestWithoutDenoPermissions === true,
    }
    const { bubblewrap = 'auto', path = '' } = this.#options
    const tried = await tryBubblewrap(bubblewrap, path, async (program) => {
      const trial = { ...plain, bubblewrap: program }
      await using _process = await SandboxProcess.start(trial, this.#stop.signal)
    })
    this.#stop.signal.throwIfAborted()
    const start = { ...plain, bubblewrap: tried.program }
    return {
      image,
      start,
      note: tried.why,
      pool: new WarmPool(
        (signal) => SandboxProcess.start(start, signal),
        this.#options.poolSize ?? availableParallelism(),
      ),
    }
  }

  /**
   * Boots one process behind its walls and says which hold; builds first when nothing is built yet. That costs a core 0.4 s, so
   * that a good answer stands for a minute, and who asks meanwhile waits for the same one.
   */
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
      const { start, note } = await this.#current()
      await using _process = await SandboxProcess.start(start, this.#stop.signal)
      return {
        ok: true,
        why: null,
        walls: note === null ? ['bubblewrap', ...WALLS] : WALLS,
        ...(note === null ? {} : { note }),
      }
    } catch (error) {
      return { ok: false, why: sentence(error), walls: [] }
    }
  }

  run(job: SandboxJob, signal: AbortSignal): Promise<SandboxResult> {
    return this.#calls.run(job, signal, () => this.#start(job))
  }

  /** Whether plugins here can have these of Pyodide's packages, of those that are fetched only where the operator says from where. */
  async canProvide(names: readonly string[]): Promise<boolean> {
    const packages = await this.#pyodidePackages()
    return packages.canProvide(names, this.#stop.signal)
  }

  #pyodidePackages(): Promise<PyodidePackages> {
    this.#dataPackages ??= this.#openPyodidePackages().catch((error: unknown) => {
      this.#dataPackages = null
      throw error
    })
    return this.#dataPackages
  }

  async #openPyodidePackages(): Promise<PyodidePackages> {
    const { cacheDir, parts, pyodideLockFile, pyodidePackagesUrl: address } = this.#options
    const { pyodideDir } = await locateParts(parts ?? {})
    return new PyodidePackages({
      folder: join(await reachableFolder(cacheDir, this.#identity), 'pyodide-packages'),
      lock: await PyodideLock.read(pyodideLockFile ?? join(pyodideDir, 'pyodide-lock.json')),
      address,
      stated: await statedAddress(pyodideDir),
    })
  }

  /** A ready process. When the pool was changed for another in that moment, the other's. */
  async #start(job: SandboxJob): Promise<Provided> {
    const packages = await this.#pyodidePackages()
    const given = await packages.give(job.packages, job.source, this.#stop.signal)
    const unpacked = { folder: packages.folder, wheels: given.wheels }
    const { ready, missing } = await this.#provide(job)
    const all = { ...given.missing, ...missing }
    try {
      return { process: await this.#take(ready, job, unpacked), missing: all }
    } catch (error) {
      const again = await this.#provide(job)
      if (again.ready === ready) throw error
      return { process: await this.#take(again.ready, job, unpacked), missing: all }
    }
  }

  /** The image for this job; packages it imports are fetched on first need, and why they are not there is told to it. */
  async #provide(job: SandboxJob): Promise<{ ready: Ready; missing: Record<string, string> }> {
    const ready = await this.#current()
    if (ready.image.hasPackages || importedPackages(job.source).length === 0)
      return { ready, missing: {} }
    const wheels = await this.#packages.fetch(this.#stop.signal)
    if ('missing' in wheels) return { ready, missing: wheels.missing }
    this.#withPackages ??= this.#open(wheels.paths)
      .then((opened) => this.#switchTo(opened))
      .catch((error: unknown) => {
        this.#withPackages = null
        throw error
      })
    return { ready: await this.#withPackages, missing: {} }
  }

  async #switchTo(opened: Ready): Promise<Ready> {
    const before = await this.#current()
    this.#ready = Promise.resolve(opened)
    await before.pool[Symbol.asyncDispose]()
    return opened
  }

  /** What is set at boot needs a process of their own when a job differs from the pool's. */
  #take(
    ready: Ready,
    job: SandboxJob,
    unpacked: NonNullable<StartOptions['packages']>,
  ): Promise<SandboxProcess> {
    const { memoryMiB, cpuSeconds } = job.limits
    const packages = unpacked.wheels.length === 0 ? null : unpacked
    const isUsual = memoryMiB === DEFAULT_MEMORY_MIB && cpuSeconds === DEFAULT_CPU_SECONDS
    if (packages === null && isUsual) return ready.pool.take()
    const start = { ...ready.start, packages, memoryMiB, cpuSeconds }
    return SandboxProcess.start(start, this.#stop.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the sandbox is closing'))
    const ready = await this.#ready?.catch(() => null)
    await ready?.pool[Symbol.asyncDispose]()
    await this.#calls[Symbol.asyncDispose]()
  }
}

const sentence = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
