import { ModelError } from '../language-model.ts'
import type { PromptMessage, PromptPart } from '../language-model.ts'

/** Fetches an http(s) image and gives it as a `data:` URL. It must guard against addresses inside our own network. */
export type FetchImage = (url: string, signal: AbortSignal) => Promise<string>

const inlinePart = async (
  part: PromptPart,
  fetchImage: FetchImage,
  signal: AbortSignal,
): Promise<PromptPart> => {
  if (part.type === 'text' || /^data:/i.test(part.url)) return part
  try {
    return { ...part, url: await fetchImage(part.url, signal) }
  } catch (error) {
    signal.throwIfAborted()
    throw new ModelError(
      'invalid_prompt',
      'An image in the conversation could not be fetched from its address.',
      { cause: error },
    )
  }
}

/**
 * Applies a model's setting for images: `url` leaves them as they came, `inline` turns http(s) ones into `data:` URLs.
 * @throws {ModelError} `invalid_prompt` when the model takes no images, or one cannot be fetched
 */
export const inlineImages = async (
  messages: PromptMessage[],
  setting: 'url' | 'inline' | 'refuse',
  model: string,
  fetchImage: FetchImage | null,
  signal: AbortSignal,
): Promise<PromptMessage[]> => {
  const hasImage = messages.some(
    (message) => message.role === 'user' && message.parts.some((part) => part.type === 'image'),
  )
  if (!hasImage || setting === 'url') return messages
  if (setting === 'refuse')
    throw new ModelError('invalid_prompt', `The model '${model}' takes no images.`)
  if (fetchImage === null)
    throw new ModelError('server_error', 'This server is not set up to fetch images.')
  return Promise.all(
    messages.map(async (message) =>
      message.role === 'user'
        ? {
            ...message,
            parts: await Promise.all(
              message.parts.map((part) => inlinePart(part, fetchImage, signal)),
            ),
          }
        : message,
    ),
  )
}
