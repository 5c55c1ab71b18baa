/** A model's answer as chat completions have it, whole or in chunks. */
import type { FinishReason, ModelPart, ModelUsage } from '../../models/language-model.ts'
import { ModelError } from '../../models/language-model.ts'
import { AppError } from '../../platform/errors.ts'

/** What the answer and each of its chunks begin with. */
export interface ChatHead {
  id: string
  /** Unix seconds. */
  created: number
  model: string
}

const usageOf = (usage: ModelUsage | null) =>
  usage === null
    ? null
    : {
        prompt_tokens: usage.promptTokens,
        completion_tokens: usage.completionTokens,
        total_tokens: usage.promptTokens + usage.completionTokens,
        prompt_tokens_details: { cached_tokens: usage.cachedTokens },
        completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
      }

/** A model's failure before the answer began, as the answer. */
export const answerError = (error: ModelError): AppError => {
  const fields = {
    server_error: { status: 502, type: 'server_error', code: null },
    rate_limit_exceeded: { status: 429, type: 'requests', code: 'rate_limit_exceeded' },
    invalid_prompt: { status: 400, type: 'invalid_request_error', code: 'invalid_prompt' },
  } as const
  const headers: Record<string, string> =
    error.retryAfterMs === null
      ? {}
      : { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) }
  return new AppError({ ...fields[error.code], message: error.message, headers, cause: error })
}

/** A failure within a streamed answer, as its last event; the SDKs throw it. */
export const streamError = (error: unknown) => {
  const { message, type, param, code } =
    error instanceof ModelError
      ? answerError(error)
      : new AppError({ status: 500, message: 'The answer broke off.', type: 'server_error' })
  return { error: { message, type, param, code } }
}

interface Call {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

/** The whole answer. @throws ModelError, or the signal's reason */
export const wholeAnswer = async (head: ChatHead, parts: AsyncIterable<ModelPart>) => {
  let content = ''
  let refusal = ''
  const calls: Call[] = []
  let finish: { reason: FinishReason; usage: ModelUsage | null } = { reason: 'stop', usage: null }
  for await (const part of parts) {
    if (part.type === 'text') content += part.delta
    else if (part.type === 'refusal') refusal += part.delta
    else if (part.type === 'tool-call')
      calls.push({ id: part.id, type: 'function', function: { name: part.name, arguments: '' } })
    else if (part.type === 'finish') finish = part
    else {
      const call = calls[part.index]
      if (call !== undefined) call.function.arguments += part.delta
    }
  }
  const usage = usageOf(finish.usage)
  const isEmpty = content === '' && (calls.length > 0 || refusal !== '')
  const message = {
    role: 'assistant' as const,
    content: isEmpty ? null : content,
    refusal: refusal === '' ? null : refusal,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
  return {
    ...head,
    object: 'chat.completion' as const,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish.reason }],
    ...(usage === null ? {} : { usage }),
  }
}

const deltaOf = (part: Exclude<ModelPart, { type: 'finish' }>): object => {
  switch (part.type) {
    case 'text':
      return { content: part.delta }
    case 'refusal':
      return { refusal: part.delta }
    case 'tool-call': {
      const { index, id, name } = part
      return { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }
    }
    case 'tool-arguments':
      return { tool_calls: [{ index: part.index, function: { arguments: part.delta } }] }
  }
}

/**
 * The answer's chunks, to the last before `[DONE]`; the first comes with the first part, so that a failure before it can still be an
 * answer of its own.
 * @param withUsage whether the client asked for a last chunk with the usage
 */
export async function* answerChunks(
  head: ChatHead,
  parts: AsyncIterable<ModelPart>,
  withUsage: boolean,
): AsyncGenerator<object, void> {
  const chunk = (delta: object, finishReason: FinishReason | null = null) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    ...(withUsage ? { usage: null } : {}),
  })
  let isFirst = true
  for await (const part of parts) {
    if (isFirst) yield chunk({ role: 'assistant', content: '', refusal: null })
    isFirst = false
    if (part.type !== 'finish') {
      yield chunk(deltaOf(part))
      continue
    }
    yield chunk({}, part.reason)
    const usage = usageOf(part.usage)
    if (withUsage && usage !== null)
      yield { ...head, object: 'chat.completion.chunk', choices: [], usage }
  }
}
