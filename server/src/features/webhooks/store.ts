import type { DeliveredEventName, WebhookEventName } from '@melzi/contract/webhook.ts'
import { selectPage, type Page, type PageQuery } from '../../platform/store/page.ts'
import type { Reader, Row, SqlValue, Tx } from '../../platform/store/store.ts'

export interface WebhookRecord {
  workspaceId: string
  id: string
  ownerId: string
  /** The only assistant it hears of; null: all. */
  assistantId: string | null
  url: string
  events: WebhookEventName[]
  /** Sealed. */
  secret: string
  previousSecret: string | null
  /** Unix seconds. */
  previousUntil: number | null
  paused: 'owner' | 'gone' | null
  createdAt: number
}

export interface DeliveryRecord {
  workspaceId: string
  id: string
  webhookId: string
  ownerId: string
  event: DeliveredEventName
  eventKey: string
  body: string
  status: 'pending' | 'delivered' | 'failed'
  tries: number
  responseStatus: number | null
  error: string | null
  /** Unix seconds. */
  createdAt: number
  deliveredAt: number | null
  dueMs: number | null
  attempt: number
}

const text = (row: Row, column: string) => row[column] as string
const maybe = <T extends SqlValue>(row: Row, column: string) => row[column] as T | null

const toWebhook = (row: Row): WebhookRecord => ({
  workspaceId: text(row, 'workspace_id'),
  id: text(row, 'id'),
  ownerId: text(row, 'owner_id'),
  assistantId: maybe(row, 'assistant_id'),
  url: text(row, 'url'),
  events: JSON.parse(text(row, 'events')) as WebhookEventName[],
  secret: text(row, 'secret'),
  previousSecret: maybe(row, 'previous_secret'),
  previousUntil: maybe(row, 'previous_until'),
  paused: row['paused'] as WebhookRecord['paused'],
  createdAt: row['created_at'] as number,
})

export const toDelivery = (row: Row): DeliveryRecord => ({
  workspaceId: text(row, 'workspace_id'),
  id: text(row, 'id'),
  webhookId: text(row, 'webhook_id'),
  ownerId: text(row, 'owner_id'),
  event: row['event'] as DeliveredEventName,
  eventKey: text(row, 'event_key'),
  body: text(row, 'body'),
  status: row['status'] as DeliveryRecord['status'],
  tries: row['tries'] as number,
  responseStatus: maybe(row, 'response_status'),
  error: maybe(row, 'error'),
  createdAt: row['created_at'] as number,
  deliveredAt: maybe(row, 'delivered_at'),
  dueMs: maybe(row, 'due_ms'),
  attempt: row['attempt'] as number,
})

interface Owner {
  workspaceId: string
  personId: string
}

export const findWebhook = async (
  db: Reader,
  workspaceId: string,
  id: string,
): Promise<WebhookRecord | null> => {
  const row = await db.get('select * from webhooks where workspace_id = ?1 and id = ?2', [
    workspaceId,
    id,
  ])
  return row === null ? null : toWebhook(row)
}

/** The same, its row locked until the unit ends. */
export const findWebhookForUpdate = async (
  tx: Tx,
  workspaceId: string,
  id: string,
): Promise<WebhookRecord | null> => {
  const row = await tx.get(
    'update webhooks set id = id where workspace_id = ?1 and id = ?2 returning *',
    [workspaceId, id],
  )
  return row === null ? null : toWebhook(row)
}

export const listWebhooks = async (
  db: Reader,
  owner: Owner,
  query: PageQuery,
): Promise<Page<WebhookRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'webhooks',
      where: 'workspace_id = ?1 and owner_id = ?2',
      params: [owner.workspaceId, owner.personId],
      orderBy: 'id',
      kind: 'webhook',
    },
    query,
  )
  return { items: page.items.map(toWebhook), hasMore: page.hasMore }
}

/** How many a person has. Its membership is locked until the unit ends, so that nobody counts beside it. */
export const countWebhooks = async (tx: Tx, owner: Owner): Promise<number> => {
  const params = [owner.workspaceId, owner.personId]
  await tx.run(
    'update memberships set role = role where workspace_id = ?1 and person_id = ?2',
    params,
  )
  const row = await tx.get<{ count: number }>(
    'select count(*) as count from webhooks where workspace_id = ?1 and owner_id = ?2',
    params,
  )
  return row?.count ?? 0
}

export const insertWebhook = async (tx: Tx, webhook: WebhookRecord): Promise<void> => {
  await tx.run(
    `insert into webhooks (workspace_id, id, owner_id, assistant_id, url, events, secret, created_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
    [
      webhook.workspaceId,
      webhook.id,
      webhook.ownerId,
      webhook.assistantId,
      webhook.url,
      JSON.stringify(webhook.events),
      webhook.secret,
      webhook.createdAt,
    ],
  )
}

export const updateWebhook = async (tx: Tx, webhook: WebhookRecord): Promise<void> => {
  await tx.run(
    `update webhooks set url = ?3, events = ?4, secret = ?5, previous_secret = ?6, previous_until = ?7, paused = ?8
     where workspace_id = ?1 and id = ?2`,
    [
      webhook.workspaceId,
      webhook.id,
      webhook.url,
      JSON.stringify(webhook.events),
      webhook.secret,
      webhook.previousSecret,
      webhook.previousUntil,
      webhook.paused,
    ],
  )
}

export const deleteWebhook = async (tx: Tx, workspaceId: string, id: string): Promise<void> => {
  await tx.run('delete from webhooks where workspace_id = ?1 and id = ?2', [workspaceId, id])
}

export const findDelivery = async (
  db: Reader,
  workspaceId: string,
  webhookId: string,
  id: string,
): Promise<DeliveryRecord | null> => {
  const row = await db.get(
    'select * from webhook_deliveries where workspace_id = ?1 and webhook_id = ?2 and id = ?3',
    [workspaceId, webhookId, id],
  )
  return row === null ? null : toDelivery(row)
}

export const listDeliveries = async (
  db: Reader,
  webhook: Pick<WebhookRecord, 'workspaceId' | 'id'>,
  query: PageQuery,
): Promise<Page<DeliveryRecord>> => {
  const page = await selectPage<Row>(
    db,
    {
      table: 'webhook_deliveries',
      where: 'workspace_id = ?1 and webhook_id = ?2',
      params: [webhook.workspaceId, webhook.id],
      orderBy: 'id',
      kind: 'webhook delivery',
    },
    query,
  )
  return { items: page.items.map(toDelivery), hasMore: page.hasMore }
}

export const lastDelivery = async (
  db: Reader,
  webhook: Pick<WebhookRecord, 'workspaceId' | 'id'>,
): Promise<DeliveryRecord | null> => {
  const row = await db.get(
    'select * from webhook_deliveries where workspace_id = ?1 and webhook_id = ?2 order by id desc limit 1',
    [webhook.workspaceId, webhook.id],
  )
  return row === null ? null : toDelivery(row)
}

/** Deletes some of those that are older than `before` (Unix seconds) and that nobody is sending. @returns how many */
export const deleteOldDeliveries = (tx: Tx, before: number, most: number): Promise<number> =>
  tx.run(
    `delete from webhook_deliveries where (workspace_id, id) in (
       select workspace_id, id from webhook_deliveries where created_at < ?1 and lease_owner is null limit ?2
     )`,
    [before, most],
  )
