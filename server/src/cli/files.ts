import { readFile, writeFile } from 'node:fs/promises'

/**
 * A file the command line names, as text.
 * @throws Error with a sentence that names the file
 */
export const readNamedFile = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${why(cause)}.`, { cause })
  }
}

/** @throws Error with a sentence that names the file */
export const writeNamedFile = async (file: string, text: string): Promise<void> => {
  try {
    await writeFile(file, text)
  } catch (cause) {
    throw new Error(`${file} cannot be written: ${why(cause, 'its folder is not there')}.`, {
      cause,
    })
  }
}

const why = (error: unknown, absent = 'there is no such file'): string => {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return absent
    case 'ENOTDIR':
      return 'a part of its path is not a folder'
    case 'EISDIR':
      return 'it is a folder'
    case 'EACCES':
    case 'EPERM':
      return 'this user has no right to it'
    default:
      return message
  }
}
