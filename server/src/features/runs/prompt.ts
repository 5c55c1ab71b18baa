import type { ToolChoice } from '@melzi/contract/tool.ts'
import type { ModelRequest, PromptMessage, PromptPart } from '../../models/language-model.ts'
import { estimateMessageTokens } from '../../models/estimate-tokens.ts'
import { imageOnlyText } from '../../models/image-text.ts'
import type { MessageRecord, StoredPart } from '../messages/service.ts'
import { promptFunction, type BuiltInType } from './built-in-tools.ts'
import { passagesText } from './file-search-call.ts'
import { callsOf, type RunRecord, type StepRecord, type StoredCall } from './run-record.ts'

/** Messages read for one prompt at the most; what is older is left out, as any automatic truncation does. */
export const MAX_PROMPT_MESSAGES = 2_000

/** Where the pictures of messages are found, as `data:` URLs. */
export interface Pictures {
  ofBlob(blob: string): Promise<string>
  /** Null when the file is gone: deleting one leaves the messages that name it. */
  ofFile(fileId: string): Promise<string | null>
}

const promptPart = async (part: StoredPart, pictures: Pictures): Promise<PromptPart> => {
  if (part.type === 'text') return { type: 'text', text: part.text.value }
  if (part.type === 'refusal') return { type: 'text', text: part.refusal }
  if (part.type === 'image_url') {
    return { type: 'image', url: part.image_url.url, detail: part.image_url.detail }
  }
  if (part.type === 'image_file') {
    const url = await pictures.ofFile(part.image_file.file_id)
    if (url === null) return { type: 'text', text: '[an image that has been deleted]' }
    return { type: 'image', url, detail: part.image_file.detail ?? 'auto' }
  }
  return { type: 'image', url: await pictures.ofBlob(part.blob), detail: part.detail }
}

/** A text that is nothing but a picture's address is shown to the model as a picture too: the guide's Gradio program sends them so. */
const withPictures = (parts: PromptPart[]): PromptPart[] =>
  parts.flatMap((part): PromptPart[] => {
    if (part.type !== 'text') return [part]
    const url = imageOnlyText(part.text)
    if (url === null) return [part]
    const image: PromptPart = { type: 'image', url, detail: 'auto' }
    return /^data:/i.test(url) ? [image] : [part, image]
  })

const textOf = (message: MessageRecord): string =>
  message.content
    .map((part) => {
      if (part.type === 'text') return part.text.value
      if (part.type === 'refusal') return part.refusal
      return part.type === 'image_url' ? part.image_url.url : '[image]'
    })
    .join('\n')

const threadMessage = async (
  message: MessageRecord,
  pictures: Pictures,
): Promise<PromptMessage> => {
  if (message.role === 'assistant') {
    return { role: 'assistant', text: textOf(message), toolCalls: [] }
  }
  const parts: PromptPart[] = []
  for (const part of message.content) parts.push(await promptPart(part, pictures))
  return { role: 'user', parts: withPictures(parts) }
}

type Names = ReadonlyMap<BuiltInType, string>

/** A call as the model made it, and what it was told. */
const promptCall = (call: StoredCall, names: Names) => {
  const { id } = call
  if (call.type === 'function') {
    const { name, arguments: given, output } = call.function
    return { call: { id, name, arguments: given }, output: output ?? '' }
  }
  const name = names.get(call.type) ?? call.type
  if (call.type === 'file_search') {
    return { call: { id, name, arguments: call.arguments }, output: passagesText(call) }
  }
  const given = JSON.stringify({ code: call.code_interpreter.input })
  return { call: { id, name, arguments: given }, output: call.output ?? '' }
}

/**
 * What the run itself has said and done so far. Text and the calls of one turn become one assistant message, since many chat templates
 * demand that roles alternate. What was closed as failed or incomplete is left out.
 */
const ownWork = (
  steps: readonly StepRecord[],
  written: ReadonlyMap<string, MessageRecord>,
  names: Names,
): PromptMessage[] => {
  const messages: PromptMessage[] = []
  for (const step of steps) {
    if (step.status !== 'completed') continue
    if (step.details.type === 'message_creation') {
      const message = written.get(step.details.message_creation.message_id)
      if (message?.status !== 'completed') continue
      messages.push({ role: 'assistant', text: textOf(message), toolCalls: [] })
      continue
    }
    const made = callsOf(step).map((call) => promptCall(call, names))
    const toolCalls = made.map(({ call }) => call)
    const last = messages.at(-1)
    if (last?.role === 'assistant' && last.toolCalls.length === 0) last.toolCalls = toolCalls
    else messages.push({ role: 'assistant', text: null, toolCalls })
    for (const { call, output } of made) messages.push({ role: 'tool', callId: call.id, output })
  }
  return messages
}

export interface Conversation {
  system: PromptMessage[]
  /** Messages of the thread, oldest first; the part that truncation may shorten. */
  thread: PromptMessage[]
  /** What this run has said and done: never shortened. */
  own: PromptMessage[]
}

/** A run as its prompt shows it. */
export interface PromptedRun {
  run: RunRecord
  steps: readonly StepRecord[]
  /** Of the built-in tools. */
  names: Names
  /** What the model is told about them; null for nothing. */
  notes: string | null
}

/** Puts the conversation together from what is stored. */
export const buildConversation = async (
  { run, steps, names, notes }: PromptedRun,
  messages: readonly MessageRecord[],
  pictures: Pictures,
): Promise<Conversation> => {
  const byId = new Map(messages.map((message) => [message.id, message]))
  const written = new Set(
    steps.flatMap((step) =>
      step.details.type === 'message_creation' ? [step.details.message_creation.message_id] : [],
    ),
  )
  const before = messages.filter(
    (message) => !written.has(message.id) && message.status !== 'in_progress',
  )
  const keep = run.truncationStrategy.last_messages
  const kept = keep === null ? before : before.slice(-keep)
  const thread: PromptMessage[] = []
  for (const message of kept) {
    if (message.content.length > 0) thread.push(await threadMessage(message, pictures))
  }
  // One message: some chat templates refuse a second one.
  const instructions = [run.instructions, notes].filter(Boolean).join('\n\n')
  return {
    system: instructions === '' ? [] : [{ role: 'system', text: instructions }],
    thread,
    own: ownWork(steps, byId, names),
  }
}

/**
 * Drops the oldest messages of the thread until the estimate fits. The newest message always stays.
 * @param limit tokens; null for no limit
 * @returns the messages, or null when even the shortest form does not fit
 */
export const truncate = (
  conversation: Conversation,
  limit: number | null,
): PromptMessage[] | null => {
  const { system, thread, own } = conversation
  if (limit === null) return [...system, ...thread, ...own]
  const cost = (messages: readonly PromptMessage[]) =>
    messages.reduce((sum, message) => sum + estimateMessageTokens(message), 0)
  let room = limit - cost(system) - cost(own)
  let from = thread.length
  while (from > 0) {
    const message = thread[from - 1]
    if (message === undefined) break
    room -= estimateMessageTokens(message)
    if (room < 0) break
    from -= 1
  }
  if (room < 0 && from === thread.length) return null
  return [...system, ...thread.slice(from), ...own]
}

/** The least that can be asked: of the thread only its newest message. */
export const shortest = ({ system, thread, own }: Conversation): PromptMessage[] => [
  ...system,
  ...thread.slice(-1),
  ...own,
]

/** The model knows functions only. */
const promptToolChoice = (choice: ToolChoice, names: Names): ModelRequest['toolChoice'] => {
  if (typeof choice === 'string' || choice.type === 'function') return choice
  return { type: 'function', function: { name: names.get(choice.type) ?? choice.type } }
}

/** The settings of a model call, frozen in the run. A forced tool choice is for the first turn: repeating it would never end. */
export const modelRequest = (
  run: RunRecord,
  messages: PromptMessage[],
  names: Names,
  maxTokens: number | null,
  firstTurn: boolean,
): ModelRequest => ({
  model: run.model,
  messages,
  functions: run.tools.map((tool) => promptFunction(tool, names)),
  toolChoice:
    firstTurn || run.toolChoice === 'none' ? promptToolChoice(run.toolChoice, names) : 'auto',
  parallelToolCalls: run.parallelToolCalls,
  temperature: run.temperature,
  topP: run.topP,
  reasoningEffort: run.reasoningEffort,
  responseFormat: run.responseFormat,
  maxTokens,
})
