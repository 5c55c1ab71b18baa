/** What is to be told, and to whom: written in the units of those who have something to tell. */
import type { Reader, Tx } from '../../platform/store/store.ts'
import type { DeliveryRecord } from './store.ts'

export interface Listener {
  id: string
  owner_id: string
  /** JSON list of names. */
  events: string
}

/** Webhooks of people who may hear of an assistant, by themselves or as one of `people`; those that are paused hear nothing. */
export const findListeners = (
  db: Reader,
  workspaceId: string,
  assistantId: string,
  personId: string,
): Promise<Listener[]> =>
  db.all<Listener & Record<string, string>>(
    `select id, owner_id, events from webhooks
     where workspace_id = ?1 and paused is null and (assistant_id is null or assistant_id = ?2)
       and (owner_id = ?3 or owner_id = (select owner_id from assistants where workspace_id = ?1 and id = ?2))`,
    [workspaceId, assistantId, personId],
  )

/** Writes a delivery, unless the same thing was noted for its webhook before. */
export const insertDelivery = async (
  tx: Tx,
  delivery: Pick<
    DeliveryRecord,
    'workspaceId' | 'id' | 'webhookId' | 'ownerId' | 'event' | 'eventKey' | 'body' | 'createdAt'
  > & { dueMs: number },
): Promise<void> => {
  await tx.run(
    `insert into webhook_deliveries (workspace_id, id, webhook_id, owner_id, event, event_key, body, status, created_at, due_ms)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?9)
     on conflict (workspace_id, webhook_id, event_key) do nothing`,
    [
      delivery.workspaceId,
      delivery.id,
      delivery.webhookId,
      delivery.ownerId,
      delivery.event,
      delivery.eventKey,
      delivery.body,
      delivery.createdAt,
      delivery.dueMs,
    ],
  )
}
