import { ListQuery } from '../list.ts'
import {
  CreateWebhookRequest,
  DeletedWebhook,
  ModifyWebhookRequest,
  WebhookDeliveryList,
  WebhookDeliveryObject,
  WebhookList,
  WebhookObject,
  WebhookWithSecret,
} from '../webhook.ts'
import { json, type Part } from './operation.ts'

const URL_EXAMPLE = 'https://example.com/melzi'

export const webhookPart: Part = {
  tag: 'Webhooks',
  description:
    'Addresses that are told of runs that ended or wait, and of shares. You hear of runs of the assistants you own, whoever runs them, and of your own runs.',
  operations: [
    {
      id: 'createWebhook',
      method: 'post',
      path: '/webhooks',
      summary: 'Create a webhook',
      description:
        'Up to 20 a person. The answer has the secret that deliveries are signed with; it is not shown again.',
      body: {
        type: 'json',
        schema: CreateWebhookRequest,
        example: { url: URL_EXAMPLE, events: ['run.completed', 'run.failed'] },
      },
      reply: json(WebhookWithSecret),
      errors: [403, 404],
    },
    {
      id: 'listWebhooks',
      method: 'get',
      path: '/webhooks',
      summary: 'List webhooks',
      description: 'Your webhooks.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(WebhookList),
      errors: [403],
    },
    {
      id: 'getWebhook',
      method: 'get',
      path: '/webhooks/{webhook_id}',
      summary: 'Read a webhook',
      description: 'With its last delivery.',
      reply: json(WebhookObject),
      errors: [403],
    },
    {
      id: 'modifyWebhook',
      method: 'post',
      path: '/webhooks/{webhook_id}',
      summary: 'Change a webhook',
      description:
        'While it is paused nothing new is kept for it; what was pending goes on when it does.',
      body: { type: 'json', schema: ModifyWebhookRequest, example: { paused: true } },
      reply: json(WebhookObject),
      errors: [403],
    },
    {
      id: 'deleteWebhook',
      method: 'delete',
      path: '/webhooks/{webhook_id}',
      summary: 'Delete a webhook',
      description: 'Its deliveries go with it.',
      reply: json(DeletedWebhook),
      errors: [403],
    },
    {
      id: 'rotateWebhookSecret',
      method: 'post',
      path: '/webhooks/{webhook_id}/rotate_secret',
      summary: 'Make a new secret',
      description:
        'The answer has it; it is not shown again. For 24 hours deliveries carry a signature by the old one as well.',
      reply: json(WebhookWithSecret),
      errors: [403],
    },
    {
      id: 'testWebhook',
      method: 'post',
      path: '/webhooks/{webhook_id}/test',
      summary: 'Try a webhook',
      description: 'Sends a `webhook.test`. The answer comes before it is delivered.',
      reply: json(WebhookDeliveryObject),
      errors: [403],
    },
    {
      id: 'listWebhookDeliveries',
      method: 'get',
      path: '/webhooks/{webhook_id}/deliveries',
      summary: 'List deliveries',
      description: 'Of the last 30 days.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(WebhookDeliveryList),
      errors: [403],
    },
    {
      id: 'getWebhookDelivery',
      method: 'get',
      path: '/webhooks/{webhook_id}/deliveries/{delivery_id}',
      summary: 'Read a delivery',
      description: 'How far it has come.',
      reply: json(WebhookDeliveryObject),
      errors: [403],
    },
    {
      id: 'redeliverWebhook',
      method: 'post',
      path: '/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver',
      summary: 'Deliver again',
      description: 'The same body with the same `webhook-id`, at once, and with eight tries again.',
      reply: json(WebhookDeliveryObject),
      errors: [403],
    },
  ],
  schemas: {
    CreateWebhookRequest,
    ModifyWebhookRequest,
    WebhookDeliveryList,
    WebhookDeliveryObject,
    WebhookList,
    WebhookObject,
    WebhookWithSecret,
  },
  notes: {
    'CreateWebhookRequest.url':
      'On the public internet, or on the operator’s list of internal hosts.',
    'CreateWebhookRequest.events': 'What to be told of.',
    'CreateWebhookRequest.assistant_id': 'The only assistant to hear of; null for every one.',
    'ModifyWebhookRequest.url':
      'On the public internet, or on the operator’s list of internal hosts.',
    'WebhookObject.paused_by': 'Its owner, or its own server by answering 410.',
    'WebhookWithSecret.paused_by': 'Its owner, or its own server by answering 410.',
    'WebhookWithSecret.secret': '`whsec_` and the key in base64.',
    'WebhookDeliveryObject.id': 'Also the header `webhook-id`, the same at each try.',
    'WebhookDeliveryObject.attempts': 'Tries whose outcome is known, of eight.',
    'WebhookDeliveryObject.response_status': 'Of the last answer; null when there was none.',
    'WebhookDeliveryObject.error': 'Why the last try failed.',
    'WebhookDeliveryObject.delivered_at': 'Unix seconds.',
    'WebhookDeliveryObject.next_attempt_at': 'Unix seconds; null at rest, and while paused.',
  },
}
