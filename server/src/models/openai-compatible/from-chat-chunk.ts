import type { FinishReason, ModelPart, ModelUsage } from '../language-model.ts'
import { createToolCallOrder } from './tool-call-order.ts'
import type { ToolCallDelta } from './tool-call-order.ts'

/** What is read of a chunk, or of a whole answer; servers leave out, or send null for, any of it. */
interface ChatChunk {
  choices?: ChatChoice[] | null
  usage?: ChatUsage | null
}

interface ChatChoice {
  index?: number | null
  delta?: ChatDelta | null
  message?: ChatDelta | null
  finish_reason?: string | null
  /** Inside the choice in some servers. */
  usage?: ChatUsage | null
}

interface ChatDelta {
  content?: string | { type?: string; text?: string | null }[] | null
  refusal?: string | null
  tool_calls?: ToolCallDelta[] | ToolCallDelta | null
  /** The form before tools. */
  function_call?: { name?: string | null; arguments?: unknown } | null
}

interface ChatUsage {
  prompt_tokens?: number | null
  completion_tokens?: number | null
  prompt_tokens_details?: { cached_tokens?: number | null } | null
  completion_tokens_details?: { reasoning_tokens?: number | null } | null
}

const FINISH: Record<string, FinishReason> = {
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  tool_use: 'tool_calls',
  content_filter: 'content_filter',
  safety: 'content_filter',
  recitation: 'content_filter',
}

const usageFrom = (usage: ChatUsage): ModelUsage | null =>
  typeof usage.prompt_tokens !== 'number'
    ? null
    : {
        promptTokens: usage.prompt_tokens,
        completionTokens: usage.completion_tokens ?? 0,
        cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
        reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
      }

const textIn = (content: ChatDelta['content']): string => {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => (typeof part.text === 'string' ? part.text : '')).join('')
}

export interface ChunkReader {
  /** The parts one chunk (or one whole answer) brings. */
  read(chunk: unknown): ModelPart[]
  /** True once a finish reason has come: what follows can only be usage. */
  readonly isFinished: boolean
  /** What was held back, and the `finish` part. */
  end(): ModelPart[]
}

/**
 * Turns chat completions chunks, and whole answers, into model parts. Keeps to the order the run needs: text that a model still
 * writes after it began to call tools comes after the calls (white space alone is dropped there).
 */
export const createChunkReader = (options: {
  usedIds: ReadonlySet<string>
  onlyFirstCall: boolean
}): ChunkReader => {
  const calls = createToolCallOrder(options.usedIds, options.onlyFirstCall)
  let finish: string | null = null
  let usage: ModelUsage | null = null
  let lateText = ''

  const readDelta = (delta: ChatDelta, out: ModelPart[]): void => {
    const text = textIn(delta.content)
    if (text !== '' && calls.count > 0) lateText += text
    else if (text !== '') out.push({ type: 'text', delta: text })
    if (typeof delta.refusal === 'string' && delta.refusal !== '')
      out.push({ type: 'refusal', delta: delta.refusal })
    if (delta.tool_calls !== undefined && delta.tool_calls !== null) {
      const list = Array.isArray(delta.tool_calls) ? delta.tool_calls : [delta.tool_calls]
      for (const call of list) calls.read(call, out)
    }
    if (delta.function_call !== undefined && delta.function_call !== null) {
      calls.read({ index: 0, function: delta.function_call }, out)
    }
  }

  const finishReason = (): FinishReason => {
    const reason = FINISH[(finish ?? '').toLowerCase()] ?? 'stop'
    if (reason === 'stop' && calls.count > 0) return 'tool_calls'
    return reason === 'tool_calls' && calls.count === 0 ? 'stop' : reason
  }

  return {
    get isFinished() {
      return finish !== null
    },
    read: (value) => {
      const chunk = value as ChatChunk | null
      const out: ModelPart[] = []
      for (const choice of chunk?.choices ?? []) {
        if ((choice.index ?? 0) !== 0) continue
        const delta = choice.delta ?? choice.message
        if (delta !== undefined && delta !== null) readDelta(delta, out)
        if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '')
          finish = choice.finish_reason
        if (choice.usage !== undefined && choice.usage !== null)
          usage = usageFrom(choice.usage) ?? usage
      }
      if (chunk?.usage !== undefined && chunk.usage !== null)
        usage = usageFrom(chunk.usage) ?? usage
      return out
    },
    end: () => {
      const out: ModelPart[] = []
      calls.end(out)
      if (lateText.trim() !== '') out.push({ type: 'text', delta: lateText })
      out.push({ type: 'finish', reason: finishReason(), usage })
      return out
    },
  }
}
