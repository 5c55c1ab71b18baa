import { errors } from '../platform/errors.ts'
import { createOpenApiKind, type OpenApiKindOptions } from './openapi/openapi-kind.ts'
import type { PluginKind, PluginKinds } from './plugin-kind.ts'
import { createPythonKind } from './python/python-kind.ts'
import type { SandboxDriver } from './python/sandbox-driver.ts'

/** All kinds of plugins this server knows. */
export const createPluginKinds = (deps: {
  driver: SandboxDriver
  /** Where servers of OpenAPI documents may be beside the public network; left out, nowhere. */
  openapi?: OpenApiKindOptions
}): PluginKinds => ({
  python: createPythonKind(deps.driver),
  openapi: createOpenApiKind(deps.openapi),
  mcp: createAbsentKind('mcp'),
  search: createAbsentKind('AzureCognitiveSearch'),
})

/** Refuses its files at the door: a plugin that comes in must work. */
const createAbsentKind = (type: string): PluginKind => {
  const refuse = (): never => {
    throw errors.unsupported(
      `Plugins of type '${type}' cannot run on this server yet, so the file was not imported. Supported values are: 'python' and 'openapi'.`,
      'api.type',
    )
  }
  return { functions: refuse, describe: async () => refuse(), call: async () => refuse() }
}
