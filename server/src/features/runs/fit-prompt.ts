/** Makes a conversation fit what its model can take, and reads the pictures of what is left. */
import type { PromptMessage, PromptPart } from '../../models/language-model.ts'
import { estimateMessageTokens } from '../../models/estimate-tokens.ts'
import type { Conversation, UnreadPictures } from './prompt.ts'

const cost = (messages: readonly PromptMessage[]) =>
  messages.reduce((sum, message) => sum + estimateMessageTokens(message), 0)

/**
 * Drops the oldest messages of the thread until the estimate fits. The newest message always stays.
 * @param limit tokens; null for no limit
 * @returns the messages, or null when even the shortest form does not fit
 */
export const truncate = (
  { system, thread, own }: Conversation,
  limit: number | null,
): PromptMessage[] | null => {
  if (limit === null) return [...system, ...thread, ...own]
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

const LEFT_OUT = '[The output was left out to make room. Call the tool again if you need it.]'

/**
 * The least that can be asked: of the thread only its newest message, and of the run's own work as many outputs of tools, newest first, as
 * fit. Those of its last turn always stay.
 * @param limit tokens; null for no limit
 */
export const shortest = (
  { system, thread, own }: Conversation,
  limit: number | null,
): PromptMessage[] => {
  const asked = [...system, ...thread.slice(-1)]
  const made = [...own]
  const lastTurn = made.findLastIndex((message) => message.role === 'assistant')
  let over = limit === null ? 0 : cost(asked) + cost(made) - limit
  for (const [at, message] of made.entries()) {
    if (over <= 0 || at > lastTurn) break
    if (message.role !== 'tool' || message.output.length <= LEFT_OUT.length) continue
    const short = { ...message, output: LEFT_OUT }
    over -= estimateMessageTokens(message) - estimateMessageTokens(short)
    made[at] = short
  }
  return [...asked, ...made]
}

/** Where the pictures of messages are found, as `data:` URLs. */
export interface Pictures {
  ofBlob(blob: string): Promise<string>
  /** Null when the file is gone: deleting one leaves the messages that name it. */
  ofFile(fileId: string): Promise<string | null>
}

/** Characters that the pictures of one prompt may have, as `data:` URLs: what model servers take in one request. */
const PICTURE_CHARACTERS = 50_000_000

/** The messages with their pictures, the newest first as far as they may go; each file is read once. */
export const withPictures = async (
  messages: readonly PromptMessage[],
  unread: UnreadPictures,
  pictures: Pictures,
): Promise<PromptMessage[]> => {
  if (unread.size === 0) return [...messages]
  const files = new Map<string, string | null>()
  let room = PICTURE_CHARACTERS
  const read = async (part: PromptPart): Promise<PromptPart> => {
    const stored = unread.get(part)
    if (stored === undefined || part.type !== 'image') return part
    const tooMany: PromptPart = { type: 'text', text: '[a picture that was left out: too many]' }
    if (room <= 0) return tooMany
    let url: string | null | undefined
    if (stored.type === 'image_blob') {
      url = await pictures.ofBlob(stored.blob)
    } else {
      const { file_id: id } = stored.image_file
      url = files.get(id)
      if (url === undefined) files.set(id, (url = await pictures.ofFile(id)))
    }
    if (url === null) return { type: 'text', text: '[an image that has been deleted]' }
    room -= url.length
    return room < 0 ? tooMany : { ...part, url }
  }
  const newestFirst: PromptMessage[] = []
  for (const message of messages.toReversed()) {
    if (message.role !== 'user') {
      newestFirst.push(message)
      continue
    }
    const parts: PromptPart[] = []
    for (const part of message.parts) parts.push(await read(part))
    newestFirst.push({ ...message, parts })
  }
  return newestFirst.toReversed()
}
