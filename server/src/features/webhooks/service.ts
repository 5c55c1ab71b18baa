import type { CreateWebhookRequest, ModifyWebhookRequest } from '@melzi/contract/webhook.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { AppError, errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { requireFull, type Principal } from '../../platform/principal.ts'
import { checkAddress } from '../../platform/safe-fetch.ts'
import type { Sealer } from '../../platform/sealing.ts'
import type { Page, PageQuery } from '../../platform/store/page.ts'
import type { Reader, Store, Tx } from '../../platform/store/store.ts'
import type { AssistantService } from '../assistants/service.ts'
import type { AuditLog } from '../audit/service.ts'
import { holdPending, restartDelivery, resumePending } from './job-store.ts'
import { newDelivery } from './outbox.ts'
import { insertDelivery } from './outbox-store.ts'
import { newSecret, sealSecret } from './secret.ts'
import { policyOf, type WebhookReach, type WebhookSender } from './sender.ts'
import {
  countWebhooks,
  deleteOldDeliveries,
  deleteWebhook,
  findDelivery,
  findWebhook,
  findWebhookForUpdate,
  insertWebhook,
  lastDelivery,
  listDeliveries,
  listWebhooks,
  updateWebhook,
  type DeliveryRecord,
  type WebhookRecord,
} from './store.ts'

export { createWebhookOutbox, type WebhookOutbox } from './outbox.ts'

/** Webhooks of one person. */
const MOST_WEBHOOKS = 20
/** How long the secret before the present one signs as well, seconds. */
const OVERLAP_SECONDS = 24 * 60 * 60
/** How long deliveries are kept, seconds. */
const KEPT_SECONDS = 30 * 24 * 60 * 60
/** Rows that one unit of the sweep deletes. */
const SWEPT_AT_ONCE = 1_000

/** A webhook and how its last delivery went. */
export interface Webhook extends WebhookRecord {
  last: DeliveryRecord | null
}

/** One with its secret, which is shown this once. */
export interface NewWebhook extends Webhook {
  shownSecret: string
}

export interface WebhookServiceDeps {
  store: Store
  clock: Clock
  sealer: Sealer
  assistants: Pick<AssistantService, 'getUsable'>
  audit: AuditLog
  sender: Pick<WebhookSender, 'announce'>
  reach: WebhookReach
}

export type WebhookService = ReturnType<typeof createWebhookService>

/** Webhooks of one person each: whoever else asks for one does not find it. */
export const createWebhookService = (deps: WebhookServiceDeps) => {
  const { store, clock, sealer, audit, sender } = deps

  const own = (principal: Principal, id: string, webhook: WebhookRecord | null): WebhookRecord => {
    requireFull(principal)
    if (webhook === null || webhook.ownerId !== principal.personId) {
      throw errors.notFound('webhook', id)
    }
    return webhook
  }

  const getOwned = async (db: Reader, principal: Principal, id: string): Promise<WebhookRecord> =>
    own(principal, id, await findWebhook(db, principal.workspaceId, id))

  const lockOwned = async (tx: Tx, principal: Principal, id: string): Promise<WebhookRecord> =>
    own(principal, id, await findWebhookForUpdate(tx, principal.workspaceId, id))

  const withLast = async (db: Reader, webhook: WebhookRecord): Promise<Webhook> => ({
    ...webhook,
    last: await lastDelivery(db, webhook),
  })

  const noteDeed = (
    tx: Tx,
    principal: Principal,
    verb: string,
    id: string,
    details: Record<string, unknown> = {},
  ): Promise<void> =>
    audit.note(tx, principal, { action: `webhook.${verb}`, kind: 'webhook', id, details })

  /** @throws AppError 400 naming `url` when nothing may be sent there, or its name is not known */
  const checkUrl = async (url: string): Promise<void> => {
    const policy = policyOf(deps.reach)
    try {
      await checkAddress(url, policy, AbortSignal.timeout(policy.timeoutMs))
    } catch (error) {
      if (error instanceof AppError && error.status === 400) {
        throw errors.invalid(`Invalid 'url': ${error.message}`, 'url', error.code)
      }
      throw error
    }
  }

  const refuseIfPaused = ({ paused }: WebhookRecord): void => {
    if (paused !== null) throw errors.invalid('This webhook is paused.', null, 'webhook_paused')
  }

  /** @throws AppError 404 */
  const getDelivery = async (
    db: Reader,
    webhook: WebhookRecord,
    id: string,
  ): Promise<DeliveryRecord> => {
    const delivery = await findDelivery(db, webhook.workspaceId, webhook.id, id)
    if (delivery === null) throw errors.notFound('webhook delivery', id)
    return delivery
  }

  return {
    /**
     * @throws AppError 400 for an address that nothing may be sent to, or one webhook too many; 403 for guests and limited keys; 404 for
     * an assistant that the principal may not use
     */
    async create(principal: Principal, request: CreateWebhookRequest): Promise<NewWebhook> {
      requireFull(principal)
      await checkUrl(request.url)
      const id = newId('webhook_')
      const { workspaceId } = principal
      const shownSecret = newSecret()
      const webhook: WebhookRecord = {
        workspaceId,
        id,
        ownerId: principal.personId,
        assistantId: request.assistant_id,
        url: request.url,
        events: [...new Set(request.events)],
        secret: sealSecret(sealer, { workspaceId, id }, shownSecret),
        previousSecret: null,
        previousUntil: null,
        paused: null,
        createdAt: seconds(clock.now()),
      }
      await store.write('webhook.create', async (tx) => {
        if (webhook.assistantId !== null) {
          await deps.assistants.getUsable(tx, principal, webhook.assistantId)
        }
        if ((await countWebhooks(tx, principal)) >= MOST_WEBHOOKS) {
          throw errors.invalid(`A person may have ${MOST_WEBHOOKS} webhooks.`, null, 'too_many')
        }
        await insertWebhook(tx, webhook)
        await noteDeed(tx, principal, 'create', id, { assistant_id: webhook.assistantId })
      })
      return { ...webhook, last: null, shownSecret }
    },

    async list(principal: Principal, query: PageQuery): Promise<Page<Webhook>> {
      requireFull(principal)
      const page = await listWebhooks(store, principal, query)
      const items = await Promise.all(page.items.map((webhook) => withLast(store, webhook)))
      return { items, hasMore: page.hasMore }
    },

    /** @throws AppError 404 */
    async get(principal: Principal, id: string): Promise<Webhook> {
      return withLast(store, await getOwned(store, principal, id))
    },

    /** Changes what the request names. @throws AppError 400 as create, 404 */
    async update(
      principal: Principal,
      id: string,
      request: ModifyWebhookRequest,
    ): Promise<Webhook> {
      await getOwned(store, principal, id)
      if (request.url !== undefined) await checkUrl(request.url)
      const webhook = await store.write('webhook.update', async (tx) => {
        const before = await lockOwned(tx, principal, id)
        const after: WebhookRecord = {
          ...before,
          url: request.url ?? before.url,
          events: request.events === undefined ? before.events : [...new Set(request.events)],
          paused: pausedAfter(before, request.paused),
        }
        await updateWebhook(tx, after)
        if (after.paused !== null) await holdPending(tx, after.workspaceId, id)
        else await resumePending(tx, after.workspaceId, id, clock.now())
        await noteDeed(tx, principal, 'update', id, { fields: Object.keys(request) })
        return withLast(tx, after)
      })
      if (request.paused === false) sender.announce()
      return webhook
    },

    /** With its deliveries. @throws AppError 404 */
    async delete(principal: Principal, id: string): Promise<void> {
      await store.write('webhook.delete', async (tx) => {
        await lockOwned(tx, principal, id)
        await deleteWebhook(tx, principal.workspaceId, id)
        await noteDeed(tx, principal, 'delete', id)
      })
    },

    /** Signs by a new secret from now on, and for a day by the present one as well. @throws AppError 404 */
    async rotateSecret(principal: Principal, id: string): Promise<NewWebhook> {
      const shownSecret = newSecret()
      const webhook = await store.write('webhook.rotate', async (tx) => {
        const before = await lockOwned(tx, principal, id)
        const after: WebhookRecord = {
          ...before,
          secret: sealSecret(sealer, before, shownSecret),
          previousSecret: before.secret,
          previousUntil: seconds(clock.now()) + OVERLAP_SECONDS,
        }
        await updateWebhook(tx, after)
        await noteDeed(tx, principal, 'rotate_secret', id)
        return withLast(tx, after)
      })
      return { ...webhook, shownSecret }
    },

    /** Has a `webhook.test` sent. @throws AppError 400 while it is paused, 404 */
    async test(principal: Principal, id: string): Promise<DeliveryRecord> {
      const delivery = await store.write('webhook.test', async (tx) => {
        const webhook = await lockOwned(tx, principal, id)
        refuseIfPaused(webhook)
        const data = { webhook_id: id }
        const made = newDelivery(
          clock,
          webhook.workspaceId,
          id,
          webhook.ownerId,
          'webhook.test',
          data,
        )
        await insertDelivery(tx, made)
        return getDelivery(tx, webhook, made.id)
      })
      sender.announce()
      return delivery
    },

    /** @throws AppError 404 */
    async listDeliveries(
      principal: Principal,
      id: string,
      query: PageQuery,
    ): Promise<Page<DeliveryRecord>> {
      return listDeliveries(store, await getOwned(store, principal, id), query)
    },

    /** @throws AppError 404 */
    async getDelivery(principal: Principal, id: string, deliveryId: string) {
      return getDelivery(store, await getOwned(store, principal, id), deliveryId)
    },

    /** Delivers one again, at once and under the same id. @throws AppError 400 while its webhook is paused, 404 */
    async redeliver(principal: Principal, id: string, deliveryId: string): Promise<DeliveryRecord> {
      const delivery = await store.write('webhook.redeliver', async (tx) => {
        const webhook = await lockOwned(tx, principal, id)
        refuseIfPaused(webhook)
        await restartDelivery(tx, await getDelivery(tx, webhook, deliveryId), clock.now())
        return getDelivery(tx, webhook, deliveryId)
      })
      sender.announce()
      return delivery
    },

    /** Deletes deliveries that have been kept long enough. */
    async sweep(): Promise<void> {
      const before = seconds(clock.now()) - KEPT_SECONDS
      for (;;) {
        const deleted = await store.write('webhooks.sweep', (tx) =>
          deleteOldDeliveries(tx, before, SWEPT_AT_ONCE),
        )
        if (deleted < SWEPT_AT_ONCE) return
      }
    },
  }
}

const pausedAfter = (
  { paused }: WebhookRecord,
  wish: boolean | undefined,
): WebhookRecord['paused'] => {
  if (wish === undefined) return paused
  return wish ? (paused ?? 'owner') : null
}
