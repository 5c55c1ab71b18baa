import { CreateAssistantRequest } from '@melzi/contract/assistant.ts'
import { z } from 'zod'
import type { Assistant, PluginMode } from '../features/assistants/service.ts'
import { parseLooseJson } from '../plugins/loose-json.ts'

/** An assistant with its plugins as one file. */
export interface AssistantFile {
  settings: CreateAssistantRequest
  pluginMode: PluginMode
  /** Plugin files. */
  plugins: string[]
}

const FORMAT = 'melzi.assistant/1'

const Envelope = z.looseObject({
  format: z.literal(FORMAT, `must be '${FORMAT}'`),
  plugin_mode: z.enum(['client', 'server']).default('client'),
  plugins: z.array(z.union([z.string(), z.record(z.string(), z.unknown())])).default([]),
})

/** A plugin file is written as an object where that gives its very text back, else as a string. */
export const writeAssistantFile = (assistant: Assistant, plugins: readonly string[]): string =>
  indented({
    format: FORMAT,
    name: assistant.name,
    description: assistant.description,
    model: assistant.model,
    instructions: assistant.instructions,
    tools: assistant.tools,
    tool_resources: assistant.toolResources,
    metadata: assistant.metadata,
    temperature: assistant.temperature,
    top_p: assistant.topP,
    reasoning_effort: assistant.reasoningEffort,
    response_format: assistant.responseFormat,
    plugin_mode: assistant.pluginMode,
    plugins: plugins.map(readable),
  })

/** @throws Error naming what is wrong with the file */
export const readAssistantFile = (text: string): AssistantFile => {
  const { format: _, plugin_mode, plugins, ...settings } = check(Envelope, parseLooseJson(text))
  return {
    settings: check(CreateAssistantRequest, settings),
    pluginMode: plugin_mode,
    plugins: plugins.map((plugin) => (typeof plugin === 'string' ? plugin : indented(plugin))),
  }
}

const indented = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const readable = (file: string): unknown => {
  const value = parseLooseJson(file)
  return indented(value) === file ? value : file
}

const check = <T extends z.core.$ZodType>(schema: T, value: unknown): z.core.output<T> => {
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  throw new Error(`The assistant file is not valid.\n${z.prettifyError(result.error)}`)
}
