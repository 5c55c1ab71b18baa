import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeFolder } from '../make-folder.ts'

export interface FolderLock {
  release(): void
}

/**
 * Makes this process the one server of a folder. The lock is SQLite's own exclusive lock on an empty database beside the store, so
 * the kernel lets go of it however the process ends, kill -9 included. The pid stands in a file of its own, because closing any
 * other handle on the locked file would drop the lock (POSIX record locks belong to the process, not to the handle).
 * @param file the store's database file
 * @throws Error naming the process and the folder when another server has it
 */
export const ownFolder = (file: string): FolderLock => {
  makeFolder(dirname(file))
  const pidFile = `${file}.pid`
  const db = new DatabaseSync(`${file}.lock`, { timeout: 0 })
  try {
    db.exec('begin exclusive')
  } catch (cause) {
    db.close()
    const pid = readPid(pidFile)
    throw new Error(
      `Another Melzi server${pid === null ? '' : ` (process ${pid})`} is using ${dirname(file)}. Stop it first, or give this one a folder of its own with MELZI_DATA.`,
      { cause },
    )
  }
  writeFileSync(pidFile, `${process.pid}\n`)
  return {
    release() {
      rmSync(pidFile, { force: true })
      db.close()
    },
  }
}

const readPid = (pidFile: string): string | null => {
  try {
    return readFileSync(pidFile, 'utf8').trim()
  } catch (error) {
    // The owner has the lock and not yet written its pid.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
