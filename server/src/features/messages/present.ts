import type { MessageObject, MessagePart } from '@melzi/contract/message.ts'
import type { MessageRecord, StoredPart } from './service.ts'

/** Gives back the `data:` URL a blob holds. */
export type ReadImage = (workspaceId: string, blob: string) => Promise<string>

const presentPart = async (
  part: StoredPart,
  workspaceId: string,
  readImage: ReadImage,
): Promise<MessagePart> => {
  if (part.type !== 'image_blob') return part
  const url = await readImage(workspaceId, part.blob)
  return { type: 'image_url', image_url: { url, detail: part.detail } }
}

/** The wire object around content that is already in wire form: messages a run writes hold no pictures. */
export const presentWith = (message: MessageRecord, content: MessagePart[]): MessageObject => ({
  id: message.id,
  object: 'thread.message',
  created_at: message.createdAt,
  assistant_id: message.assistantId,
  thread_id: message.threadId,
  run_id: message.runId,
  status: message.status,
  incomplete_details:
    message.incompleteReason === null ? null : { reason: message.incompleteReason },
  incomplete_at: message.incompleteAt,
  completed_at: message.completedAt,
  role: message.role,
  content,
  attachments: message.attachments,
  metadata: message.metadata,
  ...(message.position < 0 && { melzi: { queued: true as const } }),
})

export const presentMessage = async (
  message: MessageRecord,
  readImage: ReadImage,
): Promise<MessageObject> => {
  const content: MessagePart[] = []
  for (const part of message.content) {
    content.push(await presentPart(part, message.workspaceId, readImage))
  }
  return presentWith(message, content)
}
