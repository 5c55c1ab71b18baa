import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'

import { ModelError } from '../language-model.ts'
import type { LanguageModel, ModelPart, ModelRequest } from '../language-model.ts'
import { createChunkReader } from './from-chat-chunk.ts'
import { ConnectionError, httpPost } from './http-post.ts'
import type { HttpAnswer } from './http-post.ts'
import { inlineImages } from './inline-images.ts'
import type { FetchImage } from './inline-images.ts'
import { AttemptError, providerMessage, statusError } from './provider-error.ts'
import { createAnswerReader } from './read-answer.ts'
import type { OpenAiCompatibleSettings } from './settings.ts'
import { quirkIn, toChatRequest } from './to-chat-request.ts'
import type { Quirk } from './to-chat-request.ts'

/** Half of a surrogate pair is no text: strict servers would refuse the thread for good. */
const wellFormed = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? value.toWellFormed() : value

/** Most of an error answer's body that is read, in bytes. */
const MAX_ERROR_BYTES = 64 * 1024

export interface OpenAiCompatibleDeps {
  /** For models whose setting is `inline`; null leaves them without. */
  fetchImage: FetchImage | null
  /** Told how each call ended: null when well. Not told of aborts. */
  onOutcome?: (error: ModelError | null) => void
  /** A number in [0, 1) for the jitter of back-offs. */
  random?: () => number
}

const chatUrl = (settings: OpenAiCompatibleSettings): URL => {
  const url = new URL(settings.baseUrl)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/chat/completions`
  for (const [name, value] of Object.entries(settings.query)) url.searchParams.set(name, value)
  return url
}

const headersFor = (settings: OpenAiCompatibleSettings): Record<string, string> => {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    'user-agent': 'melzi',
  }
  if (settings.apiKey !== null && settings.apiKeyHeader !== null)
    headers[settings.apiKeyHeader] = settings.apiKey
  else if (settings.apiKey !== null) headers['authorization'] = `Bearer ${settings.apiKey}`
  return headers
}

const readError = async (answer: HttpAnswer): Promise<string> => {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of answer.body) {
    pieces.push(piece)
    length += piece.length
    if (length > MAX_ERROR_BYTES) break
  }
  answer.drain()
  return Buffer.concat(pieces).toString('utf8')
}

const CONNECTION_MESSAGES = {
  connect: 'could not be reached',
  connection: 'could not be reached, or closed the connection',
  headers: 'did not begin to answer',
  idle: 'stopped in the middle of its answer',
} as const

const connectionFailure = (model: string, error: ConnectionError): AttemptError => {
  const message = `The server of model '${model}' ${CONNECTION_MESSAGES[error.kind]} (${error.message}).`
  const isRetryable = error.kind === 'connect' || error.kind === 'connection'
  return new AttemptError(new ModelError('server_error', message, { cause: error }), {
    isRetryable,
  })
}

const callIds = (request: ModelRequest): Set<string> =>
  new Set(
    request.messages.flatMap((message) =>
      message.role === 'assistant' ? message.toolCalls.map((call) => call.id) : [],
    ),
  )

/**
 * A model behind any server that speaks OpenAI's chat completions. Keeps connections alive until it is disposed. What it learns of
 * parameters the server refuses holds for its life.
 */
export const createOpenAiCompatibleModel = (
  settings: OpenAiCompatibleSettings,
  deps: OpenAiCompatibleDeps,
): LanguageModel & AsyncDisposable => {
  const url = chatUrl(settings)
  const headers = headersFor(settings)
  const secrets = [settings.apiKey, url.password === '' ? null : decodeURIComponent(url.password)]
  const agent =
    url.protocol === 'https:'
      ? new HttpsAgent({ keepAlive: true })
      : new HttpAgent({ keepAlive: true })
  const quirks = new Set<Quirk>()
  const random = deps.random ?? Math.random

  const post = (body: object, signal: AbortSignal) =>
    httpPost({
      url,
      headers,
      body: JSON.stringify(body, wellFormed),
      agent,
      timeouts: settings.timeouts,
      signal,
    })

  /** The answer with status 200, after as many tries as the server has parameters it refuses. */
  const openAnswer = async (request: ModelRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    for (;;) {
      const body = toChatRequest(request, settings, quirks)
      const answer = await post(body, signal)
      if (answer.status === 200) return answer
      const text = await readError(answer)
      const isComplaint = answer.status === 400 || answer.status === 422
      const quirk = isComplaint ? quirkIn(providerMessage(text), body, quirks) : null
      if (quirk === null) throw statusError(settings.name, { ...answer, body: text }, secrets)
      quirks.add(quirk)
    }
  }

  async function* attempt(
    request: ModelRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ModelPart, void> {
    const answer = await openAnswer(request, signal)
    const onlyFirstCall = !request.parallelToolCalls
    const chunks = createChunkReader({ usedIds: callIds(request), onlyFirstCall })
    const reader = createAnswerReader({ model: settings.name, secrets, reader: chunks })
    try {
      try {
        for await (const bytes of answer.body) {
          for (const part of reader.push(bytes)) yield part
          if (reader.isWhole) break
        }
        if (!reader.isWhole) for (const part of reader.end()) yield part
      } catch (error) {
        // Some servers drop the connection instead of sending [DONE].
        if (!(error instanceof ConnectionError && reader.isFinished)) throw error
      }
      answer.drain()
      for (const part of reader.finish()) yield part
    } finally {
      answer.destroy()
    }
  }

  const backOffMs = (failure: AttemptError, retry: number): number =>
    failure.retryAfterMs ?? settings.retries.baseMs * 2 ** retry * (0.5 + random())

  const asFailure = (error: unknown): AttemptError => {
    if (error instanceof AttemptError) return error
    if (error instanceof ConnectionError) return connectionFailure(settings.name, error)
    if (error instanceof ModelError) return new AttemptError(error)
    throw error
  }

  /** Waits until the next attempt may be made. @throws ModelError when none is to be made */
  const waitToRetry = async (
    failure: AttemptError,
    retry: number,
    signal: AbortSignal,
  ): Promise<void> => {
    const waitMs = backOffMs(failure, retry)
    const mayRetry = failure.isRetryable && retry < settings.retries.count
    if (!mayRetry || waitMs > settings.retries.maxWaitMs) throw failure.error
    // An abort ends the wait; the next attempt is not made then.
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }

  // Every generator a token passes through costs it three turns of the microtask queue: there are two, this and `attempt`.
  async function* stream(
    asked: ModelRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ModelPart, void> {
    signal.throwIfAborted()
    try {
      const messages = await inlineImages(
        asked.messages,
        settings.images,
        settings.name,
        deps.fetchImage,
        signal,
      )
      const request = { ...asked, messages }
      for (let retry = 0; ; retry += 1) {
        let hasSpoken = false
        try {
          for await (const part of attempt(request, signal)) {
            hasSpoken = true
            yield part
          }
          break
        } catch (error) {
          signal.throwIfAborted()
          if (!hasSpoken && error instanceof ConnectionError && error.isStale) {
            // Not a try of its own: each takes one stale connection out of the pool, until a new one is made.
            retry -= 1
            continue
          }
          if (hasSpoken) throw asFailure(error).error
          await waitToRetry(asFailure(error), retry, signal)
        }
      }
      deps.onOutcome?.(null)
    } catch (error) {
      if (error instanceof ModelError && !signal.aborted) deps.onOutcome?.(error)
      throw error
    }
  }

  return {
    contextTokens: settings.contextTokens,
    stream,
    [Symbol.asyncDispose]: async () => {
      agent.destroy()
    },
  }
}
