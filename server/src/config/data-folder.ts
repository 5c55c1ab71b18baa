import { mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../platform/make-folder.ts'
import { ConfigError } from './settings.ts'

/**
 * Makes the data folder when it is missing and tries whether it can be written.
 * @param dir an absolute path
 * @throws {ConfigError} naming MELZI_DATA, the folder and what is wrong with it
 */
export const prepareDataFolder = (dir: string): void => {
  try {
    makeFolder(dir)
    // Permissions do not tell it all: read-only mounts, /proc, a full disk.
    rmdirSync(mkdtempSync(join(dir, '.probe-')))
  } catch (cause) {
    throw new ConfigError(
      `MELZI_DATA: ${dir} cannot be used: ${why(cause)}. It is the folder in which the server keeps everything (./data when it is not set).`,
      { cause },
    )
  }
}

const why = (error: unknown): string => {
  const { code, path, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EEXIST':
      return `${path} is not a folder`
    case 'EACCES':
    case 'EPERM':
      return 'this user may not write there'
    case 'EROFS':
      return 'the file system is read-only'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full'
    case 'ENOENT':
      return 'no folder can be made there'
    default:
      return message
  }
}
