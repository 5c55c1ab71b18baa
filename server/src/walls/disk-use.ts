/** How much a session has on disk. It may be changing what is counted here while it is counted; nothing is followed or opened. */
import { execFile } from 'node:child_process'
import { lstat, opendir, readFile, readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Identity } from '../platform/reachable-folder.ts'

export interface DiskUse {
  bytes: number
  files: number
}

const run = promisify(execFile)
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

/** Prints links, blocks and inode of what a process holds open, then what it has mapped. Its own user may look. */
const LOOK = `cd /proc/$1/fd 2>/dev/null && stat -L -c '%h %b %i' -- * 2>/dev/null; echo maps; cat /proc/$1/maps 2>/dev/null; exit 0`

/** What a process holds: [links, blocks, inode] of each open file, and its mappings as the kernel lists them. */
const held = async (pid: number, identity: Identity | null) => {
  try {
    const files: [links: number, blocks: number, inode: string][] = []
    for (const number of await readdir(`/proc/${pid}/fd`)) {
      const info = await stat(`/proc/${pid}/fd/${number}`).catch(() => null)
      if (info !== null) files.push([info.nlink, info.blocks, String(info.ino)])
    }
    return { files, maps: await readFile(`/proc/${pid}/maps`, 'utf8') }
  } catch (error) {
    if (identity === null || !['EACCES', 'EPERM'].includes(codeOf(error))) throw error
  }
  // In a plain container root has not the right to look at other users' processes; they themselves have.
  const options = { ...identity, cwd: '/', maxBuffer: 16 * 1024 * 1024 }
  const { stdout } = await run('/bin/sh', ['-c', LOOK, 'sh', String(pid)], options)
  const [list = '', maps = ''] = stdout.split(/^maps$/m)
  const files = list
    .split('\n')
    .filter((line) => line !== '')
    .map((line): [number, number, string] => {
      const [links, blocks, inode = ''] = line.split(' ')
      return [Number(links), Number(blocks), inode]
    })
  return { files, maps }
}

/** Files that have no name any more but are held open, or mapped, by the process. */
const nameless = async (
  pid: number,
  folder: string,
  identity: Identity | null,
): Promise<DiskUse> => {
  const seen = new Map<string, number>()
  try {
    const { files, maps } = await held(pid, identity)
    for (const [links, blocks, inode] of files) if (links === 0) seen.set(inode, blocks * BLOCK)
    for (const line of maps.split('\n')) {
      if (!line.endsWith(DELETED) || !line.includes(folder)) continue
      const inode = line.split(/\s+/, 5)[4] ?? ''
      // The file behind a mapping cannot be asked for its size, which may be far larger than what is mapped of it.
      if (!seen.has(inode)) seen.set(inode, MAPPED_AT_LEAST)
    }
  } catch (error) {
    if (!isGone(error)) return TOO_MUCH
  }
  return { bytes: [...seen.values()].reduce((sum, bytes) => sum + bytes, 0), files: seen.size }
}

/**
 * Of a session whose files are below a folder of the host.
 * @param maxFiles where counting stops @param identity whom the process runs as; null: as the server does
 */
export const useOfFolder = async (
  pid: number,
  folder: string,
  maxFiles: number,
  identity: Identity | null,
): Promise<DiskUse> => {
  const [named, others] = await Promise.all([
    walk(folder, maxFiles),
    nameless(pid, folder, identity),
  ])
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
