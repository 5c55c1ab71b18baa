import { toTool, type PluginReader, type PluginTool } from '../../plugins/registry.ts'
import type { PluginRecord } from './store.ts'

/** A function of a plugin, as an assistant has it. */
export interface AttachedFunction {
  /** `plug_...` of its plugin. */
  id: string
  /** `id` of the plugin file. */
  pluginId: string
  /** What models and clients call; unique in the assistant. */
  functionName: string
  /** The operation or tool it stands for; null for a plugin that is one function. */
  operation: string | null
  version: number
  /** Its calls always stop the run and wait for the client. */
  asksBefore: boolean
  tool: PluginTool
}

const LONGEST_NAME = 64

/**
 * The functions of an assistant's plugins, in the order in which the plugins were attached. A plugin that is one function has its name to
 * itself (attaching refuses a second one); an operation whose name is taken is prefixed with its plugin's, so that two servers with a
 * `search` can be in one assistant. The same plugins in the same order always give the same names.
 * @param taken names of the assistant's own functions
 */
export const attachedFunctions = (
  plugins: readonly PluginRecord[],
  read: PluginReader,
  taken: readonly string[],
): AttachedFunction[] => {
  const readPlugins = plugins.map((record) => ({ record, functions: read(record).functions }))
  const names = new Set(taken)
  for (const { functions } of readPlugins)
    for (const one of functions) if (one.operation === null) names.add(one.name)
  const given: AttachedFunction[] = []
  for (const { record, functions } of readPlugins) {
    for (const one of functions) {
      if (!one.isOn) continue
      const name = one.operation === null ? one.name : freeName(one.name, record, names)
      names.add(name)
      given.push({
        id: record.id,
        pluginId: record.pluginId,
        functionName: name,
        operation: one.operation,
        version: record.version,
        asksBefore: one.asksBefore,
        tool: toTool(name, one),
      })
    }
  }
  return given
}

const freeName = (wanted: string, record: PluginRecord, names: ReadonlySet<string>): string => {
  if (!names.has(wanted)) return wanted
  const prefixed = `${record.functionName}_${wanted}`.slice(0, LONGEST_NAME)
  for (let number = 2, name = prefixed; ; number += 1) {
    if (!names.has(name)) return name
    name = `${prefixed.slice(0, LONGEST_NAME - 4)}_${number}`
  }
}
