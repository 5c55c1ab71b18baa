import { setTimeout as sleep } from 'node:timers/promises'

/** Turns texts into vectors. */
export interface Embedder {
  /** The model's name: vectors of different models are not compared. */
  readonly model: string
  /**
   * One vector for each text, in order.
   * @param onUsage hears of each request that was answered: its texts, and its tokens, or null when the provider did not tell
   * @throws EmbeddingError; the signal's reason
   */
  embed(
    texts: readonly string[],
    signal: AbortSignal,
    onUsage?: (texts: readonly string[], tokens: number | null) => void,
  ): Promise<number[][]>
}

export interface EmbedderSettings {
  /** Such as `http://127.0.0.1:11434/v1`. */
  baseUrl: string
  apiKey: string | null
  model: string
}

/** The provider did not give vectors; the message is for the operator and the file's owner, and holds no key. */
export class EmbeddingError extends Error {
  override readonly name = 'EmbeddingError'
  /** Whether asking again may help. */
  readonly transient: boolean

  constructor(message: string, transient: boolean, options?: ErrorOptions) {
    super(message, options)
    this.transient = transient
  }
}

const BATCH = 64
const TIMEOUT_MS = 60_000
/** Waits before the second, third ... attempt, in ms. */
const WAITS_MS = [500, 2_000, 5_000]
const MAX_ECHO = 300

interface Answer {
  data?: { index?: number; embedding?: unknown }[]
  usage?: { prompt_tokens?: unknown } | null
}

type OnUsage = Parameters<Embedder['embed']>[2]

const tokensOf = ({ usage }: Answer): number | null => {
  const tokens = usage?.prompt_tokens
  return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : null
}

const isVector = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => Number.isFinite(one))

const readAnswer = (answer: Answer, count: number): number[][] => {
  const vectors: (number[] | undefined)[] = Array.from({ length: count })
  for (const [place, { index, embedding }] of (answer.data ?? []).entries()) {
    if (isVector(embedding)) vectors[index ?? place] = embedding
  }
  const whole = vectors.filter((vector) => vector !== undefined)
  const length = whole[0]?.length
  if (whole.length === count && whole.every((vector) => vector.length === length)) return whole
  throw new EmbeddingError('The embeddings provider answered with too few vectors.', false)
}

const refused = async (response: Response): Promise<EmbeddingError> => {
  const text = (await response.text()).slice(0, MAX_ECHO)
  const transient = response.status === 408 || response.status === 429 || response.status >= 500
  return new EmbeddingError(
    `The embeddings provider answered ${response.status}: ${text || response.statusText}`,
    transient,
  )
}

/** A client of an OpenAI-compatible `/embeddings`: in batches, again after faults that pass. */
export const createEmbedder = (settings: EmbedderSettings): Embedder => {
  const { baseUrl, apiKey, model } = settings

  const ask = async (
    input: readonly string[],
    signal: AbortSignal,
    onUsage: OnUsage,
  ): Promise<number[][]> => {
    const limit = AbortSignal.timeout(TIMEOUT_MS)
    let response: Response
    let answer: Answer
    try {
      response = await fetch(`${baseUrl}/embeddings`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
        },
        body: JSON.stringify({ model, input, encoding_format: 'float' }),
        signal: AbortSignal.any([signal, limit]),
      })
      if (!response.ok) throw await refused(response)
      answer = (await response.json()) as Answer
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof EmbeddingError) throw cause
      throw new EmbeddingError('The embeddings provider could not be reached.', true, { cause })
    }
    onUsage?.(input, tokensOf(answer))
    return readAnswer(answer, input.length)
  }

  const askAgain = async (
    input: readonly string[],
    signal: AbortSignal,
    onUsage: OnUsage,
  ): Promise<number[][]> => {
    for (const wait of WAITS_MS) {
      try {
        return await ask(input, signal, onUsage)
      } catch (error) {
        if (!(error instanceof EmbeddingError) || !error.transient) throw error
        await sleep(wait, undefined, { signal })
      }
    }
    return ask(input, signal, onUsage)
  }

  return {
    model,
    async embed(texts, signal, onUsage) {
      const vectors: number[][] = []
      for (let i = 0; i < texts.length; i += BATCH) {
        vectors.push(...(await askAgain(texts.slice(i, i + BATCH), signal, onUsage)))
      }
      return vectors
    },
  }
}
