import { seconds, type Clock } from '../../platform/clock.ts'
import { AppError } from '../../platform/errors.ts'
import { LeaseHolder, type Hold } from '../../platform/lease-holder.ts'
import type { Logger } from '../../platform/log.ts'
import { safeExchange, type SafeFetchPolicy } from '../../platform/safe-fetch.ts'
import type { Sealer } from '../../platform/sealing.ts'
import type { Store } from '../../platform/store/store.ts'
import {
  claimDelivery,
  endAttempt,
  hasDueDelivery,
  holdPending,
  letDeliveryGo,
  mayHear,
  releaseDeliveries,
  renewDeliveries,
  type Full,
  type Outcome,
} from './job-store.ts'
import { openSecrets, signatureOf } from './secret.ts'
import { findWebhook, updateWebhook, type DeliveryRecord, type WebhookRecord } from './store.ts'

/** Tries of one delivery. */
const MOST_TRIES = 8
/** From the first try to the second, ms; each pause is four times the one before: 23 hours to the eighth. */
const FIRST_PAUSE_MS = 15_000
const PAUSE_GROWTH = 4
/** Pauses are up to this share shorter or longer. */
const JITTER = 0.2
/** From the look-up of the name to the end of the answer. */
const TIMEOUT_MS = 10_000
/** What is read of an answer, bytes; nothing of it is kept. */
const MAX_ANSWER_BYTES = 16_384
const MAX_BODY_BYTES = 65_536
/** In flight on one node: altogether, of one webhook, of one person. */
const CONCURRENCY = 64
const PER_WEBHOOK = 4
const PER_PERSON = 12

export interface SenderOptions {
  store: Store
  clock: Clock
  log: Logger
  sealer: Sealer
  /** Where deliveries may go, and for tests how names are resolved. */
  reach: WebhookReach
  leaseMs: number
  pollMs: number
}

export type WebhookReach = Pick<SafeFetchPolicy, 'internalHosts' | 'resolve' | 'ca'>

/** The rules of the way out. @param reach the operator's list of internal hosts */
export const policyOf = (reach: WebhookReach): SafeFetchPolicy => ({
  ...reach,
  hosts: 'public-and-internal',
  maxUpBytes: MAX_BODY_BYTES,
  maxDownBytes: MAX_ANSWER_BYTES,
  timeoutMs: TIMEOUT_MS,
})

/** The pause after so many tries, ms. @param chance from 0 to 1 */
export const pauseAfter = (tries: number, chance: number): number =>
  Math.round(FIRST_PAUSE_MS * PAUSE_GROWTH ** (tries - 1) * (1 - JITTER + 2 * JITTER * chance))

/** Counts what is in flight by some name. */
class Counts {
  readonly #counts = new Map<string, number>()

  /** @param by 1 or -1 */
  add(name: string, by: number): void {
    const count = (this.#counts.get(name) ?? 0) + by
    if (count === 0) this.#counts.delete(name)
    else this.#counts.set(name, count)
  }

  atLeast(most: number): string[] {
    return [...this.#counts].filter(([, count]) => count >= most).map(([name]) => name)
  }
}

/** Delivers what is due: at least once, each try signed anew under the same id. */
export class WebhookSender implements AsyncDisposable {
  readonly #options: SenderOptions
  readonly #holder: LeaseHolder<DeliveryRecord>
  readonly #byWebhook = new Counts()
  readonly #byPerson = new Counts()

  constructor(options: SenderOptions) {
    this.#options = options
    const { store, clock, log, leaseMs, pollMs } = options
    this.#holder = new LeaseHolder<DeliveryRecord>({
      store,
      clock,
      log,
      leaseMs,
      pollMs,
      name: 'webhooks',
      concurrency: CONCURRENCY,
      statements: {
        isDue: async (db, nowMs, room) => room && (await hasDueDelivery(db, nowMs, this.#full)),
        claim: (tx, claim) => claimDelivery(tx, claim, this.#full),
        renew: renewDeliveries,
        letGo: letDeliveryGo,
        release: releaseDeliveries,
        rowOf: (delivery) => delivery,
      },
      work: (delivery, hold) => this.#work(delivery, hold),
    })
  }

  /** Deliveries in flight here. */
  get active(): number {
    return this.#holder.active
  }

  /** Begins to deliver. @param orphaned true when no other node can live */
  start(orphaned: boolean): Promise<void> {
    return this.#holder.start(orphaned)
  }

  /** Something was noted that somebody waits for; what runs note is found by the next poll. */
  announce(): void {
    this.#holder.announce()
  }

  /** Begins no further delivery, and waits until none is under way or the time is over. @returns deliveries still going */
  drain(milliseconds: number): Promise<number> {
    return this.#holder.drain(milliseconds)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#holder[Symbol.asyncDispose]()
  }

  get #full(): Full {
    return {
      webhooks: this.#byWebhook.atLeast(PER_WEBHOOK),
      people: this.#byPerson.atLeast(PER_PERSON),
    }
  }

  async #work(delivery: DeliveryRecord, hold: Hold): Promise<'rests' | 'unfinished'> {
    const { log } = this.#options
    this.#byWebhook.add(delivery.webhookId, 1)
    this.#byPerson.add(delivery.ownerId, 1)
    try {
      await this.#deliver(delivery, hold)
      return 'rests'
    } catch (error) {
      if (hold.signal.aborted) return 'rests'
      log.error(
        { err: error, delivery: delivery.id },
        'a webhook could not be delivered; it is tried again',
      )
      return 'unfinished'
    } finally {
      const { webhooks, people } = this.#full
      const madeRoom = webhooks.includes(delivery.webhookId) || people.includes(delivery.ownerId)
      this.#byWebhook.add(delivery.webhookId, -1)
      this.#byPerson.add(delivery.ownerId, -1)
      if (madeRoom) this.#holder.wake()
    }
  }

  async #deliver(delivery: DeliveryRecord, { signal }: Hold): Promise<void> {
    const { store } = this.#options
    const { workspaceId, webhookId, ownerId } = delivery
    const webhook = await findWebhook(store, workspaceId, webhookId)
    // its deliveries are gone with it
    if (webhook === null) return
    if (webhook.paused !== null) return this.#end(delivery, held(delivery))
    if (!(await mayHear(store, workspaceId, ownerId))) {
      return this.#end(delivery, refused('Its owner is no longer a member of the workspace.'))
    }
    const answer = await this.#send(webhook, delivery, signal)
    await this.#end(delivery, this.#outcomeOf(delivery, answer), answer.status === 410)
  }

  async #send(
    webhook: WebhookRecord,
    delivery: DeliveryRecord,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { clock, sealer, reach } = this.#options
    const timestamp = seconds(clock.now())
    const secrets = openSecrets(sealer, webhook, timestamp)
    const request = {
      method: 'POST',
      url: webhook.url,
      headers: [
        ['content-type', 'application/json'],
        ['user-agent', 'Melzi-Webhooks'],
        ['webhook-id', delivery.id],
        ['webhook-timestamp', String(timestamp)],
        ['webhook-signature', signatureOf(secrets, delivery.id, timestamp, delivery.body)],
      ] as const,
      body: Buffer.from(delivery.body),
    }
    let status: number | null = null
    try {
      await safeExchange(request, policyOf(reach), signal, async (message, head) => {
        status = head.status
        let read = 0
        for await (const chunk of message as AsyncIterable<Buffer>) {
          read += chunk.length
          // leaving the loop closes the connection
          if (read > MAX_ANSWER_BYTES) break
        }
      })
    } catch (error) {
      signal.throwIfAborted()
      // who has answered has heard, whatever became of the rest of the answer
      if (status === null) return { status, error: messageOf(error) }
    }
    return { status, error: null }
  }

  #outcomeOf(delivery: DeliveryRecord, { status, error }: Answer): Outcome {
    const { clock } = this.#options
    const tried = { tried: true, responseStatus: status, deliveredAt: null }
    if (status !== null && status >= 200 && status < 300) {
      const deliveredAt = seconds(clock.now())
      return { ...tried, status: 'delivered', error: null, deliveredAt, dueMs: null }
    }
    const why = error ?? `The answer was ${status}.`
    const tries = delivery.tries + 1
    if (status === 410 || tries >= MOST_TRIES) {
      return { ...tried, status: 'failed', error: why, dueMs: null }
    }
    const dueMs = clock.now() + pauseAfter(tries, Math.random())
    return { ...tried, status: 'pending', error: why, dueMs }
  }

  /** @param gone whether the address is no more, so that the webhook is paused */
  async #end(delivery: DeliveryRecord, outcome: Outcome, gone = false): Promise<void> {
    const { store } = this.#options
    const { workspaceId, webhookId } = delivery
    await store.write('webhooks.end-try', async (tx) => {
      if (!(await endAttempt(tx, delivery, outcome)) || !gone) return
      const webhook = await findWebhook(tx, workspaceId, webhookId)
      if (webhook === null || webhook.paused !== null) return
      await updateWebhook(tx, { ...webhook, paused: 'gone' })
      await holdPending(tx, workspaceId, webhookId)
    })
  }
}

interface Answer {
  status: number | null
  error: string | null
}

/** It waits for its webhook to go on. */
const held = ({ responseStatus, error }: DeliveryRecord): Outcome => ({
  status: 'pending',
  tried: false,
  responseStatus,
  error,
  deliveredAt: null,
  dueMs: null,
})

const refused = (error: string): Outcome => ({
  status: 'failed',
  tried: false,
  responseStatus: null,
  error,
  deliveredAt: null,
  dueMs: null,
})

/** Only what safe-fetch says itself: anything else is a fault of this server, and goes to the log. */
const messageOf = (error: unknown): string => {
  if (error instanceof AppError && error.code !== null) return error.message
  throw error
}
