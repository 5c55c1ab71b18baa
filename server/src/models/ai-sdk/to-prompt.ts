import { createHash } from 'node:crypto'
import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4TextPart,
} from '@ai-sdk/provider'

import { ModelError } from '../language-model.ts'
import type { PromptMessage, PromptPart } from '../language-model.ts'
import { wellFormed } from '../well-formed.ts'
import type { Vendor } from './settings.ts'
import type { ThoughtMemory } from './thought-memory.ts'

const DATA_URL = /^data:(image\/[a-z0-9.+-]+)(?:;[a-z0-9=._-]+)*;base64,(.*)$/is

const imagePart = (url: string): LanguageModelV4FilePart => {
  const [, mediaType, data] = DATA_URL.exec(url) ?? []
  if (mediaType !== undefined && data !== undefined)
    return { type: 'file', mediaType: mediaType.toLowerCase(), data: { type: 'data', data } }
  const address = URL.parse(url)
  if (address === null || !/^https?:$/.test(address.protocol))
    throw new ModelError('invalid_prompt', 'An image of the conversation has no usable address.')
  return { type: 'file', mediaType: 'image/*', data: { type: 'url', url: address } }
}

/** Vendors refuse empty text. */
const userPart = (part: PromptPart): (LanguageModelV4TextPart | LanguageModelV4FilePart)[] => {
  if (part.type === 'image') return [imagePart(part.url)]
  return part.text === '' ? [] : [{ type: 'text', text: part.text.toWellFormed() }]
}

/** Models sometimes write arguments that are no JSON object; vendors take nothing else. */
const argumentsOf = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text, wellFormed)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Kept below: the model shall see what it wrote.
  }
  return text.trim() === '' ? {} : { arguments: text.toWellFormed() }
}

const base62 = (id: string): string => {
  const letters = createHash('sha256')
    .update(id)
    .digest('base64')
    .replaceAll(/[^A-Za-z0-9]/g, '')
  return letters.slice(0, 9)
}

/** Mistral takes nine letters and digits for an id; the others take ours. */
const idFor = (vendor: Vendor, id: string): string => (vendor === 'mistral' ? base62(id) : id)

/**
 * A prompt in the AI SDK's form. All system texts go to its head, where alone every vendor takes them; outputs of one turn are one
 * message; what is empty is left out.
 * @throws {ModelError} `invalid_prompt` for an image without a usable address
 */
export const toPrompt = (
  messages: readonly PromptMessage[],
  vendor: Vendor,
  memory: ThoughtMemory,
): LanguageModelV4Prompt => {
  const system = messages.flatMap((one) =>
    one.role === 'system' && one.text.trim() !== '' ? [one.text] : [],
  )
  const out: LanguageModelV4Message[] =
    system.length === 0 ? [] : [{ role: 'system', content: system.join('\n\n').toWellFormed() }]
  const toolNames = new Map<string, string>()

  const assistant = (message: Extract<PromptMessage, { role: 'assistant' }>): void => {
    const content: Extract<LanguageModelV4Message, { role: 'assistant' }>['content'] = []
    const first = message.toolCalls[0]
    content.push(...((first && memory.find(first.id)?.reasoning) ?? []))
    if (message.text !== null && message.text.trim() !== '')
      content.push({ type: 'text', text: message.text.toWellFormed() })
    for (const call of message.toolCalls) {
      toolNames.set(call.id, call.name)
      const options = memory.find(call.id)?.callOptions ?? null
      content.push({
        type: 'tool-call',
        toolCallId: idFor(vendor, call.id),
        toolName: call.name,
        input: argumentsOf(call.arguments),
        ...(options === null ? {} : { providerOptions: options }),
      })
    }
    if (content.length > 0) out.push({ role: 'assistant', content })
  }

  const tool = (message: Extract<PromptMessage, { role: 'tool' }>): void => {
    const part = {
      type: 'tool-result' as const,
      toolCallId: idFor(vendor, message.callId),
      toolName: toolNames.get(message.callId) ?? message.callId,
      output: { type: 'text' as const, value: message.output.toWellFormed() },
    }
    const last = out.at(-1)
    if (last?.role === 'tool') last.content.push(part)
    else out.push({ role: 'tool', content: [part] })
  }

  for (const message of messages) {
    if (message.role === 'assistant') assistant(message)
    else if (message.role === 'tool') tool(message)
    else if (message.role === 'user') {
      const content = message.parts.flatMap(userPart)
      if (content.length > 0) out.push({ role: 'user', content })
    }
  }
  return out
}
