import type {
  FinishReason,
  LanguageModel,
  ModelRequest,
  ModelUsage,
} from '../../models/language-model.ts'
import { estimatePromptTokens, estimateTokens } from '../../models/estimate-tokens.ts'
import { ModelError } from '../../models/language-model.ts'
import { newId } from '../../platform/ids.ts'
import { AnswerContent, type AnswerPart } from './answer-content.ts'
import { MarkReader, type AnswerPiece, type KnownMarks } from './answer-marks.ts'
import { emptyCall, GrowingCall, type CallForms } from './growing-call.ts'
import { imageDelta, markDelta, textDelta } from './live-deltas.ts'
import type { RunJournal } from './run-journal.ts'
import { callsOf, type StoredCall } from './run-record.ts'

/** What one answer of the model came to. What is open in the journal stays open. */
export interface Turn {
  reason: FinishReason
  usage: ModelUsage
  /** The model's server told nothing, so `usage` is an estimate. */
  isEstimated: boolean
  /** Content of the message that is still open, or was the last. */
  content: AnswerPart[]
  calls: StoredCall[]
}

/** What an answer that broke off had come to. */
export interface BrokenTurn {
  content: AnswerPart[]
  /** Null when the model had said nothing. */
  usage: ModelUsage | null
  /** The model never came to tell, so `usage` is an estimate. */
  isEstimated: boolean
}

/** What a turn needs to know beside what the model is asked. */
export interface TurnTools extends CallForms {
  marks: KnownMarks
  /** Pictures that Python made and no message shows yet, by file id: the next message begins with them. */
  images: readonly string[]
}

/** The open message of a turn: opened by its first piece, which comes after the pictures that wait. */
class Answer {
  readonly content = new AnswerContent()
  readonly #journal: RunJournal
  readonly #images: readonly string[]
  readonly #marks: MarkReader
  #written = ''

  constructor(journal: RunJournal, { marks, images }: TurnTools) {
    this.#journal = journal
    this.#images = images
    this.#marks = new MarkReader(marks)
  }

  /** All that the model wrote, for estimates. */
  get written(): string {
    return this.#written
  }

  async open(): Promise<void> {
    await this.#journal.openMessage()
    for (const fileId of this.#images) {
      this.#journal.sayPart(imageDelta(this.content.addImage(fileId), fileId))
    }
  }

  /** To an open message: nothing is awaited for each of many pieces. */
  add(kind: 'text' | 'refusal', delta: string): void {
    this.#written += delta
    if (kind === 'text') return this.#say(this.#marks.read(delta))
    this.#say(this.#marks.end())
    const { index, head } = this.content.addText(kind, delta)
    this.#journal.sayPart(textDelta(index, kind, delta, head))
  }

  /** The newest message of a thread must be its run's answer, even when the model said nothing. */
  async speak(): Promise<void> {
    if (!this.#journal.messageIsOpen) await this.open()
    if (!this.content.isEmpty) return
    const { index, head } = this.content.addText('text', '')
    this.#journal.sayPart(textDelta(index, 'text', '', head))
  }

  /** Nothing more comes: says what might have become a mark. */
  finish(): void {
    this.#say(this.#marks.end())
  }

  #say(pieces: readonly AnswerPiece[]): void {
    for (const piece of pieces) {
      if (piece.mark === null) {
        const { index, head } = this.content.addText('text', piece.text)
        this.#journal.sayPart(textDelta(index, 'text', piece.text, head))
      } else {
        this.#journal.sayPart(markDelta(this.content.addMark(piece)))
      }
    }
  }
}

/**
 * One answer of the model, said as it comes and kept in the journal.
 * @param onBroken hears what there was when the answer breaks off, so that it can be kept and counted
 * @throws ModelError, the signal's reason, or what the journal throws
 */
export const takeTurn = async (
  model: LanguageModel,
  request: ModelRequest,
  tools: TurnTools,
  journal: RunJournal,
  signal: AbortSignal,
  onBroken: (turn: BrokenTurn) => void,
): Promise<Turn> => {
  const answer = new Answer(journal, tools)
  const calls: GrowingCall[] = []
  let told: ModelUsage | null = null
  try {
    for await (const part of model.stream(request, signal)) {
      // What was told is told, also to a turn that must not go on.
      if (part.type === 'finish') told = part.usage
      signal.throwIfAborted()
      switch (part.type) {
        case 'text':
        case 'refusal': {
          // Once the tool step is open it stays so until its outputs are there: nothing can be said beside it (behaviour.md 13).
          if (part.delta === '' || calls.length > 0) break
          if (!journal.messageIsOpen) await answer.open()
          answer.add(part.type, part.delta)
          break
        }
        case 'tool-call': {
          calls.at(-1)?.complete()
          if (calls.length === 0) {
            answer.finish()
            if (journal.messageIsOpen) await journal.completeMessage(answer.content.parts)
            await journal.openToolStep()
          }
          const id = freshCallId(part.id, journal, calls)
          const isSaid = !calls.some((call) => call.stored.type === 'code_interpreter')
          const empty = emptyCall(tools, id, part.name)
          calls.push(new GrowingCall(journal, empty, { index: part.index, isSaid }))
          break
        }
        case 'tool-arguments': {
          if (part.delta !== '') calls[part.index]?.add(part.delta)
          break
        }
        case 'finish': {
          calls.at(-1)?.complete()
          answer.finish()
          if (calls.length === 0) await answer.speak()
          return {
            reason: part.reason,
            usage: told ?? estimateUsage(request, saidSoFar(answer, calls)),
            isEstimated: told === null,
            content: answer.content.parts,
            calls: calls.map((call) => call.stored),
          }
        }
      }
    }
    throw new ModelError('server_error', 'The model ended its answer without finishing it.')
  } catch (error) {
    const said = saidSoFar(answer, calls)
    const estimate = said === '' && calls.length === 0 ? null : estimateUsage(request, said)
    const content = answer.content.parts
    onBroken({ content, usage: told ?? estimate, isEstimated: told === null })
    throw error
  }
}

/** A model that repeats the id of an earlier call would make two calls of a run look like one. */
const freshCallId = (id: string, journal: RunJournal, calls: readonly GrowingCall[]): string => {
  const taken =
    calls.some((call) => call.id === id) ||
    journal.steps.some((step) => callsOf(step).some((call) => call.id === id))
  return taken ? newId('call_') : id
}

const saidSoFar = (answer: Answer, calls: readonly GrowingCall[]): string =>
  answer.written + calls.map((call) => call.argumentsText).join('')

/** For servers that report no usage. */
const estimateUsage = (request: ModelRequest, said: string): ModelUsage => ({
  promptTokens: estimatePromptTokens(request),
  completionTokens: estimateTokens(said),
  cachedTokens: 0,
  reasoningTokens: 0,
})
