import { errors } from '../platform/errors.ts'
import { createMcpKind, type McpKindOptions } from './mcp/mcp-kind.ts'
import { createOpenApiKind, type OpenApiKindOptions } from './openapi/openapi-kind.ts'
import type { PluginKind, PluginKinds } from './plugin-kind.ts'
import { createPythonKind } from './python/python-kind.ts'
import type { SandboxDriver } from './python/sandbox-driver.ts'

/**
 * All kinds of plugins this server knows; disposing them ends what they keep between calls.
 * @param deps `mcp`, `openapi`: where such servers may be besides the public network; left out, nowhere
 */
export const createPluginKinds = (deps: {
  driver: SandboxDriver
  mcp?: McpKindOptions
  openapi?: OpenApiKindOptions
  /** Searches vector stores, of which this zone knows nothing; without it such files are refused. */
  search?: PluginKind
}): PluginKinds & AsyncDisposable => {
  const mcp = createMcpKind(deps.mcp ?? {})
  return {
    python: createPythonKind(deps.driver),
    openapi: createOpenApiKind(deps.openapi),
    mcp,
    search: deps.search ?? createAbsentKind('AzureCognitiveSearch'),
    [Symbol.asyncDispose]: () => mcp[Symbol.asyncDispose](),
  }
}

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
