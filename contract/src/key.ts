/** API keys: what they may, where from, how long and how much. */
import * as z from 'zod/mini'
import { deleted } from './deleted.ts'
import { orDefault, orNull, unixSeconds } from './field.ts'
import { ListQuery, listOf } from './list.ts'

/** What a key may on the assistants it reaches: talk to them, or whatever its person may. */
export const KeyAccess = z.enum(['use', 'manage'])
export type KeyAccess = z.infer<typeof KeyAccess>

/** Null: no limit. */
export const KeyLimits = z.object({
  requests_per_minute: z.nullable(z.int()),
  tokens_per_day: z.nullable(z.int()),
  money_per_month: z.nullable(z.number()),
})
export type KeyLimits = z.infer<typeof KeyLimits>

export const ApiKeyObject = z.object({
  id: z.string(),
  object: z.literal('api_key'),
  name: z.string(),
  prefix: z.string(),
  last_four: z.string(),
  created_at: unixSeconds,
  last_used_at: z.nullable(unixSeconds),
  expires_at: z.nullable(unixSeconds),
  paused: z.boolean(),
  assistant_ids: z.nullable(z.array(z.string())),
  access: KeyAccess,
  origins: z.nullable(z.array(z.string())),
  limits: KeyLimits,
  shared_assistant_id: z.nullable(z.string()),
  person_id: z.string(),
})
export type ApiKeyObject = z.infer<typeof ApiKeyObject>

/** A key in the one answer that holds its text. */
export const NewApiKeyObject = z.extend(ApiKeyObject, { key: z.string() })
export type NewApiKeyObject = z.infer<typeof NewApiKeyObject>

export const ApiKeyList = listOf(ApiKeyObject)

export const ApiKeyListQuery = z.extend(ListQuery, { person_id: z.optional(z.string()) })
export type ApiKeyListQuery = z.infer<typeof ApiKeyListQuery>

/** A scheme and a host, as browsers send it in `Origin`: no path, and not `null`. */
const Origin = z
  .string()
  .check(z.maxLength(256), z.regex(/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^\s/?#@]+$/))

const name = z.string().check(z.minLength(1), z.maxLength(256))
const assistantIds = z.array(z.string()).check(z.minLength(1), z.maxLength(1000))
const origins = z.array(Origin).check(z.minLength(1), z.maxLength(100))

/** A limit that is left out stays, or is none for a new key; null takes it away. */
export const KeyLimitsRequest = z.strictObject({
  requests_per_minute: z.nullish(z.int().check(z.minimum(1), z.maximum(1_000_000))),
  tokens_per_day: z.nullish(z.int().check(z.minimum(1))),
  money_per_month: z.nullish(z.number().check(z.minimum(0), z.maximum(1_000_000_000))),
})
export type KeyLimitsRequest = z.infer<typeof KeyLimitsRequest>

export const CreateKeyRequest = z.strictObject({
  name,
  assistant_ids: orNull(assistantIds),
  access: orDefault(KeyAccess, () => 'manage' as const),
  origins: orNull(origins),
  expires_at: orNull(unixSeconds),
  limits: z.nullish(KeyLimitsRequest),
  long: orDefault(z.boolean(), () => false),
})
export type CreateKeyRequest = z.infer<typeof CreateKeyRequest>

/** What is left out stays. */
export const ModifyKeyRequest = z.strictObject({
  name: z.optional(name),
  assistant_ids: z.nullish(assistantIds),
  access: z.optional(KeyAccess),
  origins: z.nullish(origins),
  expires_at: z.nullish(unixSeconds),
  limits: z.optional(KeyLimitsRequest),
  paused: z.optional(z.boolean()),
})
export type ModifyKeyRequest = z.infer<typeof ModifyKeyRequest>

export const RotateKeyRequest = z.strictObject({ long: orDefault(z.boolean(), () => false) })

export const DeletedApiKey = deleted('api_key.deleted')
export type DeletedApiKey = z.infer<typeof DeletedApiKey>

/** A key to hand an assistant to others. */
export const CreateShareKeyRequest = z.strictObject({
  name,
  origins: orNull(origins),
  expires_at: orNull(unixSeconds),
  limits: z.nullish(KeyLimitsRequest),
  long: orDefault(z.boolean(), () => false),
})
export type CreateShareKeyRequest = z.infer<typeof CreateShareKeyRequest>

/** A program that talks to the assistant, ready to run. */
export const ShareSnippet = z.object({
  lang: z.enum(['curl', 'python', 'node', 'gradio']),
  locale: z.enum(['en', 'zh-TW']),
  source: z.string(),
})
export type ShareSnippet = z.infer<typeof ShareSnippet>

export const NewShareKeyObject = z.extend(NewApiKeyObject, {
  assistant_id: z.string(),
  base_url: z.string(),
  snippets: z.array(ShareSnippet),
})
export type NewShareKeyObject = z.infer<typeof NewShareKeyObject>
