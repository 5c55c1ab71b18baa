import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import type { ModelsConfig } from '../config/models-settings.ts'
import { AppError } from '../platform/errors.ts'
import type { Answer } from './answer.ts'
import type { Command } from './command.ts'
import { parseJson, readSecretsFile } from './json-option.ts'
import { serveFolder } from './folder-server.ts'
import { readPluginFolder, type PluginFolder } from './plugin-folder.ts'
import { openTrialBench, tryPlugin, type TrialBench } from './plugin-trial.ts'
import { trialAnswer } from './trial-answer.ts'
import { actingFor } from './workbench.ts'

type Dev = Extract<Command, { kind: 'plugin dev' }>

export interface DevIo {
  /** Says what a trial did. */
  say: (answer: Answer) => void
  /** Aborts when the author has had enough. */
  interrupted: AbortSignal
}

/** How often the folder is looked at: a plain look finds saves on every kind of disk, which the system's own notices do not. */
const LOOK_MS = 250

/**
 * Runs the plugin of a folder now and at each save, until it is interrupted. What is wrong with the files is said, and waits for the
 * next save.
 * @throws Error for a folder, port or file of secrets that cannot be used
 */
export const developPlugin = async (
  config: Config,
  models: ModelsConfig,
  command: Dev,
  person: string | null,
  io: DevIo,
): Promise<void> => {
  const { folder, push, port } = command
  await using trials = await openTrialBench(config, models)
  if (push && trials.bench === null)
    throw new Error('There is no store to import into. Make a key first: melzi key create')
  await using server = port === null ? null : await serveFolder(folder, port)
  if (server !== null)
    io.say({
      value: { serving: server.url },
      text: `Serving ${server.url}/plugin.json and /source.py`,
    })
  let last: string | null = null
  while (!io.interrupted.aborted) {
    const look = await lookAt(folder)
    const mark = JSON.stringify(look)
    if (mark !== last) {
      last = mark
      const answer =
        'problem' in look
          ? problem(look.problem)
          : await answerOf(trials, look, { ...command, person }, io.interrupted)
      if (answer !== null) io.say(answer)
    }
    await delay(LOOK_MS, undefined, { signal: io.interrupted }).catch(() => undefined)
  }
}

const lookAt = async (folder: string): Promise<PluginFolder | { problem: string }> => {
  try {
    return await readPluginFolder(folder)
  } catch (error) {
    return { problem: (error as Error).message }
  }
}

const problem = (message: string): Answer => ({ value: { error: { message } }, text: message })

/** Null when it was interrupted. */
const answerOf = async (
  trials: TrialBench,
  folder: PluginFolder,
  { push, secrets, person }: { push: boolean; secrets: string | null; person: string | null },
  signal: AbortSignal,
): Promise<Answer | null> => {
  try {
    const outcome = await tryPlugin(
      trials,
      {
        text: folder.text,
        arguments: folder.arguments,
        customizedParams: parseJson(folder.params, 'params.json'),
        functionName: null,
        secrets: await readSecretsFile(secrets),
        person,
      },
      signal,
    )
    const answer = trialAnswer(outcome)
    if (!push || !answer.ok || trials.bench === null) return answer
    const who = await actingFor(trials.bench, person)
    const { plugin } = await trials.bench.pluginManagement.import(who, folder.text, null, signal)
    return {
      value: { ...(answer.value as object), id: plugin.id, version: plugin.version },
      text: `${answer.text}\n-- stored as version ${plugin.version} of ${plugin.id}`,
    }
  } catch (error) {
    if (signal.aborted) return null
    if (error instanceof AppError || error instanceof SyntaxError) return problem(error.message)
    throw error
  }
}
