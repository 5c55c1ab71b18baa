import type {
  DeliveredEventName,
  RunEventData,
  ShareEventData,
  WebhookEventName,
} from '@melzi/contract/webhook.ts'
import type { ModelUsage } from '../../models/language-model.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import type { Tx } from '../../platform/store/store.ts'
import { findListeners, insertDelivery, type Listener } from './outbox-store.ts'

/** As much of a run as its assistant's owner may hear; times are Unix seconds. */
export interface NotedRun {
  workspaceId: string
  id: string
  threadId: string
  assistantId: string
  /** Whose run it is. */
  ownerId: string
  attempt: number
  status: string
  createdAt: number
  startedAt: number | null
  usage: ModelUsage | null
  lastError: { code: string } | null
  incompleteReason: string | null
}

export interface NotedShare {
  type: 'assistant.shared' | 'assistant.unshared'
  workspaceId: string
  assistantId: string
  /** Of the share. */
  id: string
  granteeKind: 'person' | 'group' | 'workspace' | 'link'
  /** Of the person or group; anything else for the others. */
  granteeId: string
  access: 'use' | 'view' | 'edit'
  /** Who did it; null: the server. */
  by: string | null
}

const RUN_EVENTS: Readonly<Record<string, WebhookEventName>> = {
  completed: 'run.completed',
  incomplete: 'run.incomplete',
  failed: 'run.failed',
  cancelled: 'run.cancelled',
  expired: 'run.expired',
  requires_action: 'run.requires_action',
}

export type WebhookOutbox = ReturnType<typeof createWebhookOutbox>

/** Notes what webhooks are to be told, in the unit in which it happens: neither is there without the other. */
export const createWebhookOutbox = ({ clock }: { clock: Clock }) => {
  const note = async (
    tx: Tx,
    workspaceId: string,
    listeners: readonly Listener[],
    event: { type: WebhookEventName; key: string; data: object },
  ): Promise<void> => {
    const id = newId('evt_')
    for (const webhook of listeners) {
      if (!(JSON.parse(webhook.events) as string[]).includes(event.type)) continue
      await insertDelivery(tx, {
        ...newDelivery(
          clock,
          workspaceId,
          webhook.id,
          webhook.owner_id,
          event.type,
          event.data,
          id,
        ),
        eventKey: event.key,
      })
    }
  }

  return {
    /** Notes a run that has just ended or waits for its client. Where no webhook hears of it, this reads one index and writes nothing. */
    noteRun: async (tx: Tx, run: NotedRun): Promise<void> => {
      const type = RUN_EVENTS[run.status]
      if (type === undefined) return
      const listeners = await findListeners(tx, run.workspaceId, run.assistantId, run.ownerId)
      if (listeners.length === 0) return
      // The attempt rises whenever the run goes on, and a unit that is tried again has the same.
      const key = `${run.id} ${run.status} ${run.attempt}`
      const data = runData(run, seconds(clock.now()))
      await note(tx, run.workspaceId, listeners, { type, key, data })
    },

    /** Notes that an assistant was shared, or a share taken back: for its owner, and for the person it is or was shared with. */
    noteShare: async (tx: Tx, share: NotedShare): Promise<void> => {
      const { workspaceId, assistantId, type } = share
      const person = share.granteeKind === 'person' ? share.granteeId : ''
      const listeners = await findListeners(tx, workspaceId, assistantId, person)
      if (listeners.length === 0) return
      // Shared, taken back, shared again: each is a new thing, and the unit writes none of them twice.
      const key = newId('evt_')
      await note(tx, workspaceId, listeners, { type, key, data: shareData(share) })
    },
  }
}

/** A delivery as it begins: due at once. */
export const newDelivery = (
  clock: Clock,
  workspaceId: string,
  webhookId: string,
  ownerId: string,
  event: DeliveredEventName,
  data: object,
  eventId: string = newId('evt_'),
) => {
  const nowMs = clock.now()
  const createdAt = seconds(nowMs)
  const body = { id: eventId, object: 'event', type: event, created_at: createdAt, data }
  return {
    workspaceId,
    id: newId('delivery_'),
    webhookId,
    ownerId,
    event,
    eventKey: eventId,
    body: JSON.stringify(body),
    createdAt,
    dueMs: nowMs,
  }
}

const runData = (run: NotedRun, now: number): RunEventData => {
  const ended = run.status !== 'requires_action'
  const { usage } = run
  return {
    id: run.id,
    object: 'thread.run',
    created_at: run.createdAt,
    assistant_id: run.assistantId,
    thread_id: run.threadId,
    status: run.status,
    started_at: run.startedAt,
    ended_at: ended ? now : null,
    usage:
      usage === null || !ended
        ? null
        : {
            prompt_tokens: usage.promptTokens,
            completion_tokens: usage.completionTokens,
            total_tokens: usage.promptTokens + usage.completionTokens,
          },
    last_error: run.lastError === null ? null : { code: run.lastError.code },
    incomplete_details: run.incompleteReason === null ? null : { reason: run.incompleteReason },
  }
}

const shareData = (share: NotedShare): ShareEventData => ({
  id: share.id,
  object: 'assistant.share',
  assistant_id: share.assistantId,
  grantee: {
    type: share.granteeKind,
    id: share.granteeKind === 'person' || share.granteeKind === 'group' ? share.granteeId : null,
  },
  access: share.access,
  by: share.by,
})
