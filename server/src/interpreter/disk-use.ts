/** How much a session has on disk. It may be changing what is counted here while it is counted; nothing is followed or opened. */
import { lstat, opendir, readFile, readdir, readlink, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'

export interface DiskUse {
  bytes: number
  files: number
}

const BLOCK = 512
const MAX_DEPTH = 64
/** What a mapped file without a name counts at least. */
const MAPPED_AT_LEAST = 64 * 1024 * 1024
const DELETED = ' (deleted)'
const TOO_MUCH: DiskUse = { bytes: Infinity, files: Infinity }

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? ''
/** It went away while we looked. */
const isGone = (error: unknown) => ['ENOENT', 'ESRCH', 'ENOTDIR'].includes(codeOf(error))

const AT_ONCE = 64

/** What lies below a folder. A folder that cannot be looked into was made so on purpose, and counts as too much. */
const walk = async (folder: string, maxFiles: number, depth = 0): Promise<DiskUse> => {
  if (depth > MAX_DEPTH) return TOO_MUCH
  const names: string[] = []
  try {
    for await (const { name } of await opendir(folder, { bufferSize: 1024 })) {
      names.push(name)
      if (names.length > maxFiles) return TOO_MUCH
    }
  } catch (error) {
    return isGone(error) ? { bytes: 0, files: 0 } : TOO_MUCH
  }
  const use = { bytes: 0, files: names.length }
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const paths = names.slice(at, at + AT_ONCE).map((name) => join(folder, name))
    const infos = await Promise.all(paths.map((path) => lstat(path).catch(() => null)))
    for (const [index, info] of infos.entries()) {
      if (info === null) continue
      const isFolder = info.isDirectory()
      // Two names of one file are one file.
      use.bytes += (info.blocks * BLOCK) / (isFolder ? 1 : Math.max(1, info.nlink))
      if (!isFolder) continue
      const inner = await walk(paths[index] ?? '', maxFiles - use.files, depth + 1)
      use.bytes += inner.bytes
      use.files += inner.files
      if (use.files > maxFiles) return TOO_MUCH
    }
  }
  return use
}

/** Files that have no name any more but are held open, or mapped, by the process. */
const nameless = async (pid: number, folder: string): Promise<DiskUse> => {
  const seen = new Map<string, number>()
  try {
    for (const number of await readdir(`/proc/${pid}/fd`)) {
      const path = `/proc/${pid}/fd/${number}`
      const name = await readlink(path).catch(() => '')
      if (!name.startsWith(folder)) continue
      const info = await stat(path).catch(() => null)
      if (info?.nlink === 0) seen.set(String(info.ino), info.blocks * BLOCK)
    }
    for (const line of (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n')) {
      if (!line.endsWith(DELETED) || !line.includes(folder)) continue
      const [range = '', , , , inode = ''] = line.split(/\s+/, 5)
      const [from = '0', to = '0'] = range.split('-')
      // The file behind a mapping cannot be asked for its size, which may be far larger than what is mapped of it.
      if (!seen.has(inode))
        seen.set(
          `mapped ${inode}`,
          Math.max(MAPPED_AT_LEAST, parseInt(to, 16) - parseInt(from, 16)),
        )
    }
  } catch (error) {
    if (!isGone(error)) return TOO_MUCH
  }
  return { bytes: [...seen.values()].reduce((sum, bytes) => sum + bytes, 0), files: seen.size }
}
/** Of a session whose files are below a folder of the host. @param maxFiles where counting stops */
export const useOfFolder = async (
  pid: number,
  folder: string,
  maxFiles: number,
): Promise<DiskUse> => {
  const [named, others] = await Promise.all([walk(folder, maxFiles), nameless(pid, folder)])
  return { bytes: named.bytes + others.bytes, files: named.files + others.files }
}

/** Of a session that has file systems of its own, in memory. */
export const useOfMounts = async (pid: number): Promise<DiskUse> => {
  const use = { bytes: 0, files: 0 }
  for (const mount of ['/mnt/data', '/tmp']) {
    try {
      const info = await statfs(`/proc/${pid}/root${mount}`)
      use.bytes += (info.blocks - info.bfree) * info.bsize
      use.files += info.files - info.ffree
    } catch (error) {
      if (!isGone(error)) return TOO_MUCH
    }
  }
  return use
}
