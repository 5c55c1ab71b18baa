/**
 * Token counts by rule of thumb, for truncation and for servers that report no usage: about four letters of Latin text and about one
 * CJK character make a token. Good to some 20 %, without a vocabulary file per model.
 */
import type { ModelRequest, PromptMessage, PromptPart } from './language-model.ts'

/** What one image counts, in tokens: a 1024 x 1024 picture in OpenAI's tiling comes to 765. */
export const IMAGE_TOKENS = 765
/** Role and separators around each message, in tokens. */
const MESSAGE_TOKENS = 4

/** Scripts whose characters are about a token each: CJK, kana, Hangul, full-width forms, and everything beyond the first plane. */
const WIDE =
  /[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]|[\ud800-\udbff][\udc00-\udfff]/g

/** Tokens of a text; 0 for an empty one. */
export const estimateTokens = (text: string): number => {
  let wide = 0
  let narrow = text.length
  for (const match of text.matchAll(WIDE)) {
    wide += 1
    narrow -= match[0].length
  }
  return wide + Math.ceil(narrow / 4)
}

const partTokens = (part: PromptPart): number =>
  part.type === 'text' ? estimateTokens(part.text) : IMAGE_TOKENS

/** Tokens of one message with its role. */
export const estimateMessageTokens = (message: PromptMessage): number => {
  switch (message.role) {
    case 'system':
      return MESSAGE_TOKENS + estimateTokens(message.text)
    case 'tool':
      return MESSAGE_TOKENS + estimateTokens(message.output)
    case 'user':
      return message.parts.reduce((sum, part) => sum + partTokens(part), MESSAGE_TOKENS)
    case 'assistant':
      return message.toolCalls.reduce(
        (sum, call) =>
          sum + MESSAGE_TOKENS + estimateTokens(call.name) + estimateTokens(call.arguments),
        MESSAGE_TOKENS + estimateTokens(message.text ?? ''),
      )
  }
}

/** Tokens of a whole prompt: its messages and the functions offered with it. */
export const estimatePromptTokens = (
  request: Pick<ModelRequest, 'messages' | 'functions'>,
): number =>
  request.messages.reduce((sum, message) => sum + estimateMessageTokens(message), 0) +
  (request.functions.length === 0 ? 0 : estimateTokens(JSON.stringify(request.functions)))
