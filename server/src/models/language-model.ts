/** The one interface through which a run reaches a model. Providers convert at their own edge. */
import type { ResponseFormat, ToolChoice } from '@melzi/contract/run.ts'
import type { Upstream } from './upstream.ts'

export type PromptPart =
  | { type: 'text'; text: string }
  /** `url` is http(s) or `data:`; passed or inlined as the model's setting says. */
  | { type: 'image'; url: string; detail: 'auto' | 'low' | 'high' }

interface PromptToolCall {
  id: string
  name: string
  /** JSON text. */
  arguments: string
}

export type PromptMessage =
  | { role: 'system'; text: string }
  | { role: 'user'; parts: PromptPart[] }
  | { role: 'assistant'; text: string | null; toolCalls: PromptToolCall[] }
  | { role: 'tool'; callId: string; output: string }

export interface PromptFunction {
  name: string
  description: string | null
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>
  strict: boolean
}

export interface ModelRequest {
  /** The model's name as the client asked for it. */
  model: string
  messages: PromptMessage[]
  functions: PromptFunction[]
  toolChoice: ToolChoice
  parallelToolCalls: boolean
  temperature: number | null
  topP: number | null
  reasoningEffort: string | null
  responseFormat: ResponseFormat
  /** Upper bound of tokens to write; null for none. */
  maxTokens: number | null
}

export interface ModelUsage {
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  reasoningTokens: number
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/**
 * What a model says, in order. Tool calls come one after the other: `tool-call` opens call `index` (dense, from 0), its
 * `tool-arguments` follow before the next `tool-call` (behaviour.md 12 demands it). `finish` is last and comes exactly once.
 */
export type ModelPart =
  | { type: 'text'; delta: string }
  | { type: 'refusal'; delta: string }
  | { type: 'tool-call'; index: number; id: string; name: string }
  | { type: 'tool-arguments'; index: number; delta: string }
  | { type: 'finish'; reason: FinishReason; usage: ModelUsage | null }

export interface LanguageModel {
  /** Model context in tokens, prompt and answer together; null when unknown. */
  readonly contextTokens: number | null
  /**
   * Streams one answer. Ends with `finish` or throws {@link ModelError}; an aborted signal throws the signal's reason.
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelPart>
}

/** A failure of the model or its server, fit to be shown: `last_error` of the run takes code and message. Never holds a key. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
  readonly code: 'server_error' | 'rate_limit_exceeded' | 'invalid_prompt'
  /** When its server wants to be asked again, in ms from the failure; null when it did not say. */
  readonly retryAfterMs: number | null
  constructor(
    code: ModelError['code'],
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | null } = {},
  ) {
    super(message, options)
    this.code = code
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

/** Finds the model for a name: exact, then alias (wildcards), then the default. */
export interface ModelRegistry extends AsyncDisposable {
  /** The model that answers to this name; null when strict naming is on and nothing fits. */
  find(name: string): LanguageModel | null
  /**
   * The server behind this name, found as {@link find} does, for requests that go through as they came; null when nothing fits, and for
   * models whose own wire is not OpenAI's (the demo model, vendors' packages).
   */
  findUpstream(name: string): Upstream | null
  /** What `GET /models` lists. */
  list(): { id: string; created: number; ownedBy: string }[]
  /** State for `/readyz`: the default model's name and whether its server was last seen well. */
  state(): { ok: boolean; detail: string }
}
