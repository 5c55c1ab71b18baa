/** Folders that processes of an unprivileged user can reach. */
import { spawn } from 'node:child_process'
import { chmod, lstat, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeFolder } from './make-folder.ts'

/** Whom processes run as. */
export interface Identity {
  uid: number
  gid: number
}

/** Asks the system, as the processes' own user, whether a path can be read (and run). */
export const reachable = async (path: string, identity: Identity | null): Promise<boolean> => {
  if (identity === null) return true
  const child = spawn('/bin/sh', ['-c', '[ -r "$1" ] && [ -x "$1" ]', 'sh', path], {
    ...identity,
    cwd: '/',
    env: {},
    stdio: 'ignore',
  })
  return new Promise((resolve, reject) => {
    child.on('error', (cause) =>
      reject(
        new Error(`the server is root but cannot run a process as user ${identity.uid}`, { cause }),
      ),
    )
    child.on('exit', (code) => resolve(code === 0))
  })
}

/**
 * The folder the processes can reach: the given one or, where their user cannot traverse the way there, one of our own
 * in the system's folder for temporary files. A folder there that someone else made is not trusted.
 */
export const reachableFolder = async (
  wanted: string,
  identity: Identity | null,
): Promise<string> => {
  makeFolder(wanted)
  if (identity === null) return wanted
  await chmod(wanted, 0o755)
  if (await reachable(wanted, identity)) return wanted
  const shared = join(tmpdir(), `melzi-sandbox-${process.getuid?.() ?? 0}`)
  await mkdir(shared, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const info = await lstat(shared)
  const ours = info.isDirectory() && info.uid === process.getuid?.() && (info.mode & 0o022) === 0
  const chosen = ours ? shared : await mkdtemp(join(tmpdir(), 'melzi-sandbox-'))
  await chmod(chosen, 0o755)
  if (!(await reachable(chosen, identity)))
    throw new Error(`user ${identity.uid} can reach neither ${wanted} nor ${chosen}`)
  return chosen
}
