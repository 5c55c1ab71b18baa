import { existsSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import type { ModelConfig, ModelServerConfig, ModelsConfig } from '../config/models-settings.ts'
import { createInterpreter, createSandbox } from '../foreign-code.ts'
import { isKnownKey } from '../features/keys/service.ts'
import { quickstartFile, readEnvFile } from '../features/quickstart/env-file.ts'
import { systemClock } from '../platform/clock.ts'
import { createLog } from '../platform/log.ts'
import { makeFolder } from '../platform/make-folder.ts'
import { migrate } from '../platform/store/migrator.ts'
import { openStore } from '../platform/store/open-store.ts'
import { postgresMigration } from '../platform/store/postgres-migration.ts'
import { sqliteMigration } from '../platform/store/sqlite-migration.ts'
import { missing, note, ok, reason, type Check } from './check.ts'

const MODEL_LIMIT_MS = 2_000

/** Looks without changing: a store that is not there yet stays so. */
export const checkStore = async ({ store }: Config): Promise<Check> => {
  const name = store.kind === 'sqlite' ? 'Store (SQLite)' : 'Store (PostgreSQL)'
  if (store.kind === 'sqlite' && !existsSync(store.file)) {
    return note(
      name,
      `${store.file} is not there yet`,
      'it is made by `npm start` or `npx melzi migrate`',
    )
  }
  const target =
    store.kind === 'sqlite' ? sqliteMigration(store.file) : postgresMigration(store.url)
  try {
    const report = await migrate(target, { apply: false, clock: systemClock })
    return ok(name, `reachable, schema version ${report.to}`)
  } catch (error) {
    const fix =
      store.kind === 'postgres'
        ? 'check DATABASE_URL and that PostgreSQL runs, then `npx melzi migrate`'
        : 'run `npx melzi migrate`, or take the program that made this store'
    return missing(name, reason(error), fix)
  }
}

/** Boots one process behind its walls, as the server does before a plugin runs. */
export const checkSandbox = async (config: Config): Promise<Check> => {
  const { sandbox } = config
  if (!sandbox.enabled) {
    return note('Sandbox', 'plugins are switched off', 'set MELZI_SANDBOX=on to run plugins')
  }
  try {
    makeFolder(sandbox.cacheDir)
  } catch (error) {
    return missing(
      'Sandbox',
      `its folder ${sandbox.cacheDir} cannot be made: ${reason(error)}`,
      'set MELZI_SANDBOX_CACHE to a folder this user may write',
    )
  }
  await using driver = createSandbox(config, 0)
  const { ok: holds, why, walls, note: without } = await driver.probe()
  return holds
    ? ok(
        'Sandbox',
        `${driver.name}: ${[...walls, ...(without ? [`(${without})`] : [])].join(', ')}`,
      )
    : missing(
        'Sandbox',
        why ?? 'does not start',
        'run `npm ci` again without --omit=optional, on Linux x64 with glibc, or install python3 (3.11 or newer); MELZI_SANDBOX=off serves without plugins',
      )
}

/** Starts one session behind its walls, as the server does before it runs code of the tool code_interpreter. */
export const checkInterpreter = async (config: Config): Promise<Check> => {
  const name = 'Code interpreter'
  if (!config.interpreter.enabled)
    return note(name, 'it is switched off', 'set MELZI_INTERPRETER=on to run code')
  await using interpreter = createInterpreter(config, systemClock)
  const { ok: holds, why, walls, packages } = await interpreter.probe()
  if (!holds) {
    return note(
      name,
      `calls of code_interpreter are refused: ${why ?? 'no session starts'}`,
      'use Linux 6.2 or newer, or bubblewrap 0.12.0 or newer, with python3 (3.11 or newer); MELZI_INTERPRETER=off switches it off',
    )
  }
  if (packages.length > 0) return ok(name, `${walls.join(', ')}; with ${packages.join(', ')}`)
  return note(
    name,
    `${walls.join(', ')}; pandas, numpy, matplotlib, openpyxl and pillow are not there yet`,
    config.sandbox.packageIndexUrl === null
      ? 'set MELZI_PYTHON_INDEX to a package index, or install them for python3'
      : 'they are fetched with pip when code is first run',
  )
}

export const checkModels = async (models: ModelsConfig): Promise<Check[]> => {
  if (models.kind === 'demo') {
    return [
      note(
        'Model',
        'the built-in demo model answers; no real model is configured',
        'set OPENAI_API_KEY, or MELZI_MODEL_BASE_URL with MELZI_MODEL, or start Ollama',
      ),
    ]
  }
  const byAddress = new Map<string, ModelConfig>(
    models.models.map((model) => [model.baseUrl ?? model.provider, model]),
  )
  return Promise.all([...byAddress.values()].map(checkModel))
}

const checkModel = async (model: ModelConfig): Promise<Check> => {
  const name = `Model (${model.name})`
  // What a vendor lists, and how, is its own affair; an answer costs money.
  if (model.provider !== 'openai-compatible')
    return ok(name, `${model.provider}: its key is set; the first run tries it`)
  return checkServer(name, model)
}

const checkServer = async (name: string, model: ModelServerConfig): Promise<Check> => {
  const url = new URL(`${model.baseUrl}/models`)
  for (const [key, value] of Object.entries(model.query)) url.searchParams.set(key, value)
  try {
    const reply = await fetch(url, {
      headers: keyHeaders(model),
      signal: AbortSignal.timeout(MODEL_LIMIT_MS),
    })
    await reply.body?.cancel()
    if (reply.status === 401 || reply.status === 403) {
      return missing(name, `${url.host} refuses the key (${reply.status})`, 'check the model key')
    }
    return reply.ok
      ? ok(name, `${url.host} answers`)
      : note(
          name,
          `${url.host} answers, but not to GET /models (${reply.status})`,
          'if runs fail, check the base URL: it usually ends in /v1',
        )
  } catch (error) {
    return missing(
      name,
      `${url.host} cannot be reached: ${reason(error)}`,
      'check the base URL (MELZI_MODEL_BASE_URL) and that the model server runs',
    )
  }
}

const keyHeaders = ({ apiKey, apiKeyHeader }: ModelServerConfig): Record<string, string> => {
  if (apiKey === null) return {}
  return apiKeyHeader === null ? { authorization: `Bearer ${apiKey}` } : { [apiKeyHeader]: apiKey }
}

/** Whether quickstart.env holds a key that lives; asked only of a store that is in order. */
export const checkQuickstart = async (config: Config): Promise<Check> => {
  const name = 'Quickstart key'
  const env = await readEnvFile(quickstartFile(config.data.dir))
  if (env === null) {
    return note(
      name,
      'there is no quickstart.env in the data folder',
      'an empty data folder gets one at the first start; any store gets a key by `npx melzi key create`',
    )
  }
  const log = createLog('silent')
  await using store = await openStore(config.store, { migrate: false, exclusive: false, log })
  return (await isKnownKey(store, env.API_KEY))
    ? ok(name, quickstartFile(config.data.dir))
    : note(name, 'the key in quickstart.env has been deleted', 'make one by `npx melzi key create`')
}
