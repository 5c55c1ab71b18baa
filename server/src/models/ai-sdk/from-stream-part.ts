import type {
  LanguageModelV4FinishReason,
  LanguageModelV4ReasoningPart,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider'

import type { FinishReason, ModelPart, ModelUsage } from '../language-model.ts'
import { createToolCallOrder } from '../openai-compatible/tool-call-order.ts'
import type { ThoughtMemory } from './thought-memory.ts'

const FINISH: Partial<Record<LanguageModelV4FinishReason['unified'], FinishReason>> = {
  length: 'length',
  'content-filter': 'content_filter',
}

const usageFrom = ({ inputTokens, outputTokens }: LanguageModelV4Usage): ModelUsage | null =>
  inputTokens.total === undefined && outputTokens.total === undefined
    ? null
    : {
        promptTokens: inputTokens.total ?? 0,
        completionTokens: outputTokens.total ?? 0,
        cachedTokens: inputTokens.cacheRead ?? 0,
        reasoningTokens: outputTokens.reasoning ?? 0,
      }

interface SeenCall {
  index: number
  hasArguments: boolean
  options: SharedV4ProviderOptions | null
}

/** What the vendor said went wrong within its answer, in its form. */
export class StreamedFailure extends Error {
  override readonly name = 'StreamedFailure'
  readonly reported: unknown
  constructor(reported: unknown) {
    super('The vendor reported an error within its answer.', { cause: reported })
    this.reported = reported
  }
}

export interface PartReader {
  /** The parts one piece brings. @throws {StreamedFailure} for an `error` piece */
  read(part: LanguageModelV4StreamPart): ModelPart[]
  /** True once `finish` has come. */
  readonly isFinished: boolean
  /**
   * What was held back, and the `finish` part.
   * @throws {StreamedFailure} for an answer that ended by an error; {TypeError} when a call never got a name
   */
  end(): ModelPart[]
}

/**
 * Turns pieces of an AI SDK stream into model parts, with tool calls in the order the run needs, and keeps the thinking before them.
 * @param options.usedIds ids of earlier calls of the conversation
 */
export const createPartReader = (
  options: { usedIds: ReadonlySet<string>; onlyFirstCall: boolean },
  memory: ThoughtMemory,
): PartReader => {
  const order = createToolCallOrder(options.usedIds, options.onlyFirstCall)
  const seen = new Map<string, SeenCall>()
  const givenIds: string[] = []
  const reasoning = new Map<string, LanguageModelV4ReasoningPart>()
  let finish: Extract<LanguageModelV4StreamPart, { type: 'finish' }> | null = null
  let lateText = ''

  const callOf = (id: string): SeenCall => {
    const call = seen.get(id) ?? { index: seen.size, hasArguments: false, options: null }
    seen.set(id, call)
    return call
  }

  const think = (part: {
    id: string
    delta?: string
    providerMetadata?: SharedV4ProviderOptions
  }) => {
    const before = reasoning.get(part.id)
    reasoning.set(part.id, {
      type: 'reasoning',
      text: (before?.text ?? '') + (part.delta ?? ''),
      providerOptions: { ...before?.providerOptions, ...part.providerMetadata },
    })
  }

  const readCall = (
    id: string,
    name: string | undefined,
    text: string | undefined,
    metadata: SharedV4ProviderOptions | undefined,
    out: ModelPart[],
  ): void => {
    const call = callOf(id)
    call.options = metadata ?? call.options
    // A whole call comes again after its pieces.
    const fresh = name !== undefined && text !== undefined && call.hasArguments ? '' : (text ?? '')
    call.hasArguments ||= fresh !== ''
    order.read(
      {
        index: call.index,
        id,
        function: { ...(name === undefined ? {} : { name }), arguments: fresh },
      },
      out,
    )
  }

  const readInto = (part: LanguageModelV4StreamPart, out: ModelPart[]): void => {
    switch (part.type) {
      case 'text-delta':
        if (order.count > 0) lateText += part.delta
        else if (part.delta !== '') out.push({ type: 'text', delta: part.delta })
        break
      case 'reasoning-start':
      case 'reasoning-delta':
      case 'reasoning-end':
        think(part)
        break
      case 'tool-input-start':
        if (part.providerExecuted !== true)
          readCall(part.id, part.toolName, undefined, part.providerMetadata, out)
        break
      case 'tool-input-delta':
        if (seen.has(part.id)) readCall(part.id, undefined, part.delta, undefined, out)
        break
      case 'tool-call':
        if (part.providerExecuted !== true)
          readCall(part.toolCallId, part.toolName, part.input, part.providerMetadata, out)
        break
      case 'finish':
        finish = part
        break
      case 'error':
        throw new StreamedFailure(part.error)
      default:
      // Sources, files, metadata and what future versions add have no place in the run.
    }
  }

  const noteIds = (parts: ModelPart[]): ModelPart[] => {
    for (const part of parts) if (part.type === 'tool-call') givenIds.push(part.id)
    return parts
  }

  const keepThoughts = (): void => {
    const calls = [...seen.values()]
    for (const [i, id] of givenIds.entries())
      memory.keep(id, {
        reasoning: [...reasoning.values()],
        callOptions: calls[i]?.options ?? null,
      })
  }

  const reason = (): FinishReason =>
    FINISH[finish?.finishReason.unified ?? 'stop'] ?? (order.count > 0 ? 'tool_calls' : 'stop')

  return {
    get isFinished() {
      return finish !== null
    },
    read: (part) => {
      const out: ModelPart[] = []
      readInto(part, out)
      return noteIds(out)
    },
    end: () => {
      const out: ModelPart[] = []
      // Gemini ends so when it wrote a call that nobody can read: an empty answer would hide it.
      const { unified, raw } = finish?.finishReason ?? {}
      if (unified === 'error' && order.count === 0)
        throw new StreamedFailure({ message: `the answer ended with ${raw ?? 'an error'}` })
      order.end(out)
      noteIds(out)
      keepThoughts()
      if (lateText.trim() !== '') out.push({ type: 'text', delta: lateText })
      out.push({
        type: 'finish',
        reason: reason(),
        usage: finish === null ? null : usageFrom(finish.usage),
      })
      return out
    },
  }
}
