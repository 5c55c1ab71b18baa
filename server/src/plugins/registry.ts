import type { JsonObject, PluginManifest } from './manifest.ts'

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

/**
 * The function that stands for a plugin. Its parameters are those of the file, else those the source states literally, else one
 * free text `query`.
 * @param readParameters reads the schema from the Python source without running it; null when the source states none
 */
export const toolOf = (
  functionName: string,
  manifest: PluginManifest,
  readParameters: (source: string) => JsonObject | null,
): PluginTool => ({
  type: 'function',
  function: {
    name: functionName,
    description: manifest.descriptionForModel,
    parameters: manifest.parameters ?? readParameters(manifest.source) ?? FREE_TEXT,
    strict: false,
  },
})
