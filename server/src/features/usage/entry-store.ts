import type { ModelUsage } from '../../models/language-model.ts'
import type { Tx } from '../../platform/store/store.ts'

/** What costs. `run`: a model's turn in a run; `plugin_question`: what a plugin asked a model; `chat`, `audio`: requests that go through. */
export type UsageKind =
  | 'run'
  | 'plugin_question'
  | 'plugin_call'
  | 'code_interpreter'
  | 'chat'
  | 'audio'
  | 'embedding'

/** For whom something was used. */
export interface UsedBy {
  workspaceId: string
  personId: string
  /** Null: by a session of the panel, or the command line. */
  keyId: string | null
  assistantId: string | null
  runId: string | null
}

/** One thing that cost something. */
export interface UsageEntry {
  by: UsedBy
  /** What it counts, an id of a step, a call or a request: the second entry of a source is none. */
  source: string
  kind: UsageKind
  /** Null for what asks no model. */
  model: string | null
  /** Null where tokens are not what it is measured in, or nobody knows them. */
  tokens: ModelUsage | null
  /** Its model's server did not tell the tokens. */
  estimated: boolean
  /** How long it took, in ms. */
  ms: number
  /** Unix seconds. */
  at: number
}

const channelOf = ({ keyId }: UsedBy): string => (keyId === null ? 'panel' : 'api')

/** The price that holds for a model's name: its own, else that of the longest beginning. */
const PRICE = `from prices where workspace_id = ?1
  and ((is_prefix = 0 and model = cast(?17 as text)) or (is_prefix = 1 and substr(cast(?17 as text), 1, length(model)) = model))
  order by is_prefix, length(model) desc limit 1`

/**
 * Adds an entry to the ledger, with its money by the prices of this moment, in the write unit that stores what it counts: neither is
 * there without the other. What the ledger has already stays as it was, but for an estimate that is not folded yet: what the model's server
 * told of it after all takes its place, or an estimate that knows more of the answer.
 * @returns whether the ledger has changed
 */
export const noteUsage = async (tx: Tx, entry: UsageEntry): Promise<boolean> => {
  const { by, tokens } = entry
  const added = await tx.run(
    `insert into usage_entries (workspace_id, source, at, person_id, key_id, assistant_id, run_id, kind, model, channel,
       prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, model_calls, plugin_calls, ms, estimated, micros)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?18, ?19,
       (select ((cast(?11 as bigint) - cast(?13 as bigint)) * input + cast(?13 as bigint) * cached_input
          + cast(?12 as bigint) * output + 500000) / 1000000 ${PRICE}))
     on conflict (workspace_id, source) do update set at = excluded.at, prompt_tokens = excluded.prompt_tokens,
       completion_tokens = excluded.completion_tokens, cached_tokens = excluded.cached_tokens,
       reasoning_tokens = excluded.reasoning_tokens, ms = excluded.ms, micros = excluded.micros,
       estimated = excluded.estimated
     where usage_entries.estimated = 1 and usage_entries.folded = 0
       and (excluded.estimated = 0 or excluded.completion_tokens > usage_entries.completion_tokens)`,
    [
      by.workspaceId,
      entry.source,
      entry.at,
      by.personId,
      by.keyId,
      by.assistantId,
      by.runId,
      entry.kind,
      entry.model,
      channelOf(by),
      tokens?.promptTokens ?? 0,
      tokens?.completionTokens ?? 0,
      Math.min(tokens?.cachedTokens ?? 0, tokens?.promptTokens ?? 0),
      tokens?.reasoningTokens ?? 0,
      entry.model === null ? 0 : 1,
      entry.kind === 'plugin_call' ? 1 : 0,
      tokens === null ? null : entry.model,
      Math.round(entry.ms),
      entry.estimated ? 1 : 0,
    ],
  )
  return added === 1
}
