import { StringDecoder } from 'node:string_decoder'

import { ModelError } from '../language-model.ts'
import type { ModelPart } from '../language-model.ts'
import type { ChunkReader } from './from-chat-chunk.ts'
import { ConnectionError } from './http-post.ts'
import type { HttpAnswer } from './http-post.ts'
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

async function* readEvents(
  answer: HttpAnswer,
  context: AnswerContext,
): AsyncGenerator<ModelPart[], void> {
  const decoder = new StringDecoder('utf8')
  const sse = createSseReader()
  let head = ''
  let form: 'unknown' | 'events' | 'whole' = 'unknown'
  for await (const piece of answer.body) {
    let text = decoder.write(piece)
    if (form !== 'events') {
      head += text
      // Servers that cannot stream answer with JSON, proxies with HTML, whatever the content type says.
      const first = head.trimStart().charAt(0)
      if (form === 'unknown' && first !== '')
        form = first === '{' || first === '<' ? 'whole' : 'events'
      if (head.length > MAX_WHOLE_LENGTH)
        throw brokenAnswer(context, 'sent an answer that is too long', false)
      if (form !== 'events') continue
      text = head
    }
    for (const data of sse.push(text)) {
      if (data.trim() === '[DONE]') return
      yield readPayload(data, context)
    }
  }
  if (form === 'whole') {
    yield readWhole(head, context)
    return
  }
  for (const data of sse.end()) {
    if (data.trim() === '[DONE]') return
    yield readPayload(data, context)
  }
  if (!context.reader.isFinished) throw brokenAnswer(context, 'ended its answer early', true)
}

/**
 * The parts of an answer with status 200, streamed or whole, to its `finish`.
 * @throws {AttemptError} for an error inside the answer and for an answer that is none
 * @throws {ConnectionError} when the connection breaks before the model has finished
 */
export async function* readAnswer(
  answer: HttpAnswer,
  context: AnswerContext,
): AsyncGenerator<ModelPart, void> {
  try {
    for await (const parts of readEvents(answer, context)) yield* parts
  } catch (error) {
    // Some servers drop the connection instead of sending [DONE].
    if (!(error instanceof ConnectionError && context.reader.isFinished)) throw error
  }
  answer.drain()
  yield* endOf(context)
}
