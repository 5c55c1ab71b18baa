import { ModelError } from '../language-model.ts'
import type { ModelRequest, PromptFunction, PromptMessage, PromptPart } from '../language-model.ts'
import type { OpenAiCompatibleSettings } from './settings.ts'

/** Parameters a server was found to refuse; each is then left out, or spelt otherwise. */
export type Quirk =
  | 'stream_options'
  | 'parallel_tool_calls'
  | 'max_tokens'
  | 'max_completion_tokens'
  | 'temperature'
  | 'top_p'

const chatPart = (part: PromptPart) =>
  part.type === 'text'
    ? part
    : { type: 'image_url', image_url: { url: part.url, detail: part.detail } }

/** Text goes as a string: servers of text-only models refuse lists of parts. */
const userContent = (parts: readonly PromptPart[]) => {
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  return texts.length === parts.length ? texts.join('\n') : parts.map(chatPart)
}

const chatMessage = (message: PromptMessage): object => {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.text }
    case 'user':
      return { role: 'user', content: userContent(message.parts) }
    case 'tool':
      return { role: 'tool', tool_call_id: message.callId, content: message.output }
    case 'assistant':
      if (message.toolCalls.length === 0) return { role: 'assistant', content: message.text ?? '' }
      return {
        role: 'assistant',
        content: message.text,
        tool_calls: message.toolCalls.map((call) => ({
          id: call.id,
          type: 'function',
          function: { name: call.name, arguments: call.arguments },
        })),
      }
  }
}

const chatTool = (fn: PromptFunction) => ({
  type: 'function',
  function: {
    name: fn.name,
    ...(fn.description === null ? {} : { description: fn.description }),
    parameters:
      Object.keys(fn.parameters).length === 0 ? { type: 'object', properties: {} } : fn.parameters,
    ...(fn.strict ? { strict: true } : {}),
  },
})

/** `auto` is every server's own default and is left out; a hosted tool's choice holds when it is offered as a function. */
const toolFields = (request: ModelRequest, quirks: ReadonlySet<Quirk>): object => {
  if (request.functions.length === 0) return {}
  const choice = request.toolChoice
  const name =
    typeof choice === 'string'
      ? null
      : choice.type === 'function'
        ? choice.function.name
        : choice.type
  const isOffered = request.functions.some((fn) => fn.name === name)
  const forced =
    typeof choice === 'string'
      ? choice
      : isOffered
        ? { type: 'function', function: { name } }
        : 'auto'
  return {
    tools: request.functions.map(chatTool),
    ...(forced === 'auto' ? {} : { tool_choice: forced }),
    ...(request.parallelToolCalls || quirks.has('parallel_tool_calls')
      ? {}
      : { parallel_tool_calls: false }),
  }
}

/**
 * A temperature or top_p of 1 changes nothing, so it may be left out for models that take none; any other value is honoured or
 * refused, never dropped in silence.
 */
const samplingField = (
  name: 'temperature' | 'top_p',
  value: number | null,
  settings: OpenAiCompatibleSettings,
  quirks: ReadonlySet<Quirk>,
): object => {
  if (value === null) return {}
  if (settings.sampling && !quirks.has(name)) return { [name]: value }
  if (value === 1) return {}
  throw new ModelError('invalid_prompt', `The model '${settings.name}' takes no ${name} but 1.`)
}

const tokenLimit = (
  request: ModelRequest,
  settings: OpenAiCompatibleSettings,
  quirks: ReadonlySet<Quirk>,
): object => {
  if (request.maxTokens === null) return {}
  const other = settings.maxTokensField === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
  return {
    [quirks.has(settings.maxTokensField) ? other : settings.maxTokensField]: request.maxTokens,
  }
}

const formatField = (format: ModelRequest['responseFormat']): object =>
  typeof format === 'string' || format.type === 'text' ? {} : { response_format: format }

/**
 * The body of a streamed chat completions request. Image parts go as they are: see {@link inlineImages} for the model's setting.
 * @throws {ModelError} `invalid_prompt` for a temperature or top_p this model cannot honour
 */
export const toChatRequest = (
  request: ModelRequest,
  settings: OpenAiCompatibleSettings,
  quirks: ReadonlySet<Quirk> = new Set(),
): object => ({
  model: settings.upstreamModel ?? request.model,
  messages: request.messages.map(chatMessage),
  stream: true,
  ...(quirks.has('stream_options') ? {} : { stream_options: { include_usage: true } }),
  ...toolFields(request, quirks),
  ...samplingField('temperature', request.temperature, settings, quirks),
  ...samplingField('top_p', request.topP, settings, quirks),
  ...tokenLimit(request, settings, quirks),
  ...(request.reasoningEffort === null ? {} : { reasoning_effort: request.reasoningEffort }),
  ...formatField(request.responseFormat),
})

/**
 * The parameter a 400 complains about that the next attempt can do without; null when the complaint is about something else.
 * @param message the provider's own message
 * @param body the request that was refused
 */
export const quirkIn = (message: string, body: object, known: ReadonlySet<Quirk>): Quirk | null => {
  const sent = body as Record<string, unknown>
  const canSpare: Quirk[] = [
    'stream_options',
    'parallel_tool_calls',
    'max_completion_tokens',
    'max_tokens',
  ]
  if (sent['temperature'] === 1) canSpare.push('temperature')
  if (sent['top_p'] === 1) canSpare.push('top_p')
  const found = canSpare.filter(
    (name) => name in sent && !known.has(name) && new RegExp(String.raw`\b${name}\b`).test(message),
  )
  return found[0] ?? null
}
