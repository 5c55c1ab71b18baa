/** What the demo model says; the same prompt gives the same answer. */
import { imageOnlyText } from '../image-text.ts'
import type { ModelRequest, PromptMessage, PromptPart } from '../language-model.ts'
import { chooseFunctions } from './choose-functions.ts'
import { countRequest } from './count-request.ts'
import { fillArguments } from './fill-arguments.ts'
import { quotePassages } from './quote-passages.ts'
import { dataUrlImageSize } from './image-size.ts'
import { schemaInstance } from './schema-instance.ts'
import { isChinese } from './words.ts'

export type DemoAnswer =
  | { type: 'text'; text: string }
  | { type: 'calls'; calls: { name: string; arguments: string }[] }

/** Longest part of a message or tool output the answer repeats, in characters. */
const ECHO_LENGTH = 200
const OUTPUT_LENGTH = 2000

const shorten = (text: string, length: number): string => {
  const chars = [...text.trim()]
  return chars.length <= length ? chars.join('') : `${chars.slice(0, length).join('')}…`
}

const asGiven = (part: PromptPart): PromptPart => {
  const url = part.type === 'text' ? imageOnlyText(part.text) : null
  return url === null ? part : { type: 'image', url, detail: 'auto' }
}

/** The run gives a picture's address as text and as image: that is one picture. */
const withoutRepeats = (parts: PromptPart[]): PromptPart[] => {
  const seen = new Set<string>()
  return parts.filter((part) => part.type === 'text' || (!seen.has(part.url) && seen.add(part.url)))
}

/** The parts the user sent since the assistant last spoke: clients send picture and question as separate messages. */
const lastTurn = (messages: PromptMessage[]): PromptPart[] => {
  const from = messages.findLastIndex((message) => message.role === 'assistant') + 1
  const turn = messages.slice(from).filter((message) => message.role === 'user')
  const users =
    turn.length > 0 ? turn : messages.filter((message) => message.role === 'user').slice(-1)
  return withoutRepeats(users.flatMap((message) => message.parts.map(asGiven)))
}

const textOf = (parts: PromptPart[]): string =>
  parts
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('\n')

const allUserText = (messages: PromptMessage[]): string =>
  textOf(
    messages
      .filter((message) => message.role === 'user')
      .flatMap((message) => message.parts.map(asGiven)),
  )

const describeImage = (url: string, chinese: boolean): string => {
  if (!/^data:/i.test(url))
    return chinese
      ? `${shorten(url, 120)}（網址，未下載）`
      : `${shorten(url, 120)} (address only, not fetched)`
  const size = dataUrlImageSize(url)
  if (size === null) return chinese ? '一張認不出格式的圖片' : 'one of a kind I cannot read'
  return chinese
    ? `${size.kind}，${size.width} × ${size.height} 像素`
    : `${size.kind}, ${size.width} x ${size.height} pixels`
}

const imageSentence = (urls: string[], chinese: boolean): string => {
  const list = urls.map((url) => describeImage(url, chinese))
  if (chinese) return `您給了 ${urls.length} 張圖片：${list.join('、')}。`
  return `You gave me ${urls.length} image${urls.length === 1 ? '' : 's'}: ${list.join('; ')}.`
}

const introduction = (chinese: boolean): string =>
  chinese
    ? '我是 Melzi 內建的示範模型，不是真正的語言模型。'
    : 'I am the demo model built into Melzi, not a real language model.'

const plainAnswer = (parts: PromptPart[], chinese: boolean): string => {
  const text = textOf(parts)
  const images = parts.filter((part) => part.type === 'image').map((part) => part.url)
  const sentences = [introduction(chinese)]
  if (images.length > 0) sentences.push(imageSentence(images, chinese))
  if (text.trim() !== '') {
    const echo = shorten(text.replaceAll(/\s+/g, ' '), ECHO_LENGTH)
    sentences.push(chinese ? `您說：「${echo}」。` : `You said: "${echo}"`)
  }
  if (sentences.length === 1)
    sentences.push(chinese ? '您沒有給我任何內容。' : 'You gave me nothing to work on.')
  return sentences.join(chinese ? '' : ' ')
}

const countAnswer = ({ from, to }: { from: number; to: number }, chinese: boolean): string => {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i)
  return `${introduction(chinese)}\n${numbers.join(chinese ? '、' : ', ')}${chinese ? '。' : '.'}`
}

/** A note of the code interpreter to its model, not to the user. */
const PICTURES = /\[Pictures made: (\d+)\.[^\]]*\]/

/** `/pluginapi` answers `{"text": …}` and clients pass that on whole (plugins.md 3): the text is what counts. */
const plainOutput = (output: string): string => {
  // The guide's shell client makes bare line ends of `\n`.
  for (const text of [output, output.trim().replaceAll('\n', String.raw`\n`)]) {
    try {
      const value: unknown = JSON.parse(text)
      if (
        typeof value === 'object' &&
        value !== null &&
        'text' in value &&
        typeof value.text === 'string'
      )
        return value.text
    } catch {
      // Most tools answer with plain text: that is the normal case, not a fault.
    }
  }
  return output
}

const toolSentences = (messages: PromptMessage[], chinese: boolean): string | null => {
  if (messages.at(-1)?.role !== 'tool') return null
  const from = messages.findLastIndex((message) => message.role === 'assistant')
  const names = new Map(
    messages.flatMap((message) =>
      message.role === 'assistant'
        ? message.toolCalls.map((call) => [call.id, call.name] as const)
        : [],
    ),
  )
  const sentences = messages.slice(from + 1).flatMap((message) => {
    if (message.role !== 'tool') return []
    const name = names.get(message.callId) ?? message.callId
    const quoted = quotePassages(message.output, chinese)
    if (quoted !== null) return [quoted]
    const output = shorten(plainOutput(message.output), OUTPUT_LENGTH).replace(
      PICTURES,
      chinese ? '（圖片 $1 張）' : '(pictures: $1)',
    )
    if (output === '')
      return [chinese ? `工具 ${name} 沒有輸出。` : `The tool ${name} gave no output.`]
    return [chinese ? `工具 ${name} 的結果是：${output}` : `The tool ${name} answered: ${output}`]
  })
  return [introduction(chinese), ...sentences].join(chinese ? '' : ' ')
}

const jsonAnswer = (request: ModelRequest, text: string): string | null => {
  const format = request.responseFormat
  if (typeof format === 'string' || format === null || format.type === 'text') return null
  if (format.type === 'json_object')
    return JSON.stringify({ model: 'melzi-demo', answer: shorten(text, ECHO_LENGTH) })
  return JSON.stringify(
    schemaInstance((format.json_schema.schema ?? {}) as Record<string, unknown>),
  )
}

/** The demo model's answer to a prompt: tool calls, JSON of the asked form, a count, or sentences on what it was given. */
export const demoAnswer = (request: ModelRequest): DemoAnswer => {
  const parts = lastTurn(request.messages)
  const text = textOf(parts)
  const chinese = isChinese(text.trim() === '' ? allUserText(request.messages) : text)
  const fromTools = toolSentences(request.messages, chinese)
  const functions = fromTools === null ? chooseFunctions(text, request) : []
  if (functions.length > 0) {
    const calls = functions.map((fn) => ({
      name: fn.name,
      arguments: JSON.stringify(fillArguments(text, fn.parameters)),
    }))
    return { type: 'calls', calls }
  }
  const json = jsonAnswer(request, fromTools ?? text)
  if (json !== null) return { type: 'text', text: json }
  const count = fromTools === null ? countRequest(text) : null
  if (count !== null) return { type: 'text', text: countAnswer(count, chinese) }
  return { type: 'text', text: fromTools ?? plainAnswer(parts, chinese) }
}
