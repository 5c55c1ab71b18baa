/** Replies of the delete calls (behaviour.md 3). */
import * as z from 'zod/mini'

export const deleted = <T extends string>(object: T) =>
  z.object({ id: z.string(), object: z.literal(object), deleted: z.literal(true) })

export const DeletedAssistant = deleted('assistant.deleted')
export type DeletedAssistant = z.infer<typeof DeletedAssistant>
export const DeletedThread = deleted('thread.deleted')
export type DeletedThread = z.infer<typeof DeletedThread>
export const DeletedMessage = deleted('thread.message.deleted')
export type DeletedMessage = z.infer<typeof DeletedMessage>
export const DeletedVectorStore = deleted('vector_store.deleted')
export type DeletedVectorStore = z.infer<typeof DeletedVectorStore>
export const DeletedStoreFile = deleted('vector_store.file.deleted')
export type DeletedStoreFile = z.infer<typeof DeletedStoreFile>
/** A deleted file keeps its plain name (behaviour.md 3). */
export const DeletedFile = deleted('file')
export type DeletedFile = z.infer<typeof DeletedFile>
