import type { LanguageModelV4ReasoningPart, SharedV4ProviderOptions } from '@ai-sdk/provider'

/**
 * What a vendor wants back beside a tool call: the thinking before it, and what it attached to the call (Anthropic's signed thinking
 * blocks, Gemini's thought signatures). Neither is part of the Assistants wire.
 */
export interface Thoughts {
  reasoning: LanguageModelV4ReasoningPart[]
  callOptions: SharedV4ProviderOptions | null
}

export interface ThoughtMemory {
  /** @param callId the id under which the run knows the call */
  keep(callId: string, thoughts: Thoughts): void
  find(callId: string): Thoughts | null
}

/** Calls that are remembered; a run's turns follow each other closely. */
const MAX_CALLS = 2000

/** Lives as long as the model, in this process only: what it has lost, the vendors can do without, as they do after a change of model. */
export const createThoughtMemory = (): ThoughtMemory => {
  const kept = new Map<string, Thoughts>()
  return {
    keep: (callId, thoughts) => {
      if (thoughts.reasoning.length === 0 && thoughts.callOptions === null) return
      kept.set(callId, thoughts)
      const [oldest] = kept.keys()
      if (kept.size > MAX_CALLS && oldest !== undefined) kept.delete(oldest)
    },
    find: (callId) => kept.get(callId) ?? null,
  }
}
