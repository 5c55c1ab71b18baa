import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { editPluginFile } from '../plugins/edit-plugin-file.ts'
import { parseLooseJson } from '../plugins/loose-json.ts'
import { readNamedFile } from './files.ts'

/** A plugin as its author has it: a folder. */
export interface PluginFolder {
  /** The plugin file, the source in it. */
  text: string
  /** JSON texts of `arguments.json` and `params.json`; null where there is none. */
  arguments: string | null
  params: string | null
}

const MANIFEST = 'plugin.json'
const SOURCE = 'source.py'
const ARGUMENTS = 'arguments.json'
const PARAMS = 'params.json'
/** JSON files that are no plugin files. */
const OTHERS = new Set([ARGUMENTS, PARAMS, 'secrets.json', 'package.json', 'package-lock.json'])

/**
 * Reads `plugin.json` (or the one other JSON file), puts `source.py` into it where there is one, and reads what to try it with. A
 * folder with a source alone is a plugin named after the folder.
 * @throws Error with a sentence that names the file or folder
 */
export const readPluginFolder = async (folder: string): Promise<PluginFolder> => {
  const names = await readNames(folder)
  const optional = (name: string) =>
    names.includes(name) ? readNamedFile(path.join(folder, name)) : Promise.resolve(null)
  const source = await optional(SOURCE)
  const manifest = manifestAmong(names, folder)
  if (manifest === null && source === null)
    throw new Error(`${folder} holds neither ${MANIFEST} nor ${SOURCE}.`)
  const text =
    manifest === null
      ? newManifest(path.basename(path.resolve(folder)))
      : await readNamedFile(path.join(folder, manifest))
  return {
    text: source === null ? text : withSource(text, source, manifest ?? MANIFEST),
    arguments: await optional(ARGUMENTS),
    params: await optional(PARAMS),
  }
}

/** The source alone, for those that fetch it. */
export const readSource = (folder: string): Promise<string> =>
  readNamedFile(path.join(folder, SOURCE))

const readNames = async (folder: string): Promise<string[]> => {
  try {
    return await readdir(folder)
  } catch (cause) {
    throw new Error(`${folder} is no folder that can be read.`, { cause })
  }
}

const manifestAmong = (names: readonly string[], folder: string): string | null => {
  if (names.includes(MANIFEST)) return MANIFEST
  const [only, ...others] = names.filter((name) => name.endsWith('.json') && !OTHERS.has(name))
  if (only === undefined) return null
  if (others.length === 0) return only
  throw new Error(
    `${folder} holds ${[only, ...others].join(', ')}: name the plugin's file ${MANIFEST}.`,
  )
}

const newManifest = (name: string): string =>
  `${JSON.stringify({ id: name, api: { type: 'python', python: {} } }, null, 2)}\n`

const withSource = (text: string, source: string, name: string): string => {
  let file: unknown
  try {
    file = parseLooseJson(text)
  } catch (cause) {
    throw new Error(`${name} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new Error(`${name} must hold a JSON object.`)
  const { api } = file as { api?: { type?: unknown } | null }
  return editPluginFile(text, [
    ...(api?.type === undefined ? [{ path: ['api', 'type'], value: 'python' }] : []),
    { path: ['api', 'python', 'source'], value: source },
  ])
}
