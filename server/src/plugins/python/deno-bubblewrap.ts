/**
 * A third wall around the sandbox's Deno where bubblewrap stands: namespaces of its own, with no network, no other process and no file
 * but what Deno boots from. It is an addition: permissions and seccomp hold without it, and it never replaces one of them.
 */
import { findBubblewrap, type BubblewrapChoice } from '../../walls/wall-set.ts'

/** Where the C library's own loader looks. */
const LIBRARIES = ['lib', 'lib32', 'lib64'].map((name) => `/usr/${name}`)

/** The command that runs `command` inside. @param readable files and folders it needs. Descriptor 3 tells the process's id. */
export const inBubblewrap = (
  program: string,
  readable: readonly string[],
  command: readonly string[],
): string[] => [
  program,
  '--unshare-user',
  '--uid',
  '1000',
  '--gid',
  '1000',
  ...['ipc', 'pid', 'uts', 'net'].map((name) => `--unshare-${name}`),
  '--unshare-cgroup-try',
  '--die-with-parent',
  '--as-pid-1',
  '--hostname',
  'sandbox',
  '--info-fd',
  '3',
  ...LIBRARIES.flatMap((folder) => ['--ro-bind-try', folder, folder]),
  ...['lib', 'lib32', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
  '--ro-bind-try',
  '/etc/ld.so.cache',
  '/etc/ld.so.cache',
  // Deno does not start without it; it shows the processes of the namespace.
  '--proc',
  '/proc',
  ...['null', 'urandom'].flatMap((name) => ['--dev-bind', `/dev/${name}`, `/dev/${name}`]),
  ...readable.flatMap((path) => ['--ro-bind', path, path]),
  '--remount-ro',
  '/',
  '--chdir',
  '/',
  '--cap-drop',
  'ALL',
  '--',
  ...command,
]

/**
 * Tries the wall out.
 * @param start starts and ends one process in it; rejects where it does not stand
 * @returns the program; or null, with the reason
 */
export const tryBubblewrap = async (
  choice: BubblewrapChoice,
  path: string,
  start: (program: string) => Promise<void>,
): Promise<{ program: string; why: null } | { program: null; why: string }> => {
  const found = await findBubblewrap(choice, path)
  if ('why' in found) return { program: null, why: found.why }
  try {
    await start(found.program)
    return { program: found.program, why: null }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    return { program: null, why: `bubblewrap does not work here (${said})` }
  }
}
