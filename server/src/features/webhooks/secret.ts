import { createHmac, randomBytes } from 'node:crypto'
import type { Sealer } from '../../platform/sealing.ts'
import type { WebhookRecord } from './store.ts'

/** As Standard Webhooks has it: the marker, then the key in base64. */
const MARK = 'whsec_'
const KEY_BYTES = 32

export const newSecret = (): string => MARK + randomBytes(KEY_BYTES).toString('base64')

type Place = Pick<WebhookRecord, 'workspaceId' | 'id'>

const placeOf = ({ workspaceId, id }: Place): string => `${workspaceId}/${id}/webhook`

export const sealSecret = (sealer: Sealer, webhook: Place, secret: string): string =>
  sealer.seal(secret, placeOf(webhook))

/**
 * The secrets that a webhook's deliveries are signed with, the present one first.
 * @param now Unix seconds
 * @throws AppError 503 when they were sealed with another key
 */
export const openSecrets = (sealer: Sealer, webhook: WebhookRecord, now: number): string[] => {
  const { secret, previousSecret, previousUntil } = webhook
  const old = previousSecret !== null && (previousUntil ?? 0) > now ? [previousSecret] : []
  return [secret, ...old].map((sealed) => sealer.open(sealed, placeOf(webhook)))
}

/**
 * The header `webhook-signature`: HMAC-SHA256 over id, time and body for each secret (Standard Webhooks, "v1").
 * @param timestamp Unix seconds, the header `webhook-timestamp`
 */
export const signatureOf = (
  secrets: readonly string[],
  id: string,
  timestamp: number,
  body: string,
): string =>
  secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(MARK.length), 'base64')
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
    })
    .join(' ')
