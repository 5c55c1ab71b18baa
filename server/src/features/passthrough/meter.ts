import { estimatePromptTokens, estimateTokens } from '../../models/estimate-tokens.ts'
import type { LanguageModel, ModelPart } from '../../models/language-model.ts'
import { seconds, type Clock } from '../../platform/clock.ts'
import { newId } from '../../platform/ids.ts'
import type { Logger } from '../../platform/log.ts'
import type { Owner } from '../../platform/principal.ts'
import type { Store } from '../../platform/store/store.ts'
import { keepUsage, noteUsage, type Need, type Quotas, type UsageEntry } from '../usage/service.ts'
import type { AnswerReader, ReadAnswer } from './read-usage.ts'

export interface MeterDeps {
  store: Store
  clock: Clock
  log: Logger
  quotas: Pick<Quotas, 'hold'>
}

/** One request to a model, from before it is asked. */
export interface Metered {
  /**
   * Ends it, once: what it used is in the ledger, and what was held for it is free.
   * @param answer what is known of it; null when the model was not reached, or refused
   */
  end(answer: ReadAnswer | null): Promise<void>
}

/** Keeps account of requests that go through to a model. */
export const createMeter =
  ({ store, clock, log, quotas }: MeterDeps) =>
  /** @throws AppError 429 when a quota is used up; the signal's reason */
  async (
    { workspaceId, personId, keyId = null }: Owner,
    kind: 'chat' | 'audio',
    need: Need,
    signal: AbortSignal,
  ): Promise<Metered> => {
    const by: UsageEntry['by'] = { workspaceId, personId, keyId, assistantId: null, runId: null }
    const hold = await quotas.hold(by, need, signal)
    const source = newId('usage_')
    const fromMs = clock.now()

    let ended = false
    return {
      end: async (answer) => {
        if (ended) return
        ended = true
        if (answer !== null) {
          const estimate = {
            promptTokens: need.promptTokens,
            completionTokens: estimateTokens(answer.said),
            cachedTokens: 0,
            reasoningTokens: 0,
          }
          const nowMs = clock.now()
          const entry: UsageEntry = {
            by,
            source,
            kind,
            model: need.model,
            tokens: kind === 'chat' ? (answer.usage ?? estimate) : null,
            estimated: kind === 'chat' && answer.usage === null,
            ms: nowMs - fromMs,
            at: seconds(nowMs),
          }
          await keepUsage({ store, log }, 'usage.pass-through', async (tx) => {
            await noteUsage(tx, entry)
          })
        }
        await hold.release()
      },
    }
  }

/** A model whose every answer is a request of this owner. Its `stream` also throws AppError 429 when a quota is used up. */
export const meteredModel = (
  deps: MeterDeps,
  { model, name, owner }: { model: LanguageModel; name: string; owner: Owner },
): LanguageModel => ({
  contextTokens: model.contextTokens,
  async *stream(request, signal) {
    const promptTokens = estimatePromptTokens(request)
    const need = { model: name, promptTokens, answerTokens: request.maxTokens }
    const metered = await createMeter(deps)(owner, 'chat', need, signal)
    yield* meteredParts(model.stream(request, signal), metered)
  },
})

/** The parts as they come; at their end, however that comes, the request is ended. */
async function* meteredParts(
  parts: AsyncIterable<ModelPart>,
  metered: Metered,
): AsyncGenerator<ModelPart, void> {
  const answer: ReadAnswer = { usage: null, said: '' }
  let isReached = false
  try {
    for await (const part of parts) {
      isReached = true
      if (part.type === 'finish') answer.usage = part.usage
      else if (part.type !== 'tool-call') answer.said += part.delta
      yield part
    }
  } finally {
    await metered.end(isReached ? answer : null)
  }
}

/** The body as it comes; at its end, or when its reader leaves, the request is ended. Also when nobody ever read of it. */
export const meteredBody = (
  body: AsyncIterable<Buffer>,
  reader: AnswerReader,
  metered: Metered,
): AsyncIterable<Buffer> => {
  const iterator = body[Symbol.asyncIterator]()
  const end = () => metered.end(reader.result())
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        try {
          const next = await iterator.next()
          if (next.done === true) await end()
          else reader.read(next.value)
          return next
        } catch (error) {
          await end()
          throw error
        }
      },
      return: async () => {
        try {
          await iterator.return?.()
        } finally {
          await end()
        }
        return { done: true, value: undefined }
      },
    }),
  }
}
