/** Looks after a process while a call runs, from outside: memory, threads, disk. */
import { readFileSync } from 'node:fs'
import type { DiskUse } from './disk-use.ts'

export interface WatchLimits {
  memoryMiB: number
  threads: number
  diskBytes: number
  diskFiles: number
}

export interface Breach {
  kind: 'memory' | 'output'
  message: string
}

const LOOK_MS = 50
const DISK_EVERY = 6

interface Status {
  /** Resident memory, MiB: now, and the most since the start. */
  current: number
  peak: number
  threads: number
}

/** Null when the process is gone. */
const statusOf = (pid: number): Status | null => {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8')
    const read = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
    return { current: read('VmRSS') / 1024, peak: read('VmHWM') / 1024, threads: read('Threads') }
  } catch {
    return null
  }
}

/** Resident memory of a process, MiB; 0 when it is gone. */
export const residentMiB = (pid: number): number => statusOf(pid)?.current ?? 0

export class SessionWatch implements Disposable {
  readonly #pid: number
  readonly #limits: WatchLimits
  readonly #useOfDisk: () => Promise<DiskUse>
  readonly #onBreach: (breach: Breach) => void
  readonly #timer: NodeJS.Timeout
  #looks = 0
  #isCounting = false
  peakMiB = 0

  constructor(
    pid: number,
    limits: WatchLimits,
    useOfDisk: () => Promise<DiskUse>,
    onBreach: (breach: Breach) => void,
  ) {
    this.#pid = pid
    this.#limits = limits
    this.#useOfDisk = useOfDisk
    this.#onBreach = onBreach
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  #look(): void {
    const status = statusOf(this.#pid)
    if (status === null) return
    this.peakMiB = Math.max(this.peakMiB, status.peak)
    const { memoryMiB, threads } = this.#limits
    if (status.current > memoryMiB)
      this.#onBreach({
        kind: 'memory',
        message: `The code used more than ${memoryMiB} MiB of memory.`,
      })
    if (status.threads > threads)
      this.#onBreach({ kind: 'memory', message: `The code started more than ${threads} threads.` })
    this.#looks += 1
    if (this.#looks % DISK_EVERY === 0 && !this.#isCounting) void this.countDisk()
  }

  /** Looks at the disk now; a look that finds too much is a breach. */
  async countDisk(): Promise<void> {
    this.#isCounting = true
    const { bytes, files } = await this.#useOfDisk()
    this.#isCounting = false
    const { diskBytes, diskFiles } = this.#limits
    if (bytes > diskBytes || files > diskFiles)
      this.#onBreach({
        kind: 'output',
        message: `The code wrote more than ${diskBytes / 1024 / 1024} MiB or ${diskFiles} files.`,
      })
  }

  [Symbol.dispose](): void {
    this.peakMiB = Math.max(this.peakMiB, statusOf(this.#pid)?.peak ?? 0)
    clearInterval(this.#timer)
  }
}
