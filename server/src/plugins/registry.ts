/** Reads stored plugins once for each text: manifest, functions, and which of them are on. */
import { createHash } from 'node:crypto'
import { BoundedCache } from '../platform/store/bounded-cache.ts'
import { parsePluginFile, type JsonObject, type PluginManifest } from './manifest.ts'
import type { OfferedFunction, PluginKinds } from './plugin-kind.ts'

/** A plugin's function in the form of the wire's function tool (behaviour.md: `strict` is echoed as false). */
export interface PluginTool {
  type: 'function'
  function: { name: string; description: string; parameters: JsonObject; strict: false }
}

export interface ReadFunction extends OfferedFunction {
  /** Whether it is ticked: models and clients see only these. */
  isOn: boolean
  /** Its calls always stop the run and wait for the client (plugins.md 5). */
  asksBefore: boolean
}

export interface ReadPlugin {
  manifest: PluginManifest
  functions: readonly ReadFunction[]
}

/** A plugin as it is stored. */
export interface StoredPlugin {
  functionName: string
  manifest: string
  document: string | null
}

export type PluginReader = (plugin: StoredPlugin) => ReadPlugin

/**
 * Texts of so many characters together are kept read: a long one takes milliseconds, and every run asks for its tools. What is read can
 * take twenty times as much memory as its text.
 */
const KEPT = 16_000_000
/** What an entry weighs besides its text. */
const ENTRY = 4_000

/** What the reader gives is shared and must not be changed. @throws AppError 400 (the reader) naming the field that is wrong */
export const createPluginReader = (kinds: PluginKinds): PluginReader => {
  const plugins = new BoundedCache<ReadPlugin>(KEPT)
  return (plugin) => {
    const digest = createHash('sha256')
      .update(plugin.manifest)
      .update('\0')
      .update(plugin.document ?? '')
      .digest('base64')
    const weight = ENTRY + plugin.manifest.length + (plugin.document?.length ?? 0)
    return plugins.get(`${plugin.functionName}/${digest}`, () => read(kinds, plugin), weight)
  }
}

const read = (kinds: PluginKinds, plugin: StoredPlugin): ReadPlugin => {
  const manifest = parsePluginFile(plugin.manifest)
  const text = { functionName: plugin.functionName, manifest, document: plugin.document }
  const offered = kinds[manifest.api.kind].functions(text)
  const isNamed = ({ operation }: OfferedFunction, names: readonly string[] | true | null) =>
    names === true || (names !== null && operation !== null && names.includes(operation))
  return {
    manifest,
    functions: offered.map((one) => ({
      ...one,
      isOn:
        one.operation === null || manifest.functions === null || isNamed(one, manifest.functions),
      asksBefore: isNamed(one, manifest.askBefore),
    })),
  }
}

export const toTool = (name: string, offered: OfferedFunction): PluginTool => ({
  type: 'function',
  function: {
    name,
    description: offered.description,
    parameters: offered.parameters,
    strict: false,
  },
})
