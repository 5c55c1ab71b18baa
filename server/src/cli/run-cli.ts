import { readFileSync } from 'node:fs'
import { readConfig, type Config } from '../config/config.ts'
import { detectOllama } from '../config/detected-models.ts'
import type { Env } from '../config/env.ts'
import { readModelsConfig } from '../config/models-config.ts'
import type { ModelsConfig } from '../config/models-settings.ts'
import { defaultModel } from './default-model.ts'
import { listModels } from '../models/list-models.ts'
import { AppError } from '../platform/errors.ts'
import type { Answer } from './answer.ts'
import {
  createAssistant,
  exportAssistant,
  importAssistant,
  listAssistants,
  setAssistant,
} from './assistant-commands.ts'
import type { Command, CommandLine } from './command.ts'
import { doctor } from './doctor.ts'
import { createKey, deleteKey, listKeys, pauseKey } from './key-commands.ts'
import { migrateStore } from './migrate-store.ts'
import { parseArguments, UsageError } from './parse-arguments.ts'
import {
  changePlugins,
  exportPlugin,
  importPlugins,
  listPlugins,
  testPlugin,
} from './plugin-commands.ts'
import { developPlugin } from './plugin-dev.ts'
import {
  deleteSecret,
  listSecrets,
  listVersions,
  restoreVersion,
  setSecret,
  showCalls,
} from './plugin-manage-commands.ts'
import { usage } from './usage.ts'
import { openWorkbench, type Workbench } from './workbench.ts'

export interface CliIo {
  env: Env
  out: (text: string) => void
  err: (text: string) => void
  /** Runs the server until it is stopped. */
  serve: () => Promise<void>
  /** All of standard input. */
  input: () => Promise<string>
  /** Aborts when whoever started the command has had enough of it. */
  interrupted: () => Promise<AbortSignal>
}

/**
 * Runs one command line.
 * @param argv without program and script
 * @returns the exit code: 0 done, 1 failed, 2 not understood
 */
export const runCli = async (argv: readonly string[], io: CliIo): Promise<number> => {
  let line: CommandLine
  try {
    line = parseArguments(argv)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    io.err(
      argv.includes('--json') ? failure(error) : `${error.message}\nSee: ${helpFor(error.topic)}\n`,
    )
    return 2
  }
  try {
    const answer = await run(line, io)
    if (answer === null) return 0
    io.out(line.json ? `${JSON.stringify(answer.value, null, 2)}\n` : ended(answer))
    return answer.ok === false ? 1 : 0
  } catch (error) {
    io.err(line.json ? failure(error) : `${describe(error).message}\n`)
    return 1
  }
}

const run = async (line: CommandLine, io: CliIo): Promise<Answer | null> => {
  const { command } = line
  if (command.kind === 'help') {
    const text = usage(command.topic)
    return { value: { usage: text }, text }
  }
  if (command.kind === 'serve') {
    await io.serve()
    return null
  }
  const config = readConfig(io.env)
  const models = () => findModels(io.env)
  if (command.kind === 'migrate') return migrateStore(config)
  if (command.kind === 'doctor') return doctor(config, models)
  if (command.kind === 'plugin test')
    return testPlugin(config, await models(), command, line.person)
  if (command.kind === 'plugin dev') {
    const say = ({ value, text }: Answer) =>
      io.out(line.json ? `${JSON.stringify(value)}\n` : `${text}\n\n`)
    const interrupted = await io.interrupted()
    await developPlugin(config, await models(), command, line.person, { say, interrupted })
    return null
  }
  const mode = command.kind === 'key create' ? 'create' : 'existing'
  return withWorkbench(config, mode, (bench) =>
    runOn(bench, command, line.person, { models, input: io.input }),
  )
}

const withWorkbench = async (
  config: Config,
  mode: 'create' | 'existing',
  work: (bench: Workbench) => Promise<Answer>,
): Promise<Answer> => {
  await using bench = await openWorkbench(config, mode)
  return await work(bench)
}

type StoreCommand = Exclude<
  Command,
  { kind: 'help' | 'serve' | 'migrate' | 'doctor' | 'plugin test' | 'plugin dev' }
>

const runOn = (
  bench: Workbench,
  command: StoreCommand,
  person: string | null,
  { models, input }: { models: () => Promise<ModelsConfig>; input: () => Promise<string> },
): Promise<Answer> => {
  switch (command.kind) {
    case 'key create':
      return createKey(bench, command, person)
    case 'key list':
      return listKeys(bench, person)
    case 'key pause':
    case 'key resume':
      return pauseKey(bench, command.id, command.kind === 'key pause', person)
    case 'key delete':
      return deleteKey(bench, command.id, person)
    case 'assistant create':
      return createAssistant(bench, command, async () => defaultModel(await models()), person)
    case 'assistant import':
      return importAssistant(bench, command.file, person)
    case 'assistant export':
      return exportAssistant(bench, command.id, command.output, person)
    case 'assistant list':
      return listAssistants(bench, person)
    case 'assistant set':
      return setAssistant(bench, command, person)
    case 'plugin import':
      return importPlugins(bench, command.files, command.vectorStore, person)
    case 'plugin export':
      return exportPlugin(bench, command.plugin, command.output, person)
    case 'plugin list':
      return listPlugins(bench, person)
    case 'plugin attach':
      return changePlugins(bench, 'attachPlugin', command.plugin, command.assistant, person)
    case 'plugin detach':
      return changePlugins(bench, 'detachPlugin', command.plugin, command.assistant, person)
    case 'plugin versions':
      return listVersions(bench, command.plugin, person)
    case 'plugin restore':
      return restoreVersion(bench, command.plugin, command.version, person)
    case 'plugin calls':
      return showCalls(bench, command.plugin, command.call, person)
    case 'plugin secret set':
      return setSecret(bench, command, input, person)
    case 'plugin secret list':
      return listSecrets(bench, command.plugin, person)
    case 'plugin secret delete':
      return deleteSecret(bench, command.plugin, command.name, person)
  }
}

const findModels = (env: Env): Promise<ModelsConfig> =>
  detectOllama(
    readModelsConfig(env, (path) => readFileSync(path, 'utf8')),
    listModels,
  )

const ended = ({ text, raw }: Answer): string => (raw || text.endsWith('\n') ? text : `${text}\n`)

const helpFor = (topic: string) => `melzi ${topic === '' ? '' : `${topic} `}--help`

/** A failure as `--json` shows it. */
const failure = (error: unknown): string => `${JSON.stringify({ error: describe(error) })}\n`

const describe = (error: unknown): { message: string; param?: string } => {
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof AppError && error.param !== null
    ? { message, param: error.param }
    : { message }
}
