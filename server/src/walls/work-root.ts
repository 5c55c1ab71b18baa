/** Folders of the server and of processes behind walls, kept apart. */
import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for the folders of processes. Those that servers left which were killed are removed. @param name begins its name */
export const makeWorkRoot = async (name: string): Promise<string> => {
  for (const entry of await readdir(tmpdir())) {
    const pid = entry.startsWith(name) ? Number(entry.slice(name.length).split('-')[0]) : 0
    if (pid > 0 && !isAlive(pid))
      await rm(join(tmpdir(), entry), { recursive: true, force: true }).catch(() => {})
  }
  const root = await mkdtemp(join(tmpdir(), `${name}${process.pid}-`))
  await chmod(root, 0o711)
  return root
}

/** @throws Error where a folder of the server lies in what code behind the walls can read */
export const assertPrivate = async (
  folders: readonly string[],
  readable: readonly string[],
): Promise<void> => {
  for (const folder of folders) {
    const place = await realpath(folder).catch(() => folder)
    const around = readable.find((other) => place === other || place.startsWith(`${other}/`))
    if (around !== undefined)
      throw new Error(
        `the data folder ${folder} lies in ${around}, which code in a session could read; set MELZI_DATA to another place`,
      )
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
