import { StringDecoder } from 'node:string_decoder'

import { ModelError } from '../language-model.ts'
import type { ModelPart } from '../language-model.ts'
import type { ChunkReader } from './from-chat-chunk.ts'
import { AttemptError, providerMessage, streamedError } from './provider-error.ts'
import { createSseReader } from './sse-lines.ts'

/** Most characters of an answer that came whole instead of as a stream. */
const MAX_WHOLE_LENGTH = 16 * 1024 * 1024

interface AnswerContext {
  /** For messages. */
  model: string
  secrets: readonly (string | null)[]
  reader: ChunkReader
}

const brokenAnswer = (context: AnswerContext, what: string, isRetryable: boolean): AttemptError =>
  new AttemptError(
    new ModelError('server_error', `The server of model '${context.model}' ${what}.`),
    { isRetryable },
  )

const errorIn = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Record<string, unknown>
  if (fields['error'] !== undefined && fields['error'] !== null) return fields['error']
  return fields['object'] === 'error' ? value : undefined
}

const parseJson = (text: string, context: AnswerContext): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw brokenAnswer(context, 'sent a piece that is not JSON', false)
  }
}

const readPayload = (text: string, context: AnswerContext): ModelPart[] => {
  const value = parseJson(text, context)
  const error = errorIn(value)
  if (error !== undefined) throw streamedError(context.model, error, context.secrets)
  return context.reader.read(value)
}

const readWhole = (text: string, context: AnswerContext): ModelPart[] => {
  if (text.trimStart().startsWith('<')) {
    throw brokenAnswer(
      context,
      `sent no answer of a model but: ${providerMessage(text).slice(0, 200)}`,
      false,
    )
  }
  return readPayload(text, context)
}

const endOf = (context: AnswerContext): ModelPart[] => {
  try {
    return context.reader.end()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw brokenAnswer(context, 'called a function without naming it', false)
  }
}

export interface AnswerReader {
  /** The parts these bytes complete, one by one. @throws {AttemptError} for an error inside the answer and for what is no answer */
  push(bytes: Buffer): Iterable<ModelPart>
  /** True once the answer said that it is whole: what still comes is of no interest. */
  readonly isWhole: boolean
  /** True once the model has finished, whether or not the server said so afterwards. */
  readonly isFinished: boolean
  /** The parts the end of the body completes. @throws {AttemptError} when the end comes too early */
  end(): Iterable<ModelPart>
  /** The parts that were held back, and `finish`. @throws {AttemptError} for a call that cannot be made */
  finish(): readonly ModelPart[]
}

/**
 * Reads an answer with status 200, streamed or whole, piece by piece. It does not wait for anything, so that one loop over the body
 * is all that a token passes through.
 */
export const createAnswerReader = (context: AnswerContext): AnswerReader => {
  const decoder = new StringDecoder('utf8')
  const sse = createSseReader()
  let head = ''
  let form: 'unknown' | 'events' | 'whole' = 'unknown'
  let isWhole = false

  /** The text that is part of an event stream; '' while that is not sure. */
  const eventText = (text: string): string => {
    if (form === 'events') return text
    head += text
    // Servers that cannot stream answer with JSON, proxies with HTML, whatever the content type says.
    const first = head.trimStart().charAt(0)
    if (form === 'unknown' && first !== '')
      form = first === '{' || first === '<' ? 'whole' : 'events'
    if (head.length > MAX_WHOLE_LENGTH)
      throw brokenAnswer(context, 'sent an answer that is too long', false)
    return form === 'events' ? head : ''
  }

  function* readAll(events: readonly string[]): Generator<ModelPart, void> {
    for (const data of events) {
      if (data.trim() === '[DONE]') {
        isWhole = true
        return
      }
      yield* readPayload(data, context)
    }
  }

  return {
    get isWhole() {
      return isWhole
    },
    get isFinished() {
      return context.reader.isFinished
    },
    *push(bytes) {
      const text = eventText(decoder.write(bytes))
      if (text !== '') yield* readAll(sse.push(text))
    },
    *end() {
      if (form === 'whole') {
        yield* readWhole(head, context)
        return
      }
      yield* readAll(sse.end())
      if (!isWhole && !context.reader.isFinished)
        throw brokenAnswer(context, 'ended its answer early', true)
    },
    finish: () => endOf(context),
  }
}
