import type { ToolChoice } from '@melzi/contract/tool.ts'
import type { ModelRequest, PromptMessage, PromptPart } from '../../models/language-model.ts'
import { imageOnlyText } from '../../models/image-text.ts'
import type { MessageRecord, StoredPart } from '../messages/service.ts'
import { promptFunction, type BuiltInType } from './built-in-tools.ts'
import { passagesText } from './file-search-call.ts'
import { callsOf, type RunRecord, type StepRecord, type StoredCall } from './run-record.ts'

/** Messages read for one prompt at the most; what is older is left out, as any automatic truncation does. */
export const MAX_PROMPT_MESSAGES = 2_000

/** Parts of a prompt whose pictures are not read yet: only what stays after truncation is. */
export type UnreadPictures = Map<PromptPart, Extract<StoredPart, { type: PictureType }>>
type PictureType = 'image_file' | 'image_blob'

const promptPart = (part: StoredPart, unread: UnreadPictures): PromptPart => {
  if (part.type === 'text') return { type: 'text', text: part.text.value }
  if (part.type === 'refusal') return { type: 'text', text: part.refusal }
  if (part.type === 'image_url') {
    return { type: 'image', url: part.image_url.url, detail: part.image_url.detail }
  }
  const detail = part.type === 'image_file' ? (part.image_file.detail ?? 'auto') : part.detail
  const picture: PromptPart = { type: 'image', url: '', detail }
  unread.set(picture, part)
  return picture
}

/** A text that is nothing but a picture's address is shown to the model as a picture too: the guide's Gradio program sends them so. */
const withPicturesOfText = (parts: PromptPart[]): PromptPart[] =>
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

const threadMessage = (message: MessageRecord, unread: UnreadPictures): PromptMessage => {
  if (message.role === 'assistant') {
    return { role: 'assistant', text: textOf(message), toolCalls: [] }
  }
  const parts = message.content.map((part) => promptPart(part, unread))
  return { role: 'user', parts: withPicturesOfText(parts) }
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
  /** What this run has said and done. */
  own: PromptMessage[]
  unread: UnreadPictures
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
export const buildConversation = (
  { run, steps, names, notes }: PromptedRun,
  messages: readonly MessageRecord[],
): Conversation => {
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
  const unread: UnreadPictures = new Map()
  const thread = kept
    .filter((message) => message.content.length > 0)
    .map((message) => threadMessage(message, unread))
  // One message: some chat templates refuse a second one.
  const instructions = [run.instructions, notes].filter(Boolean).join('\n\n')
  return {
    system: instructions === '' ? [] : [{ role: 'system', text: instructions }],
    thread,
    own: ownWork(steps, byId, names),
    unread,
  }
}

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
