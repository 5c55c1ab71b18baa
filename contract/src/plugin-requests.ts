/** Bodies of the requests that manage plugins. */
import * as z from 'zod/mini'
import { orDefault, orNull } from './field.ts'

const JsonObject = z.record(z.string(), z.unknown())
const names = z.array(z.string()).check(z.maxLength(1000))

/**
 * What is to change in a plugin's file. A field that is left out stays; null takes its own away, so that the default holds. What the
 * values may be is the file's to say: errors name the place in the file.
 */
export const ModifyPluginRequest = z.strictObject({
  /** The whole text anew; the other fields are changed in it. */
  file: z.optional(z.string()),
  name_for_human: z.optional(z.string()),
  name_for_model: z.optional(z.string()),
  description_for_human: z.optional(z.string()),
  description_for_model: z.optional(z.string()),
  /** Python. */
  source: z.optional(z.string()),
  /** Address of an OpenAPI document or an MCP server. */
  url: z.optional(z.string()),
  usage_hint: z.nullish(z.string()),
  direct_response: z.optional(z.boolean()),
  /** Operations or tools that are switched on; null: all. */
  functions: z.nullish(names),
  /** Operations or tools whose calls wait for the client; true: all. */
  ask_before: z.nullish(z.union([z.boolean(), names])),
  parameters: z.nullish(JsonObject),
  network: z.nullish(z.union([z.literal('public'), names])),
  packages: z.nullish(names),
  timeout_seconds: z.nullish(z.number()),
  /** Names, never values. */
  secrets: z.nullish(names),
  auth: z.nullish(JsonObject),
  user_header: z.nullish(z.union([z.boolean(), z.string()])),
  /** An OpenAPI document as it was pasted. */
  document: z.nullish(z.string()),
  vector_store_id: z.optional(z.string()),
  /** Arguments by function, for tests; makes no version. */
  test_arguments: z.optional(z.record(z.string(), JsonObject)),
})
export type ModifyPluginRequest = z.infer<typeof ModifyPluginRequest>

export const SetPluginSecretRequest = z.strictObject({ name: z.string(), value: z.string() })
export type SetPluginSecretRequest = z.infer<typeof SetPluginSecretRequest>

export const TestPluginRequest = z.strictObject({
  /** A function's name or operation; may be left out where there is one only. */
  function: orNull(z.string()),
  /** An object, or JSON text as a model would write it; the saved ones when left out. */
  arguments: orNull(z.union([z.string(), JsonObject])),
  customized_params: z.optional(z.unknown()),
  conversation: orDefault(
    z.array(z.strictObject({ role: z.string(), content: z.string() })).check(z.maxLength(1000)),
    () => [],
  ),
  /** Python that is not saved yet: it runs in place of the plugin's own and becomes no version. */
  source: orNull(z.string()),
  /** Whether to keep the arguments for the next test. */
  save: orDefault(z.boolean(), () => false),
  /** The model it may ask; the server's default when left out. */
  model: orNull(z.string()),
})
export type TestPluginRequest = z.infer<typeof TestPluginRequest>

export const AttachPluginRequest = z.strictObject({
  /** `plug_...` */
  plugin_id: z.string(),
})
export type AttachPluginRequest = z.infer<typeof AttachPluginRequest>

export const AssistantSettingsRequest = z.strictObject({
  plugin_mode: z.optional(z.enum(['client', 'server'])),
  shows_citations: z.optional(z.boolean()),
  mounts_files: z.optional(z.boolean()),
})
export type AssistantSettingsRequest = z.infer<typeof AssistantSettingsRequest>
