/** Answers what a plugin asks: chat, infer_params, count_token and emb (plugins.md 2), within the limits of one call. */
import { EmbeddingError, type Embedder } from '../../knowledge/embeddings/embedder.ts'
import { estimatePromptTokens, estimateTokens } from '../../models/estimate-tokens.ts'
import {
  ModelError,
  type LanguageModel,
  type ModelRequest,
  type ModelUsage,
  type PromptFunction,
  type PromptMessage,
} from '../../models/language-model.ts'
import type { Clock } from '../../platform/clock.ts'
import { AppError, errors } from '../../platform/errors.ts'
import type { AnswerQuestion, Json, ModelQuestion } from '../../plugins/python/sandbox-driver.ts'
import type { Need } from '../usage/service.ts'
import { toPromptMessages } from './asked-conversation.ts'
import { toObjectSchema, toPromptFunctions } from './asked-functions.ts'
import { schemaComplaint } from './schema-complaint.ts'

export interface QuestionLimits {
  /** Questions of one call that go to a model. */
  questions: number
  /** Tokens that one answer may have. */
  answerTokens: number
  /** Tokens of all prompts of one call together, estimated before each is sent. */
  promptTokens: number
  /** Characters of a text that is embedded. */
  embeddedCharacters: number
}

export const QUESTION_LIMITS: QuestionLimits = {
  questions: 8,
  answerTokens: 4_096,
  promptTokens: 200_000,
  embeddedCharacters: 32_000,
}

/** Of an answer, in case a model's server heeds no limit. */
const LONGEST_ANSWER = 400_000
const INFER = 'infer_params'

export interface ModelQuestionDeps {
  /** The assistant's model; null where none is set up for the call. */
  model: { name: string; model: LanguageModel } | null
  embedder: Embedder | null
  /** Hears what a question has cost, as soon as that is known. */
  onUsage: (cost: AskedCost) => void
  /** Hears of each text that was embedded; absent: nobody counts. */
  onEmbedded?: (model: string, texts: readonly string[], tokens: number | null) => void
  clock: Clock
  /** Keeps back from quotas what a question may come to; absent: there are none. */
  hold?: (need: Need, signal: AbortSignal) => Promise<AsyncDisposable>
  /** @default QUESTION_LIMITS */
  limits?: QuestionLimits
}

/** What one question cost. */
export interface AskedCost {
  tokens: ModelUsage
  isEstimated: boolean
  /** How long the answer took. */
  ms: number
}

interface Answer {
  text: string
  calls: { id: string; name: string; arguments: string }[]
}

/** @returns whom one call's questions go to; it rejects with an AppError whose sentence the plugin may see, or the signal's reason */
export const createModelQuestions = (deps: ModelQuestionDeps): AnswerQuestion => {
  const { embedder } = deps
  const limits = deps.limits ?? QUESTION_LIMITS
  let questions = 0
  let promptTokens = 0

  const ask = async (
    asked: Pick<ModelRequest, 'messages' | 'functions' | 'toolChoice'>,
    signal: AbortSignal,
  ): Promise<Answer> => {
    if (deps.model === null) throw errors.invalid('No model is set up for this call.')
    const request = requestFor(deps.model.name, asked, limits.answerTokens)
    questions += 1
    if (questions > limits.questions) {
      throw errors.invalid(`A plugin call may ask the model ${limits.questions} times.`)
    }
    const prompt = estimatePromptTokens(request)
    promptTokens += prompt
    if (promptTokens > limits.promptTokens) {
      throw errors.invalid(
        `What a plugin call asks the model may have ${limits.promptTokens} tokens together.`,
      )
    }
    const need = {
      model: deps.model.name,
      promptTokens: prompt,
      answerTokens: limits.answerTokens,
    }
    await using _held = await deps.hold?.(need, signal)
    return await read(deps.model.model, request, deps, signal)
  }

  const chat = async (question: Question<'chat'>, signal: AbortSignal): Promise<Json> => {
    const messages = toPromptMessages(question.conversation)
    if (messages.length === 0) throw errors.invalid('The conversation is empty.')
    const functions = toPromptFunctions(question.functions)
    const toolChoice = functions.length > 0 ? 'auto' : 'none'
    const { text, calls } = await ask({ messages, functions, toolChoice }, signal)
    const [call] = calls
    if (call === undefined) return { role: 'assistant', content: text }
    return {
      role: 'assistant',
      content: text === '' ? null : text,
      function_call: { name: call.name, arguments: call.arguments },
    }
  }

  const infer = async (question: Question<'infer'>, signal: AbortSignal): Promise<Json> => {
    const parameters = toObjectSchema(question.parameters, 'parameters')
    const messages = toPromptMessages(question.conversation)
    if (messages.length === 0) throw errors.invalid('The conversation is empty.')
    const description = typeof question.description === 'string' ? question.description : null
    const functions: PromptFunction[] = [{ name: INFER, description, parameters, strict: false }]
    const toolChoice = { type: 'function' as const, function: { name: INFER } }
    let complaint: string | null = null
    for (let tries = 0; tries < 2; tries += 1) {
      const answer = await ask({ messages, functions, toolChoice }, signal)
      const found = argumentsOf(answer)
      complaint =
        found === null ? 'it gave no JSON object' : schemaComplaint(found.value, parameters)
      if (complaint === null && found !== null) return found.value
      messages.push(...correction(answer, `${complaint ?? ''}. Call ${INFER} again.`))
    }
    throw errors.invalid(`the model's arguments do not fit: ${complaint}`)
  }

  const embed = async (text: string, signal: AbortSignal): Promise<Json> => {
    if (embedder === null) {
      throw errors.invalid(
        'No embedding model is set up on this server (MELZI_EMBEDDINGS_MODEL), so emb() has nothing to ask.',
      )
    }
    if (text.length > limits.embeddedCharacters) {
      throw errors.invalid(`emb() takes ${limits.embeddedCharacters} characters at a time.`)
    }
    try {
      const [vector = []] = await embedder.embed([text], signal, (texts, tokens) =>
        deps.onEmbedded?.(embedder.model, texts, tokens),
      )
      return vector
    } catch (cause) {
      signal.throwIfAborted()
      if (!(cause instanceof EmbeddingError)) throw cause
      throw new AppError({ status: 502, message: 'The embeddings provider failed.', cause })
    }
  }

  return async (question, signal) => {
    switch (question.kind) {
      case 'chat':
        return chat(question, signal)
      case 'infer':
        return infer(question, signal)
      case 'count':
        return estimateTokens(question.text)
      case 'embed':
        return embed(question.text, signal)
    }
  }
}

type Question<K extends ModelQuestion['kind']> = Extract<ModelQuestion, { kind: K }>

const requestFor = (
  model: string,
  asked: Pick<ModelRequest, 'messages' | 'functions' | 'toolChoice'>,
  maxTokens: number,
): ModelRequest => ({
  ...asked,
  model,
  parallelToolCalls: false,
  temperature: null,
  topP: null,
  reasoningEffort: null,
  responseFormat: 'auto',
  maxTokens,
})

/** One whole answer. @throws AppError with a sentence; the signal's reason */
const read = async (
  model: LanguageModel,
  request: ModelRequest,
  { onUsage, clock }: Pick<ModelQuestionDeps, 'onUsage' | 'clock'>,
  signal: AbortSignal,
): Promise<Answer> => {
  const answer: Answer = { text: '', calls: [] }
  let told: ModelUsage | null = null
  let isWhole = false
  const fromMs = clock.now()
  try {
    let length = 0
    for await (const part of model.stream(request, signal)) {
      if (part.type === 'finish') {
        told = part.usage
        isWhole = true
      }
      signal.throwIfAborted()
      if (part.type === 'finish') {
        return answer
      }
      if (part.type === 'tool-call') {
        answer.calls.push({ id: part.id, name: part.name, arguments: '' })
        continue
      }
      length += part.delta.length
      if (length > LONGEST_ANSWER) throw errors.invalid("The model's answer is too long.")
      const call = part.type === 'tool-arguments' ? answer.calls[part.index] : undefined
      if (call !== undefined) call.arguments += part.delta
      else if (part.type !== 'tool-arguments') answer.text += part.delta
    }
    throw new ModelError('server_error', 'it ended its answer without finishing it.')
  } catch (cause) {
    signal.throwIfAborted()
    if (!(cause instanceof ModelError)) throw cause
    const message = `The model could not answer: ${cause.message}`
    throw new AppError({ status: 502, message, cause })
  } finally {
    // What broke off has cost something too, once the model had begun to speak.
    const began = isWhole || answer.text !== '' || answer.calls.length > 0
    const tokens = told ?? (began ? estimateOf(request, answer) : null)
    if (tokens !== null) {
      onUsage({ tokens, isEstimated: told === null, ms: clock.now() - fromMs })
    }
  }
}

const estimateOf = (request: ModelRequest, { text, calls }: Answer): ModelUsage => {
  const said = text + calls.map((call) => call.name + call.arguments).join('')
  return {
    promptTokens: estimatePromptTokens(request),
    completionTokens: estimateTokens(said),
    cachedTokens: 0,
    reasoningTokens: 0,
  }
}

/** The arguments a model gave, as a call or, where its server knows no forced calls, as text. */
const argumentsOf = ({ text, calls }: Answer): { value: Json } | null => {
  const source = calls[0]?.arguments ?? /\{.*\}/s.exec(text)?.[0] ?? ''
  try {
    const value = JSON.parse(source === '' ? '{}' : source) as Json
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && (source !== '' || calls.length > 0) ? { value } : null
  } catch {
    // Half an answer or prose is what the second try is for.
    return null
  }
}

/** The model's wrong answer, and what is wrong with it. */
const correction = ({ text, calls }: Answer, complaint: string): PromptMessage[] => {
  const [call] = calls
  if (call === undefined) {
    const said: PromptMessage[] = text === '' ? [] : [{ role: 'assistant', text, toolCalls: [] }]
    return [...said, { role: 'user', parts: [{ type: 'text', text: `Wrong: ${complaint}` }] }]
  }
  return [
    { role: 'assistant', text: text === '' ? null : text, toolCalls: [call] },
    { role: 'tool', callId: call.id, output: `Error: ${complaint}` },
  ]
}
