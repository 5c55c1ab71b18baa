/** What every kind of plugin offers to the server: its functions, what its server says of itself, and calls. */
import type { EgressPolicy, SandboxLimits } from './python/sandbox-driver.ts'
import type { AnswerQuestion, Json, SandboxFile, SandboxResult } from './python/sandbox-driver.ts'
import type { JsonObject, PluginKindName, PluginManifest } from './manifest.ts'

/** A plugin as its kind sees it. */
export interface PluginText {
  /** The plugin's own function name, `^[a-zA-Z0-9_-]{1,64}$`. */
  functionName: string
  manifest: PluginManifest
  /** What {@link PluginKind.describe} last gave. */
  document: string | null
}

/** A function a plugin offers, ticked or not. */
export interface OfferedFunction {
  /** The operation or tool it stands for, as `melzi.functions` names it; null for a plugin that is one function. */
  operation: string | null
  /** The name it wants, `^[a-zA-Z0-9_-]{1,64}$`; another plugin of the assistant may have taken it. */
  name: string
  description: string
  /** JSON Schema of the arguments. */
  parameters: JsonObject
}

export interface PluginJob extends PluginText {
  workspaceId: string
  /** The plugin's owner. */
  ownerId: string
  /** Who calls. */
  callerId: string
  pluginId: string
  version: number
  vectorStoreId: string | null
  operation: string | null
  arguments: JsonObject
  /** CUSTOMIZED_PARAMS; null when the caller passed nothing. */
  customizedParams: Json
  conversation: { role: string; content: string }[]
  /** An opaque token of the caller for this plugin's owner, never a login. */
  userCookie: string
  modelTokenLimit: number | null
  secrets: Readonly<Record<string, string>>
  files: readonly SandboxFile[]
  answer: AnswerQuestion | null
  /** `wallMs` is what is left for this call. */
  limits: SandboxLimits
  /** Hosts the operator gives to plugins whose file names none. */
  defaultHosts: EgressPolicy['hosts']
}

export interface PluginKind {
  /**
   * The functions a plugin offers. Pure: the same text gives the same functions.
   * @throws AppError 400 naming the field
   */
  functions(plugin: PluginText): OfferedFunction[]
  /**
   * Asks the plugin's own server what it offers; gives a text for {@link PluginText.document}, or null for a kind that has none.
   * @throws AppError 400 when it cannot be reached or understood
   */
  describe(
    plugin: Omit<PluginText, 'document'> & { secrets: Readonly<Record<string, string>> },
    /** Who asks, for turns where there are few places. */
    owner: string,
    signal: AbortSignal,
  ): Promise<string | null>
  /** Makes one call. Resolves for every outcome of the plugin; rejects only when the signal aborts. */
  call(job: PluginJob, signal: AbortSignal): Promise<SandboxResult>
}

export type PluginKinds = Readonly<Record<PluginKindName, PluginKind>>
