/** The scripted model without a script: a rule-based answer to any chat request, for whole programs and load tests. */
import type { ScriptedAnswer } from './scripted-turn.ts'

interface ChatFunction {
  name: string
  description?: string
  parameters?: { properties?: Record<string, { type?: string }>; required?: string[] }
}

export interface ChatBody {
  model?: string
  stream?: boolean
  stream_options?: { include_usage?: boolean } | null
  messages?: { role: string; content?: string | null | { type: string; text?: string }[] }[]
  tools?: { type: string; function: ChatFunction }[]
  tool_choice?: string | { type: string; function?: { name: string } }
  [field: string]: unknown
}

type Content = NonNullable<ChatBody['messages']>[number]['content']

const partsOf = (content: Content): { type: string; text?: string }[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])

const textOf = (content: Content): string =>
  partsOf(content)
    .flatMap((part) => part.text ?? [])
    .join(' ')

const COMMON = new Set(
  'what when where which with this that from have does much many user says tell show about your'.split(
    ' ',
  ),
)

/** Latin words of four letters or more that are not in every sentence, and pairs of Han characters. */
const topics = (text: string): Set<string> => {
  const words = text.toLowerCase().match(/[a-z]{4,}/g) ?? []
  const pairs = [...text.matchAll(/(?=([\u4e00-\u9fff]{2}))/g)].map((match) => match[1] ?? '')
  return new Set([...words.filter((word) => !COMMON.has(word)), ...pairs])
}

const shared = (a: Set<string>, b: Set<string>): number =>
  [...a].filter((word) => b.has(word)).length

const askedFunction = (body: ChatBody, text: string): ChatFunction | undefined => {
  const functions = (body.tools ?? []).map((tool) => tool.function)
  const choice = body.tool_choice
  if (choice === 'none') return undefined
  if (typeof choice === 'object') return functions.find((fn) => fn.name === choice.function?.name)
  const asked = topics(text)
  const about = (fn: ChatFunction) =>
    topics(
      `${fn.name.replaceAll('_', ' ')} ${fn.description ?? ''} ${Object.keys(fn.parameters?.properties ?? {}).join(' ')}`,
    )
  const ranked = functions
    .map((fn) => ({ fn, hits: shared(asked, about(fn)) }))
    .toSorted((a, b) => b.hits - a.hits)
  const best = ranked[0]
  return best !== undefined && (best.hits >= 2 || choice === 'required') ? best.fn : undefined
}

const argumentsFor = (fn: ChatFunction, text: string): Record<string, unknown> => {
  const numbers = [...text.matchAll(/\d+(?:\.\d+)?/g)].map((match) => Number(match[0]))
  const entries = Object.entries(fn.parameters?.properties ?? {}).map(([name, schema]) => {
    const isNumber = schema.type === 'number' || schema.type === 'integer'
    return [name, isNumber ? (numbers.shift() ?? 1) : schema.type === 'boolean' ? false : text]
  })
  return Object.fromEntries(entries)
}

/**
 * Calls the function the newest user message asks for (two words shared with its name, description and parameters), repeats a tool's output,
 * and else answers with `words` if given, or a sentence that names what came.
 */
export const autoAnswer = (body: ChatBody, words?: readonly string[]): ScriptedAnswer => {
  const messages = body.messages ?? []
  const last = messages.at(-1)
  if (last?.role === 'tool') return { text: ['The tool', ' said: ', textOf(last.content)] }
  const from = messages.findLastIndex((message) => message.role === 'assistant') + 1
  const turn = messages.slice(from).filter((message) => message.role === 'user')
  const text = turn
    .map((message) => textOf(message.content))
    .join(' ')
    .trim()
  const fn = askedFunction(body, text)
  if (fn !== undefined) return { toolCalls: [{ name: fn.name, arguments: argumentsFor(fn, text) }] }
  if (words !== undefined) return { text: words }
  const images = turn
    .flatMap((message) => partsOf(message.content))
    .filter((part) => part.type === 'image_url').length
  const seen = images > 0 ? ` I see ${images} image(s).` : ''
  return { text: ['Scripted', ' answer', ` to: ${text}`, `.${seen}`] }
}
