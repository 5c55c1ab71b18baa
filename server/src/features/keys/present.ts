import type { ApiKeyObject, NewApiKeyObject, NewShareKeyObject } from '@melzi/contract/key.ts'
import { shareSnippetsOf } from '@melzi/contract/reference/share-snippets.ts'
import type { Key, NewKey } from './service.ts'

const MILLIONTHS = 1_000_000

export const presentKey = (key: Key): ApiKeyObject => ({
  id: key.id,
  object: 'api_key',
  name: key.name,
  prefix: key.prefix,
  last_four: key.lastFour,
  created_at: key.createdAt,
  last_used_at: key.lastUsedAt,
  expires_at: key.expiresAt,
  paused: key.paused,
  assistant_ids: key.assistantIds,
  access: key.most === 'use' ? 'use' : 'manage',
  origins: key.origins,
  limits: {
    requests_per_minute: key.limits.requestsPerMinute,
    tokens_per_day: key.limits.tokensPerDay,
    money_per_month:
      key.limits.moneyPerMonth === null ? null : key.limits.moneyPerMonth / MILLIONTHS,
  },
  shared_assistant_id: key.shared ? (key.assistantIds?.[0] ?? null) : null,
  person_id: key.personId,
})

/** With its text, once. */
export const presentNewKey = ({ key, text }: NewKey): NewApiKeyObject => ({
  ...presentKey(key),
  key: text,
})

/** With its text, and programs that talk to its assistant with it. @param baseUrl where clients find the wire */
export const presentShareKey = (made: NewKey, baseUrl: string): NewShareKeyObject => {
  const assistantId = made.key.assistantIds?.[0] ?? ''
  return {
    ...presentNewKey(made),
    assistant_id: assistantId,
    base_url: baseUrl,
    snippets: shareSnippetsOf({ baseUrl, assistantId, key: made.text }),
  }
}
