/** Reads what a plugin hands to `chat` and `infer_params`: conversations in the forms that plugins have been written with. */
import { errors } from '../../platform/errors.ts'
import type { PromptMessage, PromptPart } from '../../models/language-model.ts'

type AssistantMessage = Extract<PromptMessage, { role: 'assistant' }>

const MOST_MESSAGES = 500
const MOST_PICTURES = 10
const ROLES = "'system', 'user', 'assistant', 'function' or 'tool'"

/**
 * A conversation as the model takes it: old-style `function_call` and `role: function`, the newer `tool_calls` and `role: tool`, texts and
 * lists of parts. Calls without a result get an empty one, and results without a call get theirs, since strict servers refuse either.
 * @throws AppError 400 with a sentence for the plugin's author
 */
export const toPromptMessages = (conversation: unknown): PromptMessage[] => {
  if (!Array.isArray(conversation)) {
    throw errors.invalid(`conversation must be a list of messages, not ${kindOf(conversation)}.`)
  }
  if (conversation.length > MOST_MESSAGES) {
    throw errors.invalid(
      `conversation has ${conversation.length} messages; the most are ${MOST_MESSAGES}.`,
    )
  }
  const reader = new ConversationReader()
  for (const [index, message] of conversation.entries()) {
    reader.add(message as unknown, `conversation[${index}]`)
  }
  return reader.end()
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a dict' : `a ${typeof value}`
}

class ConversationReader {
  readonly #messages: PromptMessage[] = []
  /** Calls of the last assistant message that have no result yet. */
  #open: AssistantMessage['toolCalls'] = []
  #count = 0
  #pictures = 0

  add(message: unknown, at: string): void {
    if (!isRecord(message)) throw errors.invalid(`${at} must be a dict, not ${kindOf(message)}.`)
    const { role, content } = message
    if (role === 'function' || role === 'tool') return this.#addResult(message, at)
    this.#closeCalls()
    if (role === 'system' || role === 'developer') {
      this.#messages.push({ role: 'system', text: textOf(content, at) })
    } else if (role === 'user') {
      const parts = this.#partsOf(content, at)
      if (parts.length > 0) this.#messages.push({ role, parts })
    } else if (role === 'assistant') {
      this.#addAnswer(message, at)
    } else {
      throw errors.invalid(`${at}: role must be ${ROLES}.`)
    }
  }

  end(): PromptMessage[] {
    this.#closeCalls()
    return this.#messages
  }

  #addAnswer(message: Record<string, unknown>, at: string): void {
    const { function_call: old, tool_calls: calls } = message
    const given = [
      ...(old === undefined || old === null ? [] : [{ function: old }]),
      ...(Array.isArray(calls) ? (calls as unknown[]) : []),
    ]
    const toolCalls = given.map((call) => this.#callOf(call, at))
    const text = textOf(message['content'], at)
    if (text === '' && toolCalls.length === 0) return
    this.#messages.push({ role: 'assistant', text: text === '' ? null : text, toolCalls })
    this.#open = [...toolCalls]
  }

  #callOf(call: unknown, at: string): AssistantMessage['toolCalls'][number] {
    const inner = isRecord(call) ? call['function'] : null
    if (!isRecord(inner) || typeof inner['name'] !== 'string' || inner['name'] === '') {
      throw errors.invalid(`${at}: a function call must be a dict with 'name' and 'arguments'.`)
    }
    const given = inner['arguments'] ?? '{}'
    const id = isRecord(call) && typeof call['id'] === 'string' ? call['id'] : this.#newId()
    return {
      id,
      name: inner['name'],
      arguments: typeof given === 'string' ? given : JSON.stringify(given),
    }
  }

  #addResult(message: Record<string, unknown>, at: string): void {
    const { name, tool_call_id: callId, content } = message
    const open = this.#open.find((call) =>
      typeof callId === 'string' ? call.id === callId : name === undefined || call.name === name,
    )
    const output = textOf(content, at)
    if (open !== undefined) {
      this.#open = this.#open.filter((call) => call !== open)
      this.#messages.push({ role: 'tool', callId: open.id, output })
      return
    }
    if (typeof name !== 'string' || name === '') {
      throw errors.invalid(`${at}: a result must name its function ('name').`)
    }
    this.#closeCalls()
    const call = { id: this.#newId(), name, arguments: '{}' }
    this.#messages.push({ role: 'assistant', text: null, toolCalls: [call] })
    this.#messages.push({ role: 'tool', callId: call.id, output })
  }

  #closeCalls(): void {
    for (const { id } of this.#open) this.#messages.push({ role: 'tool', callId: id, output: '' })
    this.#open = []
  }

  #newId(): string {
    this.#count += 1
    return `call_asked_${this.#count}`
  }

  #partsOf(content: unknown, at: string): PromptPart[] {
    if (!Array.isArray(content)) {
      const text = textOf(content, at)
      return text === '' ? [] : [{ type: 'text', text }]
    }
    return content.map((part: unknown, index): PromptPart => {
      const image = isRecord(part) ? imageOf(part) : null
      if (image === null) return { type: 'text', text: textOf([part], `${at}.content[${index}]`) }
      this.#pictures += 1
      if (this.#pictures > MOST_PICTURES)
        throw errors.invalid(`conversation has more than ${MOST_PICTURES} pictures.`)
      return image
    })
  }
}

/**
 * Null for what is no picture. An address would be fetched by this server, with the operator's internal hosts in reach, or by the model's:
 * either way a plugin would send to hosts that its file does not name.
 * @throws AppError 400 for one that is not in the address itself
 */
const imageOf = (part: Record<string, unknown>): PromptPart | null => {
  const { type, image_url: image } = part
  if (type !== 'image_url') return null
  const url = isRecord(image) ? image['url'] : image
  if (typeof url !== 'string' || !/^data:image\//i.test(url)) {
    throw errors.invalid(
      'A picture must be a data:image address; a plugin fetches a picture itself and passes its bytes.',
    )
  }
  const detail = isRecord(image) ? image['detail'] : null
  return { type: 'image', url, detail: detail === 'low' || detail === 'high' ? detail : 'auto' }
}

/** Text, or the texts of a list of parts. @throws AppError 400 */
const textOf = (content: unknown, at: string): string => {
  if (content === null || content === undefined) return ''
  if (typeof content === 'string') return content
  if (Array.isArray(content)) return content.map((part) => partText(part as unknown, at)).join('\n')
  throw errors.invalid(`${at}: content must be text or a list of parts, not ${kindOf(content)}.`)
}

const partText = (part: unknown, at: string): string => {
  if (typeof part === 'string') return part
  const text = isRecord(part) ? part['text'] : undefined
  if (typeof text === 'string') return text
  if (isRecord(text) && typeof text['value'] === 'string') return text['value']
  throw errors.invalid(
    `${at}: a part must have the type 'text', or in a user's message 'image_url'.`,
  )
}
