import { CreateAssistantRequest } from '@melzi/contract/assistant.ts'
import type { Assistant } from '../features/assistants/service.ts'
import type { CheckedPluginFile, PluginRecord } from '../features/plugins/service.ts'
import { AppError } from '../platform/errors.ts'
import type { Principal } from '../platform/principal.ts'
import { columns, type Answer } from './answer.ts'
import { readAssistantFile, writeAssistantFile } from './assistant-file.ts'
import type { Command } from './command.ts'
import { everyItem } from './every-item.ts'
import { readNamedFile, writeNamedFile } from './files.ts'
import { actingFor, type Workbench } from './workbench.ts'

type Create = Extract<Command, { kind: 'assistant create' }>

/** @param defaultModel asked when the command names no model */
export const createAssistant = async (
  bench: Workbench,
  command: Create,
  defaultModel: () => Promise<string>,
  person: string | null,
): Promise<Answer> => {
  const { store, assistants, plugins } = bench
  const who = await actingFor(bench, person)
  const attached: PluginRecord[] = []
  for (const name of command.plugins) attached.push(await plugins.getByName(who, name))
  const request = CreateAssistantRequest.parse({
    name: command.name,
    model: command.model ?? (await defaultModel()),
    instructions: command.instructions,
  })
  const id = await store.write('cli.assistant.create', async (tx) => {
    const made = await assistants.insert(tx, who, request, command.pluginMode)
    for (const plugin of attached) await plugins.attach(tx, who, made.id, plugin.id)
    return made.id
  })
  return made(await assistants.get(who, id))
}

/** A plugin's server that does not answer now can be asked later: what it said before stays, or it has no functions yet. */
const describeIfPossible = async (
  plugins: Workbench['plugins'],
  who: Principal,
  text: string,
): Promise<CheckedPluginFile> => {
  const { pluginId } = plugins.checkFile(text)
  const known = await plugins.findByFileId(who, pluginId)
  try {
    return plugins.checkFile(text, await plugins.describe(text, known, who))
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return plugins.checkFile(text, known?.document ?? null)
  }
}

/**
 * Makes the assistant and its plugins in one unit: all of the file or nothing. Files and vector stores of another server are not in the
 * file, only their ids; those that are not here are left out, and named in the answer.
 */
export const importAssistant = async (
  bench: Workbench,
  file: string,
  person: string | null,
): Promise<Answer> => {
  const { store, assistants, plugins, toolResources } = bench
  const who = await actingFor(bench, person)
  const { settings, pluginMode, plugins: files } = readAssistantFile(await readNamedFile(file))
  const own = settings.tools.flatMap((tool) =>
    tool.type === 'function' ? [tool.function.name] : [],
  )
  const checked: CheckedPluginFile[] = []
  for (const text of files) checked.push(await describeIfPossible(plugins, who, text))
  const { kept, missing } = await toolResources.sift(store, who, settings.tool_resources)
  const request = { ...settings, tool_resources: kept }
  const id = await store.write('cli.assistant.import', async (tx) => {
    const made = await assistants.insert(tx, who, request, pluginMode)
    for (const checkedFile of checked) {
      const plugin = await plugins.importInto(tx, who, checkedFile)
      await plugins.attach(tx, who, made.id, plugin.id, own)
    }
    return made.id
  })
  const answer = made(await assistants.get(who, id))
  if (missing.length === 0) return answer
  return {
    value: { ...answer.value, left_out: missing },
    text: `${answer.text}\nLeft out, since they are not here: ${missing.join(', ')}. Give it its files and vector stores anew through 'tool_resources'.`,
  }
}

export const exportAssistant = async (
  bench: Workbench,
  id: string,
  output: string | null,
  person: string | null,
): Promise<Answer> => {
  const assistant = await bench.assistants.get(await actingFor(bench, person), id)
  const files = await bench.plugins.filesOf(bench.store, assistant.workspaceId, id)
  const text = writeAssistantFile(assistant, files)
  if (output === null) return { value: JSON.parse(text), text }
  await writeNamedFile(output, text)
  return { value: { id, output }, text: `Wrote ${output}.` }
}

export const listAssistants = async (bench: Workbench, person: string | null): Promise<Answer> => {
  const who = await actingFor(bench, person)
  const assistants = await everyItem((query) => bench.assistants.list(who, query))
  return {
    value: { data: assistants.map(present) },
    text: columns([
      ['ID', 'NAME', 'MODEL', 'PLUGINS'],
      ...assistants.map((assistant) => [
        assistant.id,
        assistant.name ?? '',
        assistant.model,
        functionsOf(assistant).join(', '),
      ]),
    ]),
  }
}

/** Changes the settings that are named. */
export const setAssistant = async (
  bench: Workbench,
  { id, pluginMode }: Extract<Command, { kind: 'assistant set' }>,
  person: string | null,
): Promise<Answer> => {
  const who = await actingFor(bench, person)
  const assistant = await bench.assistants.update(
    who,
    id,
    {},
    pluginMode === null ? {} : { pluginMode },
  )
  return {
    value: present(assistant),
    text: `${assistant.id}: its plugins are run by the ${assistant.pluginMode}.`,
  }
}

const made = (assistant: Assistant) => ({
  value: present(assistant),
  text: `Made ${assistant.id}.`,
})

const functionsOf = (assistant: Assistant) => assistant.plugins.map((plugin) => plugin.functionName)

const present = (assistant: Assistant) => ({
  id: assistant.id,
  name: assistant.name,
  model: assistant.model,
  plugin_mode: assistant.pluginMode,
  plugins: functionsOf(assistant),
  created_at: assistant.createdAt,
})
