import { ListQuery } from '@melzi/contract/list.ts'
import {
  CreateWebhookRequest,
  ModifyWebhookRequest,
  type DeletedWebhook,
} from '@melzi/contract/webhook.ts'
import type { FastifyInstance } from 'fastify'
import { listReply, toPageQuery } from '../../http/list-reply.ts'
import { readsQuery } from '../../http/no-query.ts'
import { parseBody, parseQuery } from '../../http/validate.ts'
import { presentDelivery, presentNewWebhook, presentWebhook } from './present.ts'
import type { WebhookService } from './service.ts'

interface WebhookParams {
  webhook_id: string
}

interface DeliveryParams extends WebhookParams {
  delivery_id: string
}

const ONE = '/webhooks/:webhook_id'
const DELIVERIES = `${ONE}/deliveries`

/** Webhooks by their owners: paths of this server's own. */
export const webhookRoutes = (app: FastifyInstance, webhooks: WebhookService): void => {
  app.post('/webhooks', async (request) => {
    const body = parseBody(CreateWebhookRequest, request.body)
    return presentNewWebhook(await webhooks.create(request.principal, body))
  })

  app.get('/webhooks', readsQuery, async (request) => {
    const query = toPageQuery(parseQuery(ListQuery, request.query))
    const page = await webhooks.list(request.principal, query)
    return listReply(page.items.map(presentWebhook), page)
  })

  app.get<{ Params: WebhookParams }>(ONE, async (request) =>
    presentWebhook(await webhooks.get(request.principal, request.params.webhook_id)),
  )

  app.post<{ Params: WebhookParams }>(ONE, async (request) => {
    const body = parseBody(ModifyWebhookRequest, request.body)
    return presentWebhook(await webhooks.update(request.principal, request.params.webhook_id, body))
  })

  app.delete<{ Params: WebhookParams }>(ONE, async (request): Promise<DeletedWebhook> => {
    const { webhook_id: id } = request.params
    await webhooks.delete(request.principal, id)
    return { id, object: 'webhook.deleted', deleted: true }
  })

  app.post<{ Params: WebhookParams }>(`${ONE}/rotate_secret`, async (request) =>
    presentNewWebhook(await webhooks.rotateSecret(request.principal, request.params.webhook_id)),
  )

  app.post<{ Params: WebhookParams }>(`${ONE}/test`, async (request) =>
    presentDelivery(await webhooks.test(request.principal, request.params.webhook_id)),
  )

  app.get<{ Params: WebhookParams }>(DELIVERIES, readsQuery, async (request) => {
    const query = toPageQuery(parseQuery(ListQuery, request.query))
    const page = await webhooks.listDeliveries(request.principal, request.params.webhook_id, query)
    return listReply(page.items.map(presentDelivery), page)
  })

  app.get<{ Params: DeliveryParams }>(`${DELIVERIES}/:delivery_id`, async (request) => {
    const { webhook_id: id, delivery_id: deliveryId } = request.params
    return presentDelivery(await webhooks.getDelivery(request.principal, id, deliveryId))
  })

  app.post<{ Params: DeliveryParams }>(`${DELIVERIES}/:delivery_id/redeliver`, async (request) => {
    const { webhook_id: id, delivery_id: deliveryId } = request.params
    return presentDelivery(await webhooks.redeliver(request.principal, id, deliveryId))
  })
}
