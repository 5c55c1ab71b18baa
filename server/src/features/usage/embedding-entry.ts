import { estimateTokens } from '../../models/estimate-tokens.ts'
import { newId } from '../../platform/ids.ts'
import type { UsageEntry, UsedBy } from './entry-store.ts'

/** What embedding texts cost. @param reported tokens; null when the provider did not tell, and they are estimated @param at Unix seconds */
export const embeddingEntry = (
  by: UsedBy,
  model: string,
  texts: readonly string[],
  reported: number | null,
  at: number,
): UsageEntry => ({
  by,
  source: newId('usage_'),
  kind: 'embedding',
  model,
  tokens: {
    promptTokens: reported ?? texts.reduce((sum, text) => sum + estimateTokens(text), 0),
    completionTokens: 0,
    cachedTokens: 0,
    reasoningTokens: 0,
  },
  estimated: reported === null,
  ms: 0,
  at,
})
