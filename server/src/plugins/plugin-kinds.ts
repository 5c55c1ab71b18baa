import { errors } from '../platform/errors.ts'
import type { PluginKind, PluginKinds } from './plugin-kind.ts'
import { createPythonKind } from './python/python-kind.ts'
import type { SandboxDriver } from './python/sandbox-driver.ts'

/** All kinds of plugins this server knows. */
export const createPluginKinds = (deps: { driver: SandboxDriver }): PluginKinds => ({
  python: createPythonKind(deps.driver),
  openapi: createAbsentKind('openapi'),
  mcp: createAbsentKind('mcp'),
  search: createAbsentKind('AzureCognitiveSearch'),
})

/** Refuses its files at the door: a plugin that comes in must work. */
const createAbsentKind = (type: string): PluginKind => {
  const refuse = (): never => {
    throw errors.unsupported(
      `Plugins of type '${type}' cannot run on this server yet, so the file was not imported. Supported values are: 'python'.`,
      'api.type',
    )
  }
  return { functions: refuse, describe: async () => refuse(), call: async () => refuse() }
}
