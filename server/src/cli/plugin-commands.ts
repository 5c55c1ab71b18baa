import { existsSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { ModelsConfig } from '../config/models-settings.ts'
import type { PluginRecord } from '../features/plugins/service.ts'
import { AppError } from '../platform/errors.ts'
import { columns, day, type Answer } from './answer.ts'
import type { Command } from './command.ts'
import { everyItem } from './every-item.ts'
import { readNamedFile, writeNamedFile } from './files.ts'
import { parseJson, readSecretsFile } from './json-option.ts'
import { openTrialBench, tryPlugin, type TrialBench } from './plugin-trial.ts'
import { trialAnswer, writePictures } from './trial-answer.ts'
import { actingFor, type Workbench } from './workbench.ts'

/**
 * Takes plugin files, one after the other; a file that is wrong ends it, and the error names the file.
 * @param vectorStore what they are to search; null: they search none, or what they searched before
 */
export const importPlugins = async (
  bench: Workbench,
  files: readonly string[],
  vectorStore: string | null,
  person: string | null,
): Promise<Answer> => {
  const who = await actingFor(bench, person)
  const records: PluginRecord[] = []
  for (const file of files) {
    const text = await readNamedFile(file)
    try {
      records.push((await bench.pluginManagement.import(who, text, vectorStore)).plugin)
    } catch (error) {
      if (error instanceof AppError) throw new Error(`${file}: ${error.message}`, { cause: error })
      throw error
    }
  }
  return {
    value: { data: records.map(present) },
    text: records
      .map(
        (plugin) =>
          `${plugin.id}  ${plugin.pluginId}, version ${plugin.version}, function ${plugin.functionName}`,
      )
      .join('\n'),
  }
}

export const exportPlugin = async (
  bench: Workbench,
  name: string,
  output: string | null,
  person: string | null,
): Promise<Answer> => {
  const plugin = await bench.plugins.getByName(await actingFor(bench, person), name)
  if (output === null) {
    return {
      value: { ...present(plugin), file: plugin.manifest },
      text: plugin.manifest,
      raw: true,
    }
  }
  await writeNamedFile(output, plugin.manifest)
  return { value: { ...present(plugin), output }, text: `Wrote ${output}.` }
}

export const listPlugins = async (bench: Workbench, person: string | null): Promise<Answer> => {
  const who = await actingFor(bench, person)
  const records = await everyItem((query) => bench.plugins.list(who, query))
  return {
    value: { data: records.map(present) },
    text: columns([
      ['ID', 'PLUGIN', 'FUNCTION', 'VERSION', 'CHANGED'],
      ...records.map((plugin) => [
        plugin.id,
        plugin.pluginId,
        plugin.functionName,
        String(plugin.version),
        day(plugin.updatedAt),
      ]),
    ]),
  }
}

/** @param change `attachPlugin` gives the plugin to the assistant, `detachPlugin` takes it away */
export const changePlugins = async (
  bench: Workbench,
  change: 'attachPlugin' | 'detachPlugin',
  name: string,
  assistantId: string,
  person: string | null,
): Promise<Answer> => {
  const who = await actingFor(bench, person)
  const plugin = await bench.plugins.getByName(who, name)
  const assistant = await bench.assistants[change](who, assistantId, plugin.id)
  const functions = assistant.plugins.map((attached) => attached.functionName)
  return {
    value: { id: assistant.id, plugins: functions },
    text: `${assistant.id} has ${functions.length === 0 ? 'no plugins' : functions.join(', ')}.`,
  }
}

const present = (plugin: PluginRecord) => ({
  id: plugin.id,
  plugin_id: plugin.pluginId,
  function_name: plugin.functionName,
  version: plugin.version,
  created_at: plugin.createdAt,
  updated_at: plugin.updatedAt,
})

/** Runs a plugin once: a file, or a stored one by its name. @throws Error where it is neither */
export const testPlugin = async (
  config: Config,
  models: ModelsConfig,
  command: Extract<Command, { kind: 'plugin test' }>,
  person: string | null,
): Promise<Answer> => {
  await using trials = await openTrialBench(config, models)
  const outcome = await tryPlugin(
    trials,
    {
      text: await textOf(trials, command.target, person),
      arguments: command.arguments,
      customizedParams: parseJson(command.params, '--params'),
      functionName: command.function,
      secrets: await readSecretsFile(command.secrets),
      person,
    },
    new AbortController().signal,
  )
  if (command.pictures !== null) await writePictures(command.pictures, outcome)
  return trialAnswer(outcome)
}

const textOf = async (
  { bench }: TrialBench,
  target: string,
  person: string | null,
): Promise<string> => {
  if (existsSync(target)) return readNamedFile(target)
  if (bench === null) throw new Error(`${target} is no file here, and there is no store yet.`)
  return (await bench.plugins.getByName(await actingFor(bench, person), target)).manifest
}
