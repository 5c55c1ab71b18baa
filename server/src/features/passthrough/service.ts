import type { CreateChatCompletionRequest } from '@melzi/contract/chat.ts'
import type { LanguageModel, ModelPart, ModelRegistry } from '../../models/language-model.ts'
import { ModelError } from '../../models/language-model.ts'
import type { Upstream, UpstreamAnswer, UpstreamPath } from '../../models/upstream.ts'
import { seconds } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Principal } from '../../platform/principal.ts'
import { answerChunks, answerError, wholeAnswer, type ChatHead } from './chat-answer.ts'
import { toModelRequest } from './chat-request.ts'
import { createMeter, meteredBody, meteredModel, type MeterDeps } from './meter.ts'
import { createAnswerReader } from './read-usage.ts'

/** Who answers a request: a server that takes it as it came, or a model that it is converted for. */
export type Target =
  | { kind: 'upstream'; upstream: Upstream }
  | { kind: 'model'; model: LanguageModel }

/** A request body that goes through: `rename` gives it with the server's name for the model. */
export interface Content {
  /** The name the client asked for. */
  model: string
  /** The name the body itself has; null for none. */
  named: string | null
  type: string
  accept: string
  body: Buffer
  rename: (model: string) => Buffer
  /** Tokens of its prompt by estimate, and the most it lets the model write; null: it does not say. */
  need: { promptTokens: number; answerTokens: number | null }
}

export type PassthroughService = ReturnType<typeof createPassthrough>

/** Requests to models outside of any run: chat completions and audio, as thin as their models allow. */
export const createPassthrough = (deps: { models: ModelRegistry } & MeterDeps) => {
  const { models, clock } = deps
  const meter = createMeter(deps)

  /**
   * Who answers this principal's request for a model: the one place that decides it, for all the routes. Every key of a member may ask
   * every model; whatever a key is limited to has its check here, on the pair (principal, model).
   * @throws AppError 400 for an assistant's id, 404 for a name that is no model here
   */
  const find = (_principal: Principal, name: string): Target => {
    if (name.startsWith('asst_')) {
      throw errors.invalid(
        `'${name}' is an assistant, not a model. Assistants are reached by runs: POST /threads/{thread_id}/runs.`,
        'model',
        'unsupported_model',
      )
    }
    const upstream = models.findUpstream(name)
    if (upstream !== null) return { kind: 'upstream', upstream }
    const model = models.find(name)
    if (model === null) throw errors.noSuchModel(name)
    return { kind: 'model', model }
  }

  const head = (model: string): ChatHead => ({
    id: newId('chatcmpl-'),
    created: seconds(clock.now()),
    model,
  })

  const ask = (
    principal: Principal,
    model: LanguageModel,
    chat: CreateChatCompletionRequest,
    signal: AbortSignal,
  ): AsyncIterable<ModelPart> => {
    const request = toModelRequest(chat)
    return meteredModel(deps, { model, name: chat.model, owner: principal }).stream(request, signal)
  }

  const converting = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw error instanceof ModelError ? answerError(error) : error
    }
  }

  return {
    find,

    /** As find, for audio. @throws AppError 400 for a model that has no server for it */
    findAudio: (principal: Principal, name: string): Extract<Target, { kind: 'upstream' }> => {
      const target = find(principal, name)
      if (target.kind === 'upstream') return target
      throw errors.invalid(
        `The model '${name}' takes no audio here: no server that speaks OpenAI's audio wire is configured for it.`,
        'model',
        'unsupported_model',
      )
    },

    /** @throws AppError what the server refuses, or 502 when it cannot be had; 429 when a quota is used up */
    pass: async (
      principal: Principal,
      { upstream }: Extract<Target, { kind: 'upstream' }>,
      path: UpstreamPath,
      content: Content,
      signal: AbortSignal,
    ): Promise<UpstreamAnswer> => {
      const { model, named, type, accept } = content
      const name = upstream.model ?? model
      const body = name === named ? content.body : content.rename(name)
      const kind = path === '/chat/completions' ? 'chat' : 'audio'
      const metered = await meter(principal, kind, { model, ...content.need }, signal)
      try {
        const answer = await upstream.post(path, { type, accept, body }, signal)
        const reader = createAnswerReader(answer.headers['content-type'] ?? '')
        return { headers: answer.headers, body: meteredBody(answer.body, reader, metered) }
      } catch (error) {
        await metered.end(null)
        throw error
      }
    },

    /** @throws AppError the model's failure; 429 when a quota is used up */
    answer: async (
      principal: Principal,
      model: LanguageModel,
      chat: CreateChatCompletionRequest,
      signal: AbortSignal,
    ) => converting(wholeAnswer(head(chat.model), ask(principal, model, chat, signal))),

    /**
     * The chunks, the first of them already there.
     * @throws AppError a failure before the first; a later one comes as ModelError while reading
     */
    async stream(
      principal: Principal,
      model: LanguageModel,
      chat: CreateChatCompletionRequest,
      signal: AbortSignal,
    ): Promise<AsyncGenerator<object, void>> {
      const parts = ask(principal, model, chat, signal)
      const withUsage = chat.stream_options?.include_usage === true
      const chunks = answerChunks(head(chat.model), parts, withUsage)
      const first = await converting(chunks.next())
      return (async function* () {
        try {
          if (first.done !== true) yield first.value
          yield* chunks
        } finally {
          await chunks.return()
        }
      })()
    },
  }
}
