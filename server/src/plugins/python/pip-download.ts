import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Wheels for the sandbox's Python, whatever Python the host has. */
const OPTIONS = [
  '--quiet',
  '--no-input',
  '--no-deps',
  '--only-binary=:all:',
  '--python-version',
  '3.14',
  '--implementation',
  'py',
  '--platform',
  'any',
]

/** `requests-2.32.5-py3-none-any.whl` is requests==2.32.5. */
const requirement = (file: string): string => {
  const [name, version] = file.split('-')
  return `${name}==${version}`
}

/**
 * Has the host's own pip fetch wheels, from whichever index it is set up with. Nothing is installed and nothing of them runs.
 * @param files names of wheels for any platform
 * @param folder where the temporary folder is made
 * @param keep gets each file; it decides whether the bytes are the right ones
 * @throws Error with a sentence when there is no pip, or it cannot fetch them
 */
export const pipDownload = async (
  files: readonly string[],
  folder: string,
  keep: (file: string, bytes: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  const temporary = await mkdtemp(join(folder, '.pip-'))
  try {
    const args = [...OPTIONS, '--dest', temporary, ...files.map(requirement)]
    await run('python3', ['-m', 'pip', 'download', ...args], { signal })
    for (const file of files) await keep(file, await readFile(join(temporary, file)))
  } catch (cause) {
    signal.throwIfAborted()
    const why =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no python3' : 'it failed'
    throw new Error(
      `no package index is configured, and asking the python3 and pip of this machine did not help: ${why}`,
      {
        cause,
      },
    )
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}
