import { setTimeout as sleep } from 'node:timers/promises'
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider'

import { ModelError } from '../language-model.ts'
import type { LanguageModel, ModelPart, ModelRequest } from '../language-model.ts'
import { inlineImages } from '../openai-compatible/inline-images.ts'
import type { FetchImage } from '../openai-compatible/inline-images.ts'
import type { AttemptError } from '../openai-compatible/provider-error.ts'
import { createPartReader } from './from-stream-part.ts'
import { loadVendor } from './load-vendor.ts'
import type { LoadedVendor } from './load-vendor.ts'
import type { VendorSettings } from './settings.ts'
import { createThoughtMemory } from './thought-memory.ts'
import { toCallOptions } from './to-call-options.ts'
import { vendorFailure } from './vendor-failure.ts'

export interface AiSdkDeps {
  /** For models whose setting is `inline`; null leaves them without. */
  fetchImage: FetchImage | null
  /** Told how each call ended: null when well. Not told of aborts. */
  onOutcome?: (error: ModelError | null) => void
}

const callIds = (request: ModelRequest): Set<string> =>
  new Set(
    request.messages.flatMap((message) =>
      message.role === 'assistant' ? message.toolCalls.map((call) => call.id) : [],
    ),
  )

/** Aborts after so many ms of silence; each sign of life starts the next wait. A reader that is busy elsewhere is no silence. */
const createWatch = (model: string) => {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  return {
    signal: late.signal,
    wait: (ms: number, what: string) => {
      clearTimeout(timer)
      const message = `The server of model '${model}' ${what} (nothing came for ${ms} ms).`
      timer = setTimeout(() => late.abort(new ModelError('server_error', message)), ms)
    },
    rest: () => clearTimeout(timer),
  }
}

/** A model of a vendor with its own wire, through the vendor's AI SDK package, which is loaded at the first call. */
export const createAiSdkModel = (settings: VendorSettings, deps: AiSdkDeps): LanguageModel => {
  const memory = createThoughtMemory()
  let loading: Promise<LoadedVendor> | undefined

  async function* attempt(
    vendor: LoadedVendor,
    request: ModelRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ModelPart, void> {
    const options = toCallOptions(request, settings.provider, memory)
    const model = vendor.model(settings.upstreamModel ?? request.model)
    const usedIds = callIds(request)
    const parts = createPartReader({ usedIds, onlyFirstCall: !request.parallelToolCalls }, memory)
    const watch = createWatch(settings.name)
    const stop = new AbortController()
    const abortSignal = AbortSignal.any([signal, watch.signal, stop.signal])
    let reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart> | undefined
    try {
      watch.wait(settings.timeouts.headersMs, 'did not begin to answer')
      reader = (await model.doStream({ ...options, abortSignal })).stream.getReader()
      for (;;) {
        watch.wait(settings.timeouts.idleMs, 'stopped in the middle of its answer')
        const { done, value } = await reader.read()
        watch.rest()
        if (done) break
        yield* parts.read(value)
      }
      if (!parts.isFinished) throw new TypeError('the answer ended early')
      yield* parts.end()
    } catch (error) {
      throw watch.signal.aborted ? (watch.signal.reason as ModelError) : error
    } finally {
      watch.rest()
      // Whatever is still open is closed: the vendor stops its work. What the reader then throws is of no interest.
      stop.abort()
      await reader?.cancel().catch(() => undefined)
    }
  }

  async function* stream(
    asked: ModelRequest,
    signal: AbortSignal,
  ): AsyncGenerator<ModelPart, void> {
    const { images, name, retries } = settings
    const messages = await inlineImages(asked.messages, images, name, deps.fetchImage, signal)
    const request = { ...asked, messages }
    const vendor = await (loading ??= loadVendor(settings))
    for (let retry = 0; ; retry += 1) {
      let hasSpoken = false
      try {
        for await (const part of attempt(vendor, request, signal)) {
          hasSpoken = true
          yield part
        }
        return
      } catch (error) {
        signal.throwIfAborted()
        const failure: AttemptError = vendorFailure(error, settings, vendor.errors)
        const waitMs = failure.retryAfterMs ?? retries.baseMs * 2 ** retry * (0.5 + Math.random())
        const mayRetry = !hasSpoken && failure.isRetryable && retry < retries.count
        if (!mayRetry || waitMs > retries.maxWaitMs) throw failure.error
        // An abort ends the wait; the next attempt is not made then.
        await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
      }
    }
  }

  return {
    contextTokens: settings.contextTokens,
    async *stream(request, signal) {
      signal.throwIfAborted()
      try {
        yield* stream(request, signal)
        deps.onOutcome?.(null)
      } catch (error) {
        if (error instanceof ModelError && !signal.aborted) deps.onOutcome?.(error)
        throw error
      }
    },
  }
}
