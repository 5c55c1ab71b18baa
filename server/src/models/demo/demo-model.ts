import { setTimeout as sleep } from 'node:timers/promises'

import { newId } from '../../platform/ids.ts'
import { estimatePromptTokens, estimateTokens } from '../estimate-tokens.ts'
import type { FinishReason, LanguageModel, ModelPart, ModelRequest } from '../language-model.ts'
import { demoAnswer } from './demo-answer.ts'

/** The name under which the demo model is listed. */
export const DEMO_MODEL_NAME = 'melzi-demo'

/** Pieces the size real models stream: a word or two Han characters; joined they are the text again. */
export const deltasOf = (text: string): string[] =>
  text.match(
    /\s*(?:[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]{1,2}|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]{1,12})|\s+/gu,
  ) ?? []

interface DemoStream {
  request: ModelRequest
  signal: AbortSignal
  delayMs: number
}

/** Waits between two pieces; at 0 ms it still gives way, so that an abort is seen. */
const pause = async ({ signal, delayMs }: DemoStream): Promise<void> => {
  try {
    await sleep(delayMs, undefined, { signal })
  } finally {
    // The timer rejects with its own error; callers are owed the signal's reason.
    signal.throwIfAborted()
  }
}

async function* streamText(text: string, stream: DemoStream): AsyncGenerator<ModelPart, void> {
  const limit = stream.request.maxTokens ?? Infinity
  let said = ''
  let reason: FinishReason = 'stop'
  for (const delta of deltasOf(text)) {
    await pause(stream)
    if (limit < Infinity && said !== '' && estimateTokens(said + delta) > limit) {
      reason = 'length'
      break
    }
    said += delta
    yield { type: 'text', delta }
  }
  yield finish(reason, estimateTokens(said), stream.request)
}

async function* streamCalls(
  calls: { name: string; arguments: string }[],
  stream: DemoStream,
): AsyncGenerator<ModelPart, void> {
  const tokens = calls.reduce(
    (sum, call) => sum + 4 + estimateTokens(call.name + call.arguments),
    0,
  )
  const limit = stream.request.maxTokens ?? Infinity
  if (tokens > limit) {
    // Half a call is of no use to anyone.
    yield finish('length', limit, stream.request)
    return
  }
  for (const [index, call] of calls.entries()) {
    await pause(stream)
    yield { type: 'tool-call', index, id: newId('call_'), name: call.name }
    for (const delta of deltasOf(call.arguments)) {
      await pause(stream)
      yield { type: 'tool-arguments', index, delta }
    }
  }
  yield finish('tool_calls', tokens, stream.request)
}

const finish = (
  reason: FinishReason,
  completionTokens: number,
  request: ModelRequest,
): ModelPart => ({
  type: 'finish',
  reason,
  usage: {
    promptTokens: estimatePromptTokens(request),
    completionTokens,
    cachedTokens: 0,
    reasoningTokens: 0,
  },
})

/**
 * The built-in demo model (design section 9): offline, deterministic but for call ids, says what it is. Usage is an estimate.
 * @param options.delayMs pause before each piece, in ms
 */
export const createDemoModel = (options: { delayMs?: number } = {}): LanguageModel => ({
  contextTokens: 128_000,
  async *stream(request, signal) {
    signal.throwIfAborted()
    const answer = demoAnswer(request)
    const stream = { request, signal, delayMs: options.delayMs ?? 4 }
    if (answer.type === 'calls') yield* streamCalls(answer.calls, stream)
    else yield* streamText(answer.text, stream)
  },
})
