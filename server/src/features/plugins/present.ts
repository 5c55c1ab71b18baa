import type { PluginCallObject, PluginCallSummary } from '@melzi/contract/plugin-call.ts'
import type {
  AssistantPluginObject,
  PluginFunction,
  PluginObject,
  PluginPreview,
  PluginSecretObject,
  PluginVersionObject,
  PluginVersionSummary,
} from '@melzi/contract/plugin.ts'
import { AppError } from '../../platform/errors.ts'
import { parsePluginFile } from '../../plugins/manifest.ts'
import type { PluginAuth } from '../../plugins/plugin-auth.ts'
import type { ReadFunction, ReadPlugin } from '../../plugins/registry.ts'
import type { SandboxResult } from '../../plugins/python/sandbox-driver.ts'
import type { AttachedFunction } from './attached-functions.ts'
import type { CallDetails, CallEntry } from './call-log-store.ts'
import type { PluginView, PreviewView, SecretState } from './management.ts'
import { savedOf } from './plugin-tests.ts'
import type { PluginRecord } from './store.ts'
import { versionId, type PluginVersion } from './version-store.ts'

const presentFunction = (one: ReadFunction): PluginFunction => ({
  name: one.name,
  operation: one.operation,
  description: one.description,
  parameters: one.parameters,
  enabled: one.isOn,
  ask_before: one.asksBefore,
})

const fileFields = (
  { manifest, functions }: ReadPlugin,
  functionName: string,
  secrets: readonly SecretState[],
  missing: string[],
) => ({
  plugin_id: manifest.id,
  kind: manifest.api.kind,
  name_for_human: manifest.nameForHuman,
  name_for_model: manifest.nameForModel,
  description_for_human: manifest.descriptionForHuman,
  description_for_model: manifest.descriptionForModel,
  function_name: functionName,
  functions: functions.map(presentFunction),
  secrets: secrets.map(({ name, setAt }) => ({ name, is_set: setAt !== null })),
  missing,
  url: 'url' in manifest.api ? manifest.api.url : null,
  auth: 'auth' in manifest.api ? presentAuth(manifest.api.auth) : null,
  user_header: 'userHeader' in manifest.api ? manifest.api.userHeader : null,
  network:
    manifest.hosts === null || manifest.hosts === 'public' ? manifest.hosts : [...manifest.hosts],
  packages: [...manifest.packages],
  timeout_seconds: manifest.timeoutMs === null ? null : manifest.timeoutMs / 1000,
  usage_hint: manifest.usageHint,
  direct_response: manifest.directResponse,
})

/** As the file has it. */
const presentAuth = (auth: PluginAuth): { type: string; [key: string]: unknown } => {
  switch (auth.type) {
    case 'none':
    case 'api_key':
    case 'bearer':
      return { ...auth }
    case 'basic':
      return {
        type: auth.type,
        username_secret: auth.usernameSecret,
        password_secret: auth.passwordSecret,
      }
    case 'oauth2':
      return {
        type: auth.type,
        token_url: auth.tokenUrl,
        scopes: [...auth.scopes],
        client_id_secret: auth.clientIdSecret,
        client_secret_secret: auth.clientSecretSecret,
      }
  }
}

export const presentPlugin = ({ plugin, read, secrets, missing }: PluginView): PluginObject => ({
  id: plugin.id,
  object: 'plugin',
  created_at: plugin.createdAt,
  updated_at: plugin.updatedAt,
  version: plugin.version,
  ...fileFields(read, plugin.functionName, secrets, missing),
  vector_store_id: plugin.vectorStoreId,
  test_arguments: savedOf(plugin),
})

export const presentPreview = (view: PreviewView): PluginPreview => ({
  object: 'plugin.preview',
  id: view.known?.id ?? null,
  ...fileFields(view.read, view.functionName, view.secrets, view.missing),
})

export const presentVersionSummary = (version: PluginVersion): PluginVersionSummary => ({
  id: versionId(version),
  object: 'plugin.version',
  created_at: version.createdAt,
  version: version.version,
  restored_from: version.restoredFrom,
})

export const presentVersion = (version: PluginVersion): PluginVersionObject => ({
  ...presentVersionSummary(version),
  file: version.manifest,
  source: sourceOf(version.manifest),
})

/** An earlier text may be one that this server no longer takes. */
const sourceOf = (text: string): string | null => {
  try {
    const { api } = parsePluginFile(text)
    return api.kind === 'python' ? api.source : null
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

export const presentSecret = ({ name, setAt }: SecretState): PluginSecretObject => ({
  id: name,
  object: 'plugin.secret',
  name,
  is_set: setAt !== null,
  updated_at: setAt,
})

export const presentCallSummary = (call: CallEntry): PluginCallSummary => ({
  id: call.id,
  object: 'plugin.call',
  created_at: Math.floor(call.startedMs / 1000),
  plugin_id: call.pluginId,
  version: call.pluginVersion === 0 ? null : call.pluginVersion,
  function_name: call.functionName,
  status: call.status === 'started' ? 'in_progress' : call.status,
  origin: call.origin,
  assistant_id: call.assistantId === '' ? null : call.assistantId,
  thread_id: call.threadId,
  run_id: call.runId ?? call.forRunId,
  tool_call_id: call.toolCallId,
  duration_ms: call.endedMs === null ? null : Math.max(0, call.endedMs - call.startedMs),
})

export const presentCall = (call: CallDetails): PluginCallObject => {
  const usage = read<SandboxResult['usage']>(call.usage)
  return {
    ...presentCallSummary(call),
    arguments: call.arguments,
    customized_params: read(call.customizedParams),
    output: call.output,
    stdout: call.stdout,
    stderr: call.stderr,
    error: read(call.error),
    // records of before processor time was measured have none
    usage:
      usage === null
        ? null
        : {
            ms: usage.ms,
            cpu_ms: usage.cpuMs ?? 0,
            peak_mib: usage.peakMiB,
            http: usage.http,
          },
    model_usage: read(call.modelUsage),
    pictures: read(call.pictureIds) ?? [],
  }
}

/** JSON of the store, written by this server. */
const read = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T))

/** @param functions of the assistant, all plugins' */
export const presentAttached = (
  assistantId: string,
  plugin: PluginRecord,
  { manifest }: ReadPlugin,
  functions: readonly AttachedFunction[],
): AssistantPluginObject => ({
  id: plugin.id,
  object: 'assistant.plugin',
  assistant_id: assistantId,
  plugin_id: plugin.pluginId,
  name_for_human: manifest.nameForHuman,
  kind: manifest.api.kind,
  version: plugin.version,
  functions: functions
    .filter((one) => one.id === plugin.id)
    .map((one) => ({
      name: one.functionName,
      operation: one.operation,
      description: one.tool.function.description,
      ask_before: one.asksBefore,
    })),
})
