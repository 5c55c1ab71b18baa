/** Threads (behaviour.md 5). */
import * as z from 'zod/mini'
import { orDefault, unixSeconds } from './field.ts'
import { CreateMessageRequest } from './message.ts'
import { Metadata } from './metadata.ts'
import { ToolResources, ToolResourcesInput } from './tool-resources.ts'

export const CreateThreadRequest = z.strictObject({
  messages: z._default(z.array(CreateMessageRequest), () => []),
  tool_resources: orDefault(ToolResourcesInput, () => ({})),
  metadata: orDefault(Metadata, () => ({})),
})
export type CreateThreadRequest = z.infer<typeof CreateThreadRequest>

export const ModifyThreadRequest = z.strictObject({
  tool_resources: z.nullish(ToolResources),
  metadata: z.nullish(Metadata),
})
export type ModifyThreadRequest = z.infer<typeof ModifyThreadRequest>

export const ThreadObject = z.object({
  id: z.string(),
  object: z.literal('thread'),
  created_at: unixSeconds,
  metadata: Metadata,
  tool_resources: z.nullable(ToolResources),
})
export type ThreadObject = z.infer<typeof ThreadObject>
