import type { Json } from '../plugins/python/sandbox-driver.ts'
import { readNamedFile } from './files.ts'

/**
 * JSON text of an option or a file; null where there is none.
 * @param name how the error names it
 * @throws SyntaxError with a sentence
 */
export const parseJson = (text: string | null, name: string): Json => {
  if (text === null || text.trim() === '') return null
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new SyntaxError(`${name} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

/**
 * Values of secrets by name, from a JSON file.
 * @throws Error with a sentence that names the file and shows no value
 */
export const readSecretsFile = async (file: string | null): Promise<Record<string, string>> => {
  if (file === null) return {}
  const text = await readNamedFile(file)
  let values: unknown
  try {
    values = JSON.parse(text)
  } catch {
    // the reason would quote what stands there
    throw new Error(`${file} is not JSON.`)
  }
  const isRight =
    typeof values === 'object' &&
    values !== null &&
    Object.values(values).every((value) => typeof value === 'string')
  if (!isRight || Array.isArray(values))
    throw new Error(`${file} must hold a JSON object whose values are strings.`)
  return values as Record<string, string>
}
