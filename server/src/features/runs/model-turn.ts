import type { FunctionToolCall } from '@melzi/contract/run-step.ts'
import type {
  FinishReason,
  LanguageModel,
  ModelRequest,
  ModelUsage,
} from '../../models/language-model.ts'
import { estimatePromptTokens, estimateTokens } from '../../models/estimate-tokens.ts'
import { ModelError } from '../../models/language-model.ts'
import { newId } from '../../platform/ids.ts'
import type { RunJournal, TextPart } from './run-journal.ts'

/** What one answer of the model came to. What is open in the journal stays open. */
export interface Turn {
  reason: FinishReason
  usage: ModelUsage
  /** Content of the message that is still open, or was the last. */
  content: TextPart[]
  calls: FunctionToolCall[]
}

/** What an answer that broke off had come to. */
export interface BrokenTurn {
  content: TextPart[]
  /** Estimated, since the model never came to tell; null when it had said nothing. */
  usage: ModelUsage | null
}

/** Parts of a message while they grow; pieces are kept in arrays, joined once. */
class Content {
  readonly #parts: { kind: 'text' | 'refusal'; pieces: string[] }[] = []

  /** @returns the part's index and whether this piece opens it */
  add(kind: 'text' | 'refusal', piece: string): { index: number; head: boolean } {
    const last = this.#parts.at(-1)
    if (last?.kind === kind) {
      last.pieces.push(piece)
      return { index: this.#parts.length - 1, head: false }
    }
    this.#parts.push({ kind, pieces: [piece] })
    return { index: this.#parts.length - 1, head: true }
  }

  get parts(): TextPart[] {
    return this.#parts.map(({ kind, pieces }): TextPart => {
      const value = pieces.join('')
      return kind === 'text'
        ? { type: 'text', text: { value, annotations: [] } }
        : { type: 'refusal', refusal: value }
    })
  }
}

interface GrowingCall {
  id: string
  name: string
  pieces: string[]
}

/**
 * One answer of the model, said as it comes and kept in the journal.
 * @param onBroken hears what there was when the answer breaks off, so that it can be kept and counted
 * @throws ModelError, the signal's reason, or what the journal throws
 */
export const takeTurn = async (
  model: LanguageModel,
  request: ModelRequest,
  journal: RunJournal,
  signal: AbortSignal,
  onBroken: (turn: BrokenTurn) => void,
): Promise<Turn> => {
  const content = new Content()
  const calls: GrowingCall[] = []
  let written = ''
  try {
    for await (const part of model.stream(request, signal)) {
      signal.throwIfAborted()
      switch (part.type) {
        case 'text':
        case 'refusal': {
          if (part.delta === '') break
          // The tool step is open and stays so until its outputs are there: nothing can be said beside it (behaviour.md 13).
          if (calls.length > 0) break
          if (!journal.messageIsOpen) await journal.openMessage()
          written += part.delta
          const { index, head } = content.add(part.type, part.delta)
          journal.sayText(index, part.type, part.delta, head)
          break
        }
        case 'tool-call': {
          completeArguments(journal, calls)
          if (journal.messageIsOpen) await journal.completeMessage(content.parts)
          if (calls.length === 0) await journal.openToolStep()
          const id = freshCallId(part.id, journal, calls)
          calls.push({ id, name: part.name, pieces: [] })
          journal.sayToolCall(part.index, id, part.name)
          break
        }
        case 'tool-arguments': {
          if (part.delta === '') break
          calls[part.index]?.pieces.push(part.delta)
          journal.sayToolArguments(part.index, part.delta)
          break
        }
        case 'finish': {
          completeArguments(journal, calls)
          return {
            reason: part.reason,
            usage: part.usage ?? estimateUsage(request, saidSoFar(written, calls)),
            content: content.parts,
            calls: calls.map(finishCall),
          }
        }
      }
    }
    throw new ModelError('server_error', 'The model ended its answer without finishing it.')
  } catch (error) {
    const said = saidSoFar(written, calls)
    const usage = said === '' && calls.length === 0 ? null : estimateUsage(request, said)
    onBroken({ content: content.parts, usage })
    throw error
  }
}

/** A call without arguments has `{}`, also on the stream: the deltas must add up to the call (behaviour.md 9, 13). */
const completeArguments = (journal: RunJournal, calls: readonly GrowingCall[]): void => {
  const last = calls.at(-1)
  if (last === undefined || last.pieces.length > 0) return
  last.pieces.push('{}')
  journal.sayToolArguments(calls.length - 1, '{}')
}

/** A model that repeats the id of an earlier call would make two calls of a run look like one. */
const freshCallId = (id: string, journal: RunJournal, calls: readonly GrowingCall[]): string => {
  const taken =
    calls.some((call) => call.id === id) ||
    journal.steps.some(
      (step) =>
        step.details.type === 'tool_calls' &&
        step.details.tool_calls.some((call) => call.id === id),
    )
  return taken ? newId('call_') : id
}

const finishCall = (call: GrowingCall): FunctionToolCall => ({
  id: call.id,
  type: 'function',
  function: { name: call.name, arguments: call.pieces.join(''), output: null },
})

const saidSoFar = (written: string, calls: readonly GrowingCall[]): string =>
  written + calls.map((call) => call.pieces.join('')).join('')

/** For servers that report no usage. */
const estimateUsage = (request: ModelRequest, said: string): ModelUsage => ({
  promptTokens: estimatePromptTokens(request),
  completionTokens: estimateTokens(said),
  cachedTokens: 0,
  reasoningTokens: 0,
})
