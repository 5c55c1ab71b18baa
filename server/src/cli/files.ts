import { readFile, writeFile } from 'node:fs/promises'

/**
 * A file the command line names, as text, with its byte order mark if it has one.
 * @throws Error with a sentence that names the file
 */
export const readNamedFile = async (file: string): Promise<string> => {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (cause) {
    throw new Error(`${file} cannot be read: ${why(cause)}.`, { cause })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new Error(`${file} cannot be read: it is not UTF-8 text.`, { cause })
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
