/** Finds in an answer that goes through as it came what it has used. */
import * as z from 'zod/mini'
import { estimateTokens, IMAGE_TOKENS } from '../../models/estimate-tokens.ts'
import type { ModelUsage } from '../../models/language-model.ts'

/** What an answer is known to have used, as far as it was read. */
export interface ReadAnswer {
  /** Null when its server did not tell. */
  usage: ModelUsage | null
  /** What the model wrote, for an estimate. */
  said: string
}

export interface AnswerReader {
  read(chunk: Buffer): void
  result(): ReadAnswer
}

/** Beyond it nothing is looked at: an answer of this many characters is no model's. */
const LONGEST = 8_000_000

const orElse = z.catch
const count = orElse(z.int().check(z.minimum(0)), 0)
const details = orElse(z.object({ cached_tokens: z.optional(count) }), {})
const ReportedUsage = z.object({
  prompt_tokens: z.int().check(z.minimum(0)),
  completion_tokens: count,
  prompt_tokens_details: z.optional(details),
  completion_tokens_details: z.optional(
    orElse(z.object({ reasoning_tokens: z.optional(count) }), {}),
  ),
})
const Said = orElse(
  z.object({
    content: z.optional(z.nullable(z.string())),
    refusal: z.optional(z.nullable(z.string())),
    tool_calls: z.optional(
      z.nullable(
        z.array(
          z.object({
            function: z.optional(z.object({ arguments: z.optional(z.nullable(z.string())) })),
          }),
        ),
      ),
    ),
  }),
  {},
)
const Piece = z.object({
  choices: orElse(z.array(z.object({ delta: z.optional(Said), message: z.optional(Said) })), []),
  usage: z.optional(z.unknown()),
})

const usageIn = (value: unknown): ModelUsage | null => {
  const read = ReportedUsage.safeParse(value)
  if (!read.success) return null
  const { data } = read
  return {
    promptTokens: data.prompt_tokens,
    completionTokens: data.completion_tokens,
    cachedTokens: data.prompt_tokens_details?.cached_tokens ?? 0,
    reasoningTokens: data.completion_tokens_details?.reasoning_tokens ?? 0,
  }
}

const pieceOf = (text: string): ReadAnswer => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Half a line, or what is no JSON, tells nothing.
    return { usage: null, said: '' }
  }
  const read = Piece.safeParse(value)
  if (!read.success) return { usage: null, said: '' }
  const said = read.data.choices.flatMap(({ delta, message }) => {
    const { content, refusal, tool_calls: calls } = delta ?? message ?? {}
    return [content, refusal, ...(calls ?? []).map((call) => call.function?.arguments)]
  })
  return { usage: usageIn(read.data.usage), said: said.filter(Boolean).join('') }
}

/** Reads chat completions, whole or in events. @param contentType of the answer */
export const createAnswerReader = (contentType: string): AnswerReader => {
  const isStream = /^text\/event-stream/i.test(contentType)
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  const all: ReadAnswer = { usage: null, said: '' }
  const take = (line: string): void => {
    const piece = pieceOf(line)
    all.said += piece.said
    // Some servers tell with each piece what there is so far: the last one has all.
    all.usage = piece.usage ?? all.usage
  }
  const takeLines = (): void => {
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data:')) take(line.slice(5))
  }
  return {
    read: (chunk) => {
      length += chunk.byteLength
      if (length > LONGEST) return
      text += decoder.decode(chunk, { stream: true })
      if (isStream) takeLines()
    },
    result: () => {
      if (!isStream) take(text)
      else if (text.startsWith('data:')) take(text.slice(5))
      text = ''
      return all
    },
  }
}

/** What a chat completions request may use: its prompt by estimate, pictures by their number, and the most it lets the model write. */
export const needOf = (
  body: Readonly<Record<string, unknown>>,
): { promptTokens: number; answerTokens: number | null } => {
  let pictures = 0
  const text = JSON.stringify([body['messages'], body['tools']], (_key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith('data:')) return value
    pictures += 1
    return ''
  })
  const most = [body['max_completion_tokens'], body['max_tokens']].find(
    (value) => typeof value === 'number' && Number.isSafeInteger(value) && value > 0,
  )
  return {
    promptTokens: estimateTokens(text) + pictures * IMAGE_TOKENS,
    answerTokens: (most as number | undefined) ?? null,
  }
}
