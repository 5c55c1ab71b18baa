import type { MessageRecord } from '../messages/service.ts'

/** What a plugin sees as CURRENT_CONVERSATION: roles and texts, oldest first; pictures and refusals are left out (plugins.md 2). */
export const conversationOf = (
  messages: readonly MessageRecord[],
): { role: string; content: string }[] =>
  messages.map((message) => ({
    role: message.role,
    content: message.content
      .flatMap((part) => (part.type === 'text' ? [part.text.value] : []))
      .join('\n'),
  }))
