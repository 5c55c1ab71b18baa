/** Plugins as their owner manages them: this server's own paths (README). The text of a plugin's file is what is kept. */
import * as z from 'zod/mini'
import { unixSeconds } from './field.ts'
import { ListQuery, listOf } from './list.ts'

const JsonObject = z.record(z.string(), z.unknown())

/** A function a plugin offers, switched on or not. */
export const PluginFunction = z.object({
  /** What models and clients call it, unless another function of the assistant has the name. */
  name: z.string(),
  /** The operation or tool it stands for; null for a plugin that is one function. */
  operation: z.nullable(z.string()),
  description: z.string(),
  /** JSON Schema of the arguments. */
  parameters: JsonObject,
  enabled: z.boolean(),
  /** Its calls always stop the run and wait for the client. */
  ask_before: z.boolean(),
})
export type PluginFunction = z.infer<typeof PluginFunction>

/** A secret's name; no route gives its value. */
const PluginSecretState = z.object({ name: z.string(), is_set: z.boolean() })

/** What can be read in a plugin's file, stored or not. */
const fileFields = {
  /** `id` of the plugin file. */
  plugin_id: z.string(),
  kind: z.enum(['python', 'openapi', 'mcp', 'search']),
  name_for_human: z.string(),
  name_for_model: z.string(),
  description_for_human: z.string(),
  description_for_model: z.string(),
  /** The plugin's own name among functions. */
  function_name: z.string(),
  functions: z.array(PluginFunction),
  secrets: z.array(PluginSecretState),
  /** What it cannot work without and has not got: `secrets.NAME`, `vector_store_id`. */
  missing: z.array(z.string()),
  /** Of its OpenAPI document or its MCP server; null for other kinds and where the file has none. */
  url: z.nullable(z.string()),
  /** How it shows its own server who it is, with names of secrets; null for kinds that have no server. */
  auth: z.nullable(z.looseObject({ type: z.string() })),
  /** Header in which its server gets an opaque token of the caller; null: none. */
  user_header: z.nullable(z.string()),
  /** Hosts it may reach; null when the file does not say. */
  network: z.nullable(z.union([z.literal('public'), z.array(z.string())])),
  packages: z.array(z.string()),
  /** Null when the file does not say. */
  timeout_seconds: z.nullable(z.number()),
  usage_hint: z.nullable(z.string()),
  /** Its output is the answer, with no second pass of the model. */
  direct_response: z.boolean(),
}

export const PluginObject = z.object({
  id: z.string(),
  object: z.literal('plugin'),
  created_at: unixSeconds,
  updated_at: unixSeconds,
  version: z.int().check(z.minimum(1)),
  ...fileFields,
  /** What an AzureCognitiveSearch plugin searches. */
  vector_store_id: z.nullable(z.string()),
  /** What its functions are tried with, by name. */
  test_arguments: z.record(z.string(), z.unknown()),
})
export type PluginObject = z.infer<typeof PluginObject>

export const PluginList = listOf(PluginObject)
export type PluginList = z.infer<typeof PluginList>

/** What importing a file would give. */
export const PluginPreview = z.object({
  object: z.literal('plugin.preview'),
  /** The plugin whose next version it would be; null for a new one. */
  id: z.nullable(z.string()),
  ...fileFields,
})
export type PluginPreview = z.infer<typeof PluginPreview>

const versionFields = {
  /** `plug_...@3` */
  id: z.string(),
  object: z.literal('plugin.version'),
  created_at: unixSeconds,
  version: z.int().check(z.minimum(1)),
  /** The version whose text this one brought back. */
  restored_from: z.nullable(z.int()),
}

export const PluginVersionSummary = z.object(versionFields)
export type PluginVersionSummary = z.infer<typeof PluginVersionSummary>

export const PluginVersionList = listOf(PluginVersionSummary)
export type PluginVersionList = z.infer<typeof PluginVersionList>

export const PluginVersionObject = z.object({
  ...versionFields,
  /** The plugin file as it was. */
  file: z.string(),
  /** Its Python; null for other kinds, and for a text that can no longer be read. */
  source: z.nullable(z.string()),
})
export type PluginVersionObject = z.infer<typeof PluginVersionObject>

export const PluginSecretObject = z.object({
  /** Its name. */
  id: z.string(),
  object: z.literal('plugin.secret'),
  name: z.string(),
  is_set: z.boolean(),
  /** Null when it is not set. */
  updated_at: z.nullable(unixSeconds),
})
export type PluginSecretObject = z.infer<typeof PluginSecretObject>

export const PluginSecretList = listOf(PluginSecretObject)
export type PluginSecretList = z.infer<typeof PluginSecretList>

/** The answer to setting one. */
export const PluginSecretSet = z.extend(PluginSecretObject, {
  /** Whether the plugin's own server was asked what it offers, now that it can be; null when there was no need. */
  refresh: z.nullable(z.object({ ok: z.boolean(), message: z.nullable(z.string()) })),
})
export type PluginSecretSet = z.infer<typeof PluginSecretSet>

/** A plugin as one assistant has it. */
export const AssistantPluginObject = z.object({
  /** `plug_...` */
  id: z.string(),
  object: z.literal('assistant.plugin'),
  assistant_id: z.string(),
  plugin_id: z.string(),
  name_for_human: z.string(),
  kind: fileFields.kind,
  version: z.int(),
  /** The functions that are switched on, under the names they have in this assistant. */
  functions: z.array(
    z.object({
      name: z.string(),
      operation: z.nullable(z.string()),
      description: z.string(),
      ask_before: z.boolean(),
    }),
  ),
})
export type AssistantPluginObject = z.infer<typeof AssistantPluginObject>

export const AssistantPluginList = listOf(AssistantPluginObject)
export type AssistantPluginList = z.infer<typeof AssistantPluginList>

export const AssistantSettingsObject = z.object({
  id: z.string(),
  object: z.literal('assistant.settings'),
  /** Who runs its plugins. */
  plugin_mode: z.enum(['client', 'server']),
  /** Whether those who may only use it are told the names of the files its answers refer to. */
  shows_citations: z.boolean(),
  /** Whether Python of those who may only use it finds its files. */
  mounts_files: z.boolean(),
})
export type AssistantSettingsObject = z.infer<typeof AssistantSettingsObject>

export const DeletedPlugin = z.object({
  id: z.string(),
  object: z.literal('plugin.deleted'),
  deleted: z.literal(true),
})
export type DeletedPlugin = z.infer<typeof DeletedPlugin>

export const DeletedPluginSecret = z.object({
  id: z.string(),
  object: z.literal('plugin.secret.deleted'),
  deleted: z.literal(true),
})
export type DeletedPluginSecret = z.infer<typeof DeletedPluginSecret>

/** The plugin is the assistant's no longer; it is still its owner's. */
export const DetachedPlugin = z.object({
  id: z.string(),
  object: z.literal('assistant.plugin.deleted'),
  deleted: z.literal(true),
})
export type DetachedPlugin = z.infer<typeof DetachedPlugin>

export const PluginListQuery = z.extend(ListQuery, {
  /** Only the plugin with this `plug_` id, id of its file, or function name. */
  name: z.optional(z.string()),
})
export type PluginListQuery = z.infer<typeof PluginListQuery>

export const ImportPluginQuery = z.strictObject({
  /** What an AzureCognitiveSearch plugin is to search. */
  vector_store_id: z.optional(z.string()),
})
export type ImportPluginQuery = z.infer<typeof ImportPluginQuery>
