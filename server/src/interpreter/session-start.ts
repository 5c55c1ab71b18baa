/** What a session's process starts from. */
import { startWalled, type WalledPython, type WalledStart } from '../walls/walled-python.ts'

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

export interface StartOptions extends WalledStart {
  packages: { root: string; folder: string; names: readonly string[] } | null
  limits: SessionLimits
}

/** Spawns the process and sends it its program. The caller waits for `ready`, and kills. */
export const startSession = (options: StartOptions): Promise<WalledPython> => {
  const { limits, packages } = options
  return startWalled({
    ...options,
    program: 'session',
    readable: packages === null ? [] : [packages.root],
    packagesFolder: packages?.folder ?? null,
    memoryMiB: limits.memoryMiB,
    diskMiB: limits.diskMiB,
    setup: {
      missingNames: packages?.names ?? [],
      fileCount: limits.fileCount,
      fileBytes: limits.fileBytes,
    },
  })
}
