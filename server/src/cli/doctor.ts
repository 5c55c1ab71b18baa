import path from 'node:path'
import type { Config } from '../config/config.ts'
import type { ModelsConfig } from '../config/models-settings.ts'
import type { Answer } from './answer.ts'
import { checkBlobs } from './check-blobs.ts'
import { checkDataFolder, checkNode, checkPlatform, thisMachine } from './check-machine.ts'
import { checkMcpCommands } from './check-mcp.ts'
import { checkSearch } from './check-search.ts'
import {
  checkInterpreter,
  checkModels,
  checkQuickstart,
  checkSandbox,
  checkStore,
} from './check-services.ts'
import { checkVectors } from './check-vectors.ts'
import { note, type Check } from './check.ts'

const SIGNS = { ok: 'ok      ', note: 'note    ', missing: 'MISSING ' } as const
const NOT_CHECKED = 'not checked: it needs the data folder'

/**
 * Looks at everything the server stands on; each line says what was found and, where something is missing, how to get it.
 * @throws ConfigError for a setting of the models that cannot be used
 */
export const doctor = async (
  config: Config,
  findModels: () => Promise<ModelsConfig>,
): Promise<Answer> => {
  const machine = thisMachine()
  const { data, store: where, sandbox: box } = config
  const folder = checkDataFolder(data.dir)
  // What lies in a folder that cannot be used would only repeat that.
  const lost = (file: string) => folder.state === 'missing' && isBelow(data.dir, file)
  const [store, blobs, search, sandbox, interpreter, models] = await Promise.all([
    where.kind === 'sqlite' && lost(where.file)
      ? note('Store (SQLite)', NOT_CHECKED, null)
      : checkStore(config),
    checkBlobs(config),
    checkSearch(config),
    box.enabled && lost(box.cacheDir) ? note('Sandbox', NOT_CHECKED, null) : checkSandbox(config),
    config.interpreter.enabled && lost(box.cacheDir)
      ? note('Code interpreter', NOT_CHECKED, null)
      : checkInterpreter(config),
    findModels().then(checkModels),
  ])
  const machineChecks = [checkNode(machine), checkPlatform(machine), folder]
  const checks = [...machineChecks, store, ...blobs, search, sandbox, interpreter]
  checks.push(checkMcpCommands(config), ...models)
  if (store.state === 'ok' && config.knowledge.embeddings !== null)
    checks.push(await checkVectors(config))
  if (store.state === 'ok' && folder.state === 'ok') checks.push(await checkQuickstart(config))
  return report(checks)
}

const isBelow = (dir: string, file: string): boolean => file.startsWith(path.join(dir, path.sep))

const report = (checks: readonly Check[]): Answer => {
  const healthy = checks.every((check) => check.state !== 'missing')
  const lines = checks.map(({ name, state, message, fix }) => {
    const line = `${SIGNS[state]}${name}: ${message}`
    return fix === null ? line : `${line}\n${' '.repeat(8)}-> ${fix}`
  })
  const end = healthy
    ? 'Nothing that is needed is missing.'
    : 'Something that is needed is missing.'
  return { value: { ok: healthy, checks }, text: [...lines, end].join('\n'), ok: healthy }
}
