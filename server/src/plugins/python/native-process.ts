/** One process of the system's CPython behind its walls: started, checked, given one job, watched, killed. */
import { useOfFolder, useOfMounts } from '../../walls/disk-use.ts'
import { SessionWatch, type Breach } from '../../walls/session-watch.ts'
import {
  assertWalled,
  removeWorkFolder,
  signalWalled,
  startWalled,
  type WalledPython,
  type WalledStart,
} from '../../walls/walled-python.ts'
import type { SandboxErrorKind, SandboxLimits } from './sandbox-driver.ts'
import { SandboxProcess } from './sandbox-process.ts'

export interface NativeStart extends WalledStart {
  /** The data packages; null where the system has them all. */
  packages: { root: string; folder: string } | null
  /** Where the wheels of pure Python lie, which may be none yet. */
  wheelsFolder: string
  /** What the plugin may fill. */
  memoryMiB: number
  cpuSeconds: number
}

/** Of what a plugin may write to files, and of each file. */
const DISK_MIB = 64
const MAX_FILES = 25_000
const MAX_THREADS = 64
/** What a call holds besides: folders, matplotlib's list of fonts. */
const OWN_FILES_BYTES = 16 * 1024 * 1024

export class NativeProcess extends SandboxProcess {
  readonly #walled: WalledPython
  /** The version of Landlock that stands; 0 without it. */
  landlock = 0

  private constructor(walled: WalledPython) {
    super({
      pid: walled.pid,
      commands: walled.commands,
      results: walled.results,
      complaints: walled.complaints,
      closed: walled.closed,
      kill: () => signalWalled(walled, 'SIGKILL'),
    })
    this.#walled = walled
    // Nothing comes here once it is ready; what does must not stop it.
    walled.printed.resume()
  }

  /** Boots a process up to its `ready` and checks its walls. Rejects, with nothing left running, when one does not stand. */
  static async boot(options: NativeStart, signal: AbortSignal): Promise<NativeProcess> {
    signal.throwIfAborted()
    const { packages, wheelsFolder, cpuSeconds } = options
    const walled = await startWalled({
      ...options,
      program: 'plugin',
      readable: [...(packages === null ? [] : [packages.root]), wheelsFolder],
      packagesFolder: packages?.folder ?? null,
      diskMiB: DISK_MIB,
      setup: { wheelsFolder, cpuSeconds: Math.ceil(cpuSeconds), threads: MAX_THREADS },
    })
    const process = new NativeProcess(walled)
    try {
      const walls = await process.ready(signal)
      process.landlock = Number(
        walls.find((wall) => wall.startsWith('landlock '))?.slice('landlock '.length) ?? 0,
      )
      if (options.bubblewrap === null && !(process.landlock > 0))
        throw new Error('the sandbox came up without Landlock')
      assertWalled(process.pid, options.bubblewrap !== null)
      return process
    } catch (error) {
      await process.kill()
      throw error
    }
  }

  protected override watch(
    limits: SandboxLimits,
    fail: (kind: SandboxErrorKind, message: string) => void,
  ): Disposable {
    const { folder, pid, identity } = this.#walled
    const useOfDisk = () =>
      folder === null ? useOfMounts(pid) : useOfFolder(pid, folder, MAX_FILES, identity)
    return new SessionWatch(
      pid,
      {
        memoryMiB: limits.rssMiB,
        threads: MAX_THREADS,
        diskBytes: DISK_MIB * 1024 * 1024 + OWN_FILES_BYTES,
        diskFiles: MAX_FILES,
      },
      useOfDisk,
      (breach) => fail(breach.kind, sentenceOf(breach)),
    )
  }

  /** Kills, waits until it is gone, and removes what it had on disk. */
  override async kill(): Promise<void> {
    await super.kill()
    if (this.#walled.folder !== null) await removeWorkFolder(this.#walled.folder)
  }
}

const sentenceOf = ({ of }: Breach): string => {
  if (of === 'memory') return 'The plugin used more memory than it may and was stopped.'
  if (of === 'threads')
    return `The plugin started more than ${MAX_THREADS} threads and was stopped.`
  return `The plugin wrote more than ${DISK_MIB} MiB or ${MAX_FILES} files and was stopped.`
}
