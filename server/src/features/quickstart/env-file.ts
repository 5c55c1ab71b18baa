import { randomBytes } from 'node:crypto'
import { open, readFile, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/** What a client needs, as shell variables. */
export interface QuickstartEnv {
  BASE_URL: string
  /** The same address under the name the guide's Python programs use. */
  ASSISTANT_API: string
  API_KEY: string
  ASSISTANT_ID: string
}

const FILE = 'quickstart.env'
const DRAFT = /^quickstart\.env\.[0-9a-f]{8}\.draft$/

export const quickstartFile = (dataDir: string): string => path.join(dataDir, FILE)

/** A draft is on the disk, mode 0600, before the key in it is committed; it takes the file's name afterwards. */
export const writeDraft = async (dataDir: string, env: QuickstartEnv): Promise<string> => {
  const draft = path.join(dataDir, `${FILE}.${randomBytes(4).toString('hex')}.draft`)
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(format(env))
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(dataDir)
  return draft
}

/** Gives a draft the file's name; false when the draft is gone. */
export const publishDraft = async (dataDir: string, draft: string): Promise<boolean> => {
  try {
    await rename(draft, quickstartFile(dataDir))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
  await syncFolder(dataDir)
  return true
}

export const discardDraft = (draft: string): Promise<void> => rm(draft, { force: true })

/** Drafts that a killed server left behind. */
export const listDrafts = async (dataDir: string): Promise<string[]> =>
  (await readdir(dataDir))
    .filter((name) => DRAFT.test(name))
    .map((name) => path.join(dataDir, name))

/** Null for a file that is not there or lacks a variable. */
export const readEnvFile = async (file: string): Promise<QuickstartEnv | null> => {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const values = new Map(
    text.split('\n').flatMap((line) => {
      const [, name, quoted, bare] = /^([A-Z_]+)=(?:'(.*)'|(.*))$/.exec(line) ?? []
      const value = quoted?.replaceAll(String.raw`'\''`, "'") ?? bare
      return name === undefined || value === undefined ? [] : [[name, value] as const]
    }),
  )
  const get = (name: keyof QuickstartEnv) => values.get(name) ?? ''
  const env: QuickstartEnv = {
    BASE_URL: get('BASE_URL'),
    ASSISTANT_API: get('ASSISTANT_API'),
    API_KEY: get('API_KEY'),
    ASSISTANT_ID: get('ASSISTANT_ID'),
  }
  return Object.values(env).includes('') ? null : env
}

const format = (env: QuickstartEnv): string =>
  [
    '# Written by Melzi at its first start; it holds a key, so keep it to yourself. Use it in a shell with:  . quickstart.env',
    ...Object.entries(env).map(([name, value]: [string, string]) => `${name}=${shellWord(value)}`),
    '',
  ].join('\n')

/** A text as one word of a shell command, quoted where it needs be. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

/** Makes a new name in a folder survive a power cut. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
