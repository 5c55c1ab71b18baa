import type { OfferedFunction, PluginJob, PluginKind, PluginText } from '../plugin-kind.ts'
import { AppError } from '../../platform/errors.ts'
import type { JsonObject } from '../manifest.ts'
import { readParameters } from './python-source.ts'
import { failedResult } from './sandbox-result.ts'
import type { SandboxDriver } from './sandbox-driver.ts'

/** What a function without a known schema takes (plugins.md 1). */
const FREE_TEXT: JsonObject = {
  type: 'object',
  properties: {
    query: { type: 'string', description: 'What the plugin is asked, in plain words.' },
  },
  required: ['query'],
}

const NO_PICTURES = { count: 0, totalBytes: 0 }

const NOT_PUBLIC =
  "The plugin's file asks for the whole public network, which this server does not give to plugins; the file can name the hosts it needs instead ('melzi.network'), or the operator can set MELZI_PLUGIN_NETWORK=public."

const sourceOf = ({ manifest }: PluginText): string =>
  manifest.api.kind === 'python' ? manifest.api.source : ''

/** Reads a function's JSON Schema from Python source without running it; null when the source states none (plugins.md 1). */
export type ReadParameters = (source: string) => JsonObject | null

/** Plugins of Python source, run in a sandbox. */
export const createPythonKind = (
  driver: SandboxDriver,
  read: ReadParameters = readParameters,
): PluginKind => ({
  functions: (plugin): OfferedFunction[] => {
    const { manifest, functionName } = plugin
    return [
      {
        operation: null,
        name: functionName,
        description: manifest.descriptionForModel,
        parameters: manifest.parameters ?? parametersOf(read, sourceOf(plugin)) ?? FREE_TEXT,
      },
    ]
  },
  describe: async () => null,
  call: async (job: PluginJob, signal) => {
    const { manifest } = job
    const source = sourceOf(job)
    if (manifest.hosts === 'public' && job.defaultHosts !== 'public')
      return failedResult('egress', NOT_PUBLIC)
    // Nothing else gives pictures, and room for them is room for noise.
    const pictures = source.includes('matplotlib') ? job.limits.pictures : NO_PICTURES
    return driver.run(
      {
        scope: `${job.workspaceId}/${job.ownerId}/${job.pluginId}@${job.version}`,
        source,
        arguments: job.arguments,
        customizedParams: job.customizedParams,
        conversation: job.conversation,
        userCookie: job.userCookie,
        modelTokenLimit: job.modelTokenLimit,
        secrets: job.secrets,
        files: job.files,
        answer: job.answer,
        limits: { ...job.limits, pictures },
        egress: { hosts: manifest.hosts ?? job.defaultHosts },
      },
      signal,
    )
  },
})

/** @throws AppError 400 where the source's literal cannot be made into a schema that can be written */
const parametersOf = (read: ReadParameters, source: string): JsonObject | null => {
  try {
    const parameters = read(source)
    JSON.stringify(parameters)
    return parameters
  } catch (cause) {
    throw new AppError({
      status: 400,
      message: "The parameters of the plugin's function could not be read from its source.",
      param: 'api.python.source',
      code: 'invalid_value',
      cause,
    })
  }
}
