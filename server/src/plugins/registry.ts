import { createHash } from 'node:crypto'
import { BoundedCache } from '../platform/store/bounded-cache.ts'
import { parsePluginFile, type JsonObject, type PluginManifest } from './manifest.ts'

/** A plugin's function in the form of the wire's function tool (behaviour.md: `strict` is echoed as false). */
export interface PluginTool {
  type: 'function'
  function: { name: string; description: string; parameters: JsonObject; strict: false }
}

/** What a function without a known schema takes (plugins.md 1). */
const FREE_TEXT: JsonObject = {
  type: 'object',
  properties: {
    query: { type: 'string', description: 'What the plugin is asked, in plain words.' },
  },
  required: ['query'],
}

/** Reads a function's JSON Schema from Python source without running it; null when the source states none (plugins.md 1). */
export type ReadParameters = (source: string) => JsonObject | null

/**
 * The function that stands for a plugin. Its parameters are those of the file, else those the source states literally, else one
 * free text `query`.
 */
export const toolOf = (
  functionName: string,
  manifest: PluginManifest,
  readParameters: ReadParameters,
): PluginTool => ({
  type: 'function',
  function: {
    name: functionName,
    description: manifest.descriptionForModel,
    parameters: manifest.parameters ?? readParameters(manifest.source) ?? FREE_TEXT,
    strict: false,
  },
})

/** Tools of this many files are kept: reading a long source takes milliseconds, and every run asks for its tools. */
const KEPT_TOOLS = 1_000

/** {@link toolOf} for stored plugin files, read once for each text; what it gives is shared and must not be changed. */
export const createToolReader = (readParameters: ReadParameters) => {
  const tools = new BoundedCache<PluginTool>(KEPT_TOOLS)
  return (plugin: { functionName: string; manifest: string }): PluginTool => {
    const digest = createHash('sha256').update(plugin.manifest).digest('base64')
    return tools.get(`${plugin.functionName}/${digest}`, () =>
      toolOf(plugin.functionName, parsePluginFile(plugin.manifest), readParameters),
    )
  }
}
