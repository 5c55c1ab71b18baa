import type { MessageRecord } from './store.ts'

/** Messages a plugin sees as CURRENT_CONVERSATION at the most. */
export const CONVERSATION_LENGTH = 50
/** Characters of the conversation a plugin is given; what is older than that is left out. */
const LONGEST_CONVERSATION = 200_000

/**
 * What a plugin sees as CURRENT_CONVERSATION: roles and texts, oldest first; pictures and refusals are left out (plugins.md 2).
 * @param messages oldest first
 */
export const conversationOf = (
  messages: readonly MessageRecord[],
): { role: string; content: string }[] => {
  const conversation: { role: string; content: string }[] = []
  let length = 0
  for (const { role, content: parts } of messages.toReversed()) {
    const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text.value] : []))
    const content = texts.join('\n')
    length += content.length
    if (length > LONGEST_CONVERSATION) break
    conversation.unshift({ role, content })
  }
  return conversation
}
