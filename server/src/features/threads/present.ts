import type { ThreadObject } from '@melzi/contract/thread.ts'
import type { Thread } from './service.ts'

export const presentThread = (thread: Thread): ThreadObject => ({
  id: thread.id,
  object: 'thread',
  created_at: thread.createdAt,
  metadata: thread.metadata,
  tool_resources: thread.toolResources,
})
