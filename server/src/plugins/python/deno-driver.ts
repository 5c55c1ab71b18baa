/**
 * The default sandbox: Pyodide in a Deno process without permissions, under seccomp, one fresh process for each call.
 * See ARCHITECTURE.md for the walls and their order.
 */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { CallGate } from '../../platform/call-gate.ts'
import type { Identity } from '../../platform/reachable-folder.ts'
import { EgressBroker, type EgressSettings } from './egress-broker.ts'
import { QuestionDesk } from './question-desk.ts'
import { failedResult, toJobMessage, toResult } from './sandbox-result.ts'
import { importedPackages, PythonPackages } from './python-packages.ts'
import { ownerOf, sandboxGate, stepAsideWhenSlow } from './sandbox-gate.ts'
import type { SandboxDriver, SandboxJob, SandboxResult } from './sandbox-driver.ts'
import { prepareImage, type SandboxImage, type SandboxParts } from './sandbox-image.ts'
import { locateParts } from './sandbox-parts.ts'
import { SandboxProcess, type StartOptions } from './sandbox-process.ts'
import { WarmPool } from './warm-pool.ts'

export interface DenoDriverOptions {
  /** Where snapshot, code cache and packages are kept; anyone else must not be able to write there. */
  cacheDir: string
  /** Processes kept ready; the number of cores when left out. */
  poolSize?: number
  /** Calls at once; the number of cores and at least 2 when left out. */
  concurrency?: number
  /** Calls that may wait; the next gets `busy`. */
  queueLimit?: number
  /** Whom the processes run as when the server is root; user 65534 when left out. Ignored when the server is not root. */
  identity?: Identity
  egress?: EgressSettings
  /** Base URL of a Python package index; undefined asks the host's pip, null never fetches. See python-packages.ts. */
  packageIndexUrl?: string | null | undefined
  /** Where Deno and Pyodide are; the installed npm packages when left out. */
  parts?: Partial<Omit<SandboxParts, 'wheels'>>
  /** Takes the wall of Deno's permissions away, so that the tests can see the wall of seccomp stand alone. */
  dangerouslyTestWithoutDenoPermissions?: boolean
}

const NOBODY: Identity = { uid: 65534, gid: 65534 }
const DEFAULT_MEMORY_MIB = 512
const DEFAULT_CPU_SECONDS = 30
const PROBE_STANDS_MS = 60_000

type Probe = Awaited<ReturnType<SandboxDriver['probe']>>

interface Ready {
  image: SandboxImage
  start: StartOptions
  pool: WarmPool
}

export class DenoDriver implements SandboxDriver {
  readonly name = 'deno'
  readonly #options: DenoDriverOptions
  readonly #identity: Identity | null
  readonly #gate: CallGate
  readonly #packages: PythonPackages
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<unknown>>()
  #ready: Promise<Ready> | null = null
  #withPackages: Promise<Ready> | null = null
  #probing: { at: number; answer: Promise<Probe> } | null = null

  /** Starts to build and to warm in the background; nothing here waits. */
  constructor(options: DenoDriverOptions) {
    this.#options = options
    this.#identity = process.getuid?.() === 0 ? (options.identity ?? NOBODY) : null
    const concurrency = options.concurrency ?? Math.max(2, availableParallelism())
    this.#gate = sandboxGate(concurrency, options.queueLimit)
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
    const start: StartOptions = {
      image,
      identity: this.#identity,
      memoryMiB: DEFAULT_MEMORY_MIB,
      cpuSeconds: DEFAULT_CPU_SECONDS,
      allPermissions: this.#options.dangerouslyTestWithoutDenoPermissions === true,
    }
    return {
      image,
      start,
      pool: new WarmPool(start, this.#options.poolSize ?? availableParallelism()),
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
      const { start } = await this.#current()
      await using _process = await SandboxProcess.start(start, this.#stop.signal)
      return {
        ok: true,
        why: null,
        walls: ['deno-permissions', 'seccomp', 'egress-broker', 'limits'],
      }
    } catch (error) {
      return { ok: false, why: sentence(error), walls: [] }
    }
  }

  async run(job: SandboxJob, signal: AbortSignal): Promise<SandboxResult> {
    signal.throwIfAborted()
    const call = this.#run(job, signal)
    this.#running.add(call)
    try {
      return await call
    } finally {
      this.#running.delete(call)
    }
  }

  async #run(job: SandboxJob, signal: AbortSignal): Promise<SandboxResult> {
    const both = AbortSignal.any([signal, this.#stop.signal])
    using place = await this.#gate.enter(both, ownerOf(job), job.limits.waitMs)
    if (place === null)
      return failedResult('busy', 'Too many plugin calls are waiting; try again in a moment.')
    const broker = new EgressBroker(job.egress, job.limits.http, this.#options.egress ?? {})
    const desk = new QuestionDesk(job.answer, job.limits.asks)
    let process: SandboxProcess
    let missing: Record<string, string>
    const starting = this.#start(job)
    try {
      ;({ process, missing } = await unlessAborted(starting, both))
    } catch (error) {
      // A build that the caller does not wait for goes on; the process that comes of it is not needed.
      starting.then(
        (late) => this.#end(late.process),
        () => undefined,
      )
      signal.throwIfAborted()
      return failedResult(
        'unavailable',
        `The sandbox for plugins is not available: ${sentence(error)}`,
      )
    }
    using _aside = stepAsideWhenSlow(place, process.pid)
    const started = performance.now()
    const outcome = await process
      .run(toJobMessage(job, missing), job.limits, { broker, desk }, both)
      .finally(() => this.#end(process))
    signal.throwIfAborted()
    const usage = {
      ms: Math.round(performance.now() - started),
      cpuMs: outcome.cpuMs,
      peakMiB: outcome.peakMiB,
      http: broker.usage,
    }
    return 'failure' in outcome
      ? { ...failedResult(outcome.failure.kind, outcome.failure.message), usage }
      : toResult(outcome.done, broker, usage)
  }

  /** Kills at once; nobody waits for the 10-30 ms until the kernel has taken the memory back, except the end of the driver. */
  #end(process: SandboxProcess): void {
    const end = process.kill().finally(() => this.#running.delete(end))
    this.#running.add(end)
  }

  /** A ready process. When the pool was changed for another in that moment, the other's. */
  async #start(
    job: SandboxJob,
  ): Promise<{ process: SandboxProcess; missing: Record<string, string> }> {
    const { ready, missing } = await this.#provide(job)
    try {
      return { process: await this.#take(ready, job), missing }
    } catch (error) {
      const again = await this.#provide(job)
      if (again.ready === ready) throw error
      return { process: await this.#take(again.ready, job), missing: again.missing }
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

  /** Limits that are set at boot need a process of their own when a job differs from the pool's. */
  #take(ready: Ready, job: SandboxJob): Promise<SandboxProcess> {
    const { memoryMiB, cpuSeconds } = job.limits
    if (memoryMiB === DEFAULT_MEMORY_MIB && cpuSeconds === DEFAULT_CPU_SECONDS)
      return ready.pool.take()
    return SandboxProcess.start({ ...ready.start, memoryMiB, cpuSeconds }, this.#stop.signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the sandbox is closing'))
    const ready = await this.#ready?.catch(() => null)
    await ready?.pool[Symbol.asyncDispose]()
    await Promise.allSettled(this.#running)
  }
}

const unlessAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const sentence = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
