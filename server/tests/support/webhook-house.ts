import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateWebhookRequest, type WebhookEventName } from '@melzi/contract/webhook.ts'
import { createAuditLog } from '../../src/features/audit/service.ts'
import { WebhookSender, type WebhookReach } from '../../src/features/webhooks/sender.ts'
import { createWebhookOutbox, createWebhookService } from '../../src/features/webhooks/service.ts'
import type { Clock } from '../../src/platform/clock.ts'
import { createLog } from '../../src/platform/log.ts'
import type { Principal } from '../../src/platform/principal.ts'
import { createSealer } from '../../src/platform/sealing.ts'
import type { Store } from '../../src/platform/store/store.ts'
import { assistantService } from './assistant-service.ts'
import { pluginService } from './plugin-house.ts'
import { toolResourcesFor } from './tool-resources.ts'

const sealer = createSealer('s'.repeat(32))

/** The services of webhooks on a real store. @param reach whom deliveries may reach */
export const openWebhooks = (
  store: Store,
  reach: WebhookReach,
  clock: Clock = { now: () => Date.now() },
) => {
  const stack = new AsyncDisposableStack()
  const log = createLog('silent')
  const sender = (options: { store?: Store; leaseMs?: number } = {}) => {
    const leaseMs = options.leaseMs ?? 15_000
    const made = { store: options.store ?? store, clock, log, sealer, reach, leaseMs, pollMs: 20 }
    return stack.use(new WebhookSender(made))
  }
  const first = sender()
  const assistants = assistantService({
    store,
    clock,
    plugins: pluginService(store, clock),
    toolResources: toolResourcesFor(clock),
    checkModel: () => undefined,
  })
  const audit = createAuditLog({ clock })
  const webhooks = createWebhookService({
    store,
    clock,
    sealer,
    assistants,
    audit,
    sender: first,
    reach,
  })
  return {
    webhooks,
    outbox: createWebhookOutbox({ clock }),
    /** Delivers once it was started. */
    sender: first,
    /** Another node's. */
    another: sender,
    create: (
      owner: Principal,
      url: string,
      events: readonly WebhookEventName[] = ['run.completed'],
      assistantId: string | null = null,
    ) =>
      webhooks.create(
        owner,
        CreateWebhookRequest.parse({ url, events, assistant_id: assistantId }),
      ),
    /** Waits until a delivery is as it should be, within 8 s. */
    until: async (
      owner: Principal,
      { id, webhookId }: { id: string; webhookId: string },
      is: (delivery: Awaited<ReturnType<typeof webhooks.getDelivery>>) => boolean,
    ) => {
      for (const end = Date.now() + 8_000; ; await sleep(10)) {
        const delivery = await webhooks.getDelivery(owner, webhookId, id)
        if (is(delivery)) return delivery
        assert.ok(Date.now() < end, `the delivery is still ${JSON.stringify(delivery)}`)
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
