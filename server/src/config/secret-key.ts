import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type Config } from './config.ts'

const FILE = 'secret.key'
const LEAST = 32

/**
 * The key from which all others are derived: MELZI_SECRET_KEY or, where that is not set, the file `secret.key` of the data folder
 * (mode 0600), made when it is first asked for. Servers that share a store need the same one.
 * @throws {ConfigError} for a file that cannot be used
 */
export const secretKeyOf = (config: Config): string => {
  if (config.secretKey !== null) return config.secretKey
  const file = join(config.data.dir, FILE)
  const known = read(file)
  if (known !== null) return known
  // Written whole under another name first: a server that starts at the same time must not read half of it.
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  const made = read(file)
  if (made === null) throw new ConfigError(`${file} was made and is gone again.`)
  return made
}

const read = (file: string): string | null => {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new ConfigError(`${file} cannot be read: ${(error as Error).message}`)
  }
  if (text.length >= LEAST) return text
  throw new ConfigError(
    `${file} holds fewer than ${LEAST} characters. It is the key that secrets in the store are sealed with.`,
  )
}
