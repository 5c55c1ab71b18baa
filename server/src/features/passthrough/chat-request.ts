import { UNKNOWN_TO_MODELS } from '@melzi/contract/chat.ts'
import type { ChatMessage, CreateChatCompletionRequest } from '@melzi/contract/chat.ts'
import type { ModelRequest, PromptMessage, PromptPart } from '../../models/language-model.ts'
import { errors } from '../../platform/errors.ts'

/** What stands for "not asked for" in a setting. */
const isIdle = (key: string, value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === 0 ||
  (key === 'n' && value === 1) ||
  (typeof value === 'object' && Object.keys(value).length === 0)

/**
 * Refuses settings that change the answer and that no model behind a converted request knows.
 * @param body the request as it came
 * @throws AppError 400 naming the setting
 */
export const refuseUnknownSettings = (body: Record<string, unknown>, model: string): void => {
  const asked = UNKNOWN_TO_MODELS.find((key) => !isIdle(key, body[key]))
  if (asked !== undefined)
    throw errors.unsupported(`The model '${model}' does not support '${asked}' here.`, asked)
}

const textOf = (content: string | { text: string }[] | null): string => {
  if (content === null) return ''
  return typeof content === 'string' ? content : content.map((part) => part.text).join('')
}

const userParts = (content: Extract<ChatMessage, { role: 'user' }>['content']): PromptPart[] =>
  typeof content === 'string'
    ? [{ type: 'text', text: content }]
    : content.map((part) =>
        part.type === 'text'
          ? { type: 'text', text: part.text }
          : { type: 'image', url: part.image_url.url, detail: part.image_url.detail },
      )

const promptMessage = (message: ChatMessage): PromptMessage => {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', text: textOf(message.content) }
    case 'user':
      return { role: 'user', parts: userParts(message.content) }
    case 'tool':
      return { role: 'tool', callId: message.tool_call_id, output: textOf(message.content) }
    case 'assistant':
      return {
        role: 'assistant',
        text: message.content === null ? message.refusal : textOf(message.content),
        toolCalls: (message.tool_calls ?? []).map((call) => ({
          id: call.id,
          name: call.function.name,
          arguments: call.function.arguments,
        })),
      }
  }
}

/** A chat completions request for a model with another wire. */
export const toModelRequest = (chat: CreateChatCompletionRequest): ModelRequest => ({
  model: chat.model,
  messages: chat.messages.map(promptMessage),
  functions: (chat.tools ?? []).map(({ function: fn }) => ({
    name: fn.name,
    description: fn.description,
    parameters: fn.parameters ?? {},
    strict: fn.strict ?? false,
  })),
  toolChoice: chat.tool_choice ?? 'auto',
  parallelToolCalls: chat.parallel_tool_calls ?? true,
  temperature: chat.temperature,
  topP: chat.top_p,
  reasoningEffort: chat.reasoning_effort,
  responseFormat: chat.response_format ?? 'auto',
  maxTokens: chat.max_completion_tokens ?? chat.max_tokens,
})
