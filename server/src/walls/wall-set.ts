/**
 * The two sets of walls for a session. Both have the seccomp filter, limits, a watch and an empty environment; they differ in how files
 * are walled off: a mount namespace of bubblewrap (with Landlock inside where the kernel has it), or Landlock alone, which needs
 * no helper and no right, and so works in a plain container.
 */
import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import { SYSTEM_FOLDERS } from './find-python.ts'

/** `trusted`: the operator says that an older bubblewrap has its distribution's fixes. */
export type BubblewrapChoice = 'auto' | 'trusted' | 'off'

const run = promisify(execFile)
const SAFE_VERSION = [0, 12, 0] as const
const TMP_BYTES = 64 * 1024 * 1024
const SETUID_BIT = 0o4000

/** @returns the program, or why it is not used. @param path where to look for it, as in PATH */
export const findBubblewrap = async (
  choice: BubblewrapChoice,
  path: string,
): Promise<{ program: string } | { why: string }> => {
  if (choice === 'off') return { why: 'bubblewrap is switched off (MELZI_BWRAP=off)' }
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const program = join(folder, 'bwrap')
    const info = await stat(program).catch(() => null)
    if (info === null) continue
    if ((info.mode & SETUID_BIT) !== 0) return { why: 'bubblewrap is installed setuid' }
    const version = await versionOf(program)
    if (version === null) return { why: 'bubblewrap does not say its version' }
    if (choice !== 'trusted' && isOlder(version, SAFE_VERSION)) {
      return {
        why: `bubblewrap ${version.join('.')} is older than ${SAFE_VERSION.join('.')} (CVE-2026-87766); MELZI_BWRAP=trusted confirms that it was patched`,
      }
    }
    return { program }
  }
  return { why: 'bubblewrap is not installed' }
}

const versionOf = async (program: string): Promise<number[] | null> => {
  const answer = await run(program, ['--version'], { timeout: 10_000 }).catch(() => null)
  const match = /(\d+)\.(\d+)\.(\d+)/.exec(answer?.stdout ?? '')
  return match === null ? null : match.slice(1).map(Number)
}

const isOlder = (version: readonly number[], than: readonly number[]): boolean => {
  const at = than.findIndex((part, index) => version[index] !== part)
  return at >= 0 && (version[at] ?? 0) < (than[at] ?? 0)
}

/** The command that runs `command` behind a mount namespace; descriptor 4 tells the process's id. */
export const bubblewrapCommand = (
  program: string,
  readable: readonly string[],
  diskBytes: number,
  command: readonly string[],
): string[] => [
  program,
  '--unshare-user',
  '--uid',
  '1000',
  '--gid',
  '1000',
  '--unshare-ipc',
  '--unshare-pid',
  '--unshare-uts',
  '--unshare-net',
  '--unshare-cgroup-try',
  '--die-with-parent',
  '--as-pid-1',
  '--new-session',
  '--clearenv',
  '--hostname',
  'sandbox',
  '--info-fd',
  '4',
  ...SYSTEM_FOLDERS.flatMap((folder) => ['--ro-bind-try', folder, folder]),
  ...['bin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
  '--ro-bind-try',
  '/etc/ld.so.cache',
  '/etc/ld.so.cache',
  // A whole /dev would be a file system without a limit of size; a shared mapping of zero is memory that counts for nobody.
  ...['null', 'urandom'].flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
  '--size',
  String(TMP_BYTES),
  '--tmpfs',
  '/tmp',
  // After /tmp, below which they may be.
  ...readable.flatMap((folder) => ['--ro-bind', folder, folder]),
  '--size',
  String(diskBytes),
  '--tmpfs',
  '/mnt/data',
  '--remount-ro',
  '/',
  '--chdir',
  '/mnt/data',
  '--cap-drop',
  'ALL',
  '--',
  ...command,
]
