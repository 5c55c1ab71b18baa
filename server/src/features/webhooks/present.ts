import type {
  WebhookDeliveryObject,
  WebhookObject,
  WebhookWithSecret,
} from '@melzi/contract/webhook.ts'
import { seconds } from '../../platform/clock.ts'
import type { NewWebhook, Webhook } from './service.ts'
import type { DeliveryRecord } from './store.ts'

export const presentDelivery = (delivery: DeliveryRecord): WebhookDeliveryObject => ({
  id: delivery.id,
  object: 'webhook_delivery',
  created_at: delivery.createdAt,
  webhook_id: delivery.webhookId,
  event: delivery.event,
  status: delivery.status,
  attempts: delivery.tries,
  response_status: delivery.responseStatus,
  error: delivery.error,
  delivered_at: delivery.deliveredAt,
  next_attempt_at: delivery.dueMs === null ? null : seconds(delivery.dueMs),
})

export const presentWebhook = (webhook: Webhook): WebhookObject => ({
  id: webhook.id,
  object: 'webhook',
  created_at: webhook.createdAt,
  url: webhook.url,
  events: webhook.events,
  assistant_id: webhook.assistantId,
  paused: webhook.paused !== null,
  paused_by: webhook.paused,
  last_delivery: webhook.last === null ? null : presentDelivery(webhook.last),
})

export const presentNewWebhook = (webhook: NewWebhook): WebhookWithSecret => ({
  ...presentWebhook(webhook),
  secret: webhook.shownSecret,
})
