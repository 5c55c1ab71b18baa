/** Webhooks: addresses that this server tells of ended runs and of shares, by paths of its own. */
import * as z from 'zod/mini'
import { orNull, tokenCount, unixSeconds } from './field.ts'
import { listOf } from './list.ts'

/** What a webhook can be told of. */
export const WEBHOOK_EVENTS = [
  'run.completed',
  'run.incomplete',
  'run.failed',
  'run.cancelled',
  'run.expired',
  'run.requires_action',
  'assistant.shared',
  'assistant.unshared',
] as const

export const WebhookEventName = z.enum(WEBHOOK_EVENTS)
export type WebhookEventName = z.infer<typeof WebhookEventName>

/** The same, and what is sent when the owner tries the address. */
const DeliveredEventName = z.enum([...WEBHOOK_EVENTS, 'webhook.test'])
export type DeliveredEventName = z.infer<typeof DeliveredEventName>

const url = z.string().check(z.minLength(1), z.maxLength(2048))
const events = z.array(WebhookEventName).check(z.minLength(1), z.maxLength(WEBHOOK_EVENTS.length))

export const CreateWebhookRequest = z.strictObject({
  url,
  events,
  /** The only assistant to hear of; null: every one. */
  assistant_id: orNull(z.string()),
})
export type CreateWebhookRequest = z.infer<typeof CreateWebhookRequest>

/** What is left out stays. */
export const ModifyWebhookRequest = z.strictObject({
  url: z.optional(url),
  events: z.optional(events),
  paused: z.optional(z.boolean()),
})
export type ModifyWebhookRequest = z.infer<typeof ModifyWebhookRequest>

export const WebhookDeliveryObject = z.object({
  /** Also the header `webhook-id`, the same at each try. */
  id: z.string(),
  object: z.literal('webhook_delivery'),
  created_at: unixSeconds,
  webhook_id: z.string(),
  event: DeliveredEventName,
  status: z.enum(['pending', 'delivered', 'failed']),
  /** Tries whose outcome is known. */
  attempts: z.int(),
  /** HTTP status of the last answer; null when there was none. */
  response_status: z.nullable(z.int()),
  /** Why the last try failed. */
  error: z.nullable(z.string()),
  delivered_at: z.nullable(unixSeconds),
  /** Null at rest, and while its webhook is paused. */
  next_attempt_at: z.nullable(unixSeconds),
})
export type WebhookDeliveryObject = z.infer<typeof WebhookDeliveryObject>

export const WebhookDeliveryList = listOf(WebhookDeliveryObject)
export type WebhookDeliveryList = z.infer<typeof WebhookDeliveryList>

const webhookFields = {
  id: z.string(),
  object: z.literal('webhook'),
  created_at: unixSeconds,
  url: z.string(),
  events: z.array(WebhookEventName),
  assistant_id: z.nullable(z.string()),
  paused: z.boolean(),
  /** Who paused it: its owner, or its server, by answering 410. */
  paused_by: z.nullable(z.enum(['owner', 'gone'])),
  last_delivery: z.nullable(WebhookDeliveryObject),
}

export const WebhookObject = z.object(webhookFields)
export type WebhookObject = z.infer<typeof WebhookObject>

/** The only replies with the secret: of creating it, and of making a new one. */
export const WebhookWithSecret = z.object({
  ...webhookFields,
  secret: z.string().check(z.regex(/^whsec_[A-Za-z0-9+/]{43}=$/)),
})
export type WebhookWithSecret = z.infer<typeof WebhookWithSecret>

export const WebhookList = listOf(WebhookObject)
export type WebhookList = z.infer<typeof WebhookList>

export const DeletedWebhook = z.object({
  id: z.string(),
  object: z.literal('webhook.deleted'),
  deleted: z.literal(true),
})
export type DeletedWebhook = z.infer<typeof DeletedWebhook>

/** A run as its assistant's owner may hear of it, whoever ran it: nothing of what was said. */
export const RunEventData = z.strictObject({
  id: z.string(),
  object: z.literal('thread.run'),
  created_at: unixSeconds,
  assistant_id: z.string(),
  thread_id: z.string(),
  status: z.string(),
  started_at: z.nullable(unixSeconds),
  /** When it ended; null while it waits for its client. */
  ended_at: z.nullable(unixSeconds),
  /** Of an ended run. */
  usage: z.nullable(
    z.strictObject({
      prompt_tokens: tokenCount,
      completion_tokens: tokenCount,
      total_tokens: tokenCount,
    }),
  ),
  last_error: z.nullable(z.strictObject({ code: z.string() })),
  incomplete_details: z.nullable(z.strictObject({ reason: z.string() })),
})
export type RunEventData = z.infer<typeof RunEventData>

export const ShareEventData = z.strictObject({
  /** Of the share. */
  id: z.string(),
  object: z.literal('assistant.share'),
  assistant_id: z.string(),
  grantee: z.strictObject({
    type: z.enum(['person', 'group', 'workspace', 'link']),
    /** Of the person or group. */
    id: z.nullable(z.string()),
  }),
  access: z.enum(['use', 'view', 'edit']),
  /** Who shared it or took it back; null: the server, at its end date. */
  by: z.nullable(z.string()),
})
export type ShareEventData = z.infer<typeof ShareEventData>

export const TestEventData = z.strictObject({ webhook_id: z.string() })

/** The body of a delivery. */
export const WebhookEvent = z.strictObject({
  id: z.string(),
  object: z.literal('event'),
  type: DeliveredEventName,
  created_at: unixSeconds,
  data: z.union([RunEventData, ShareEventData, TestEventData]),
})
export type WebhookEvent = z.infer<typeof WebhookEvent>
