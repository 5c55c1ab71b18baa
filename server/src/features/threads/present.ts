import type { ThreadObject } from '@melzi/contract/thread.ts'
import type { ThreadRecord } from './service.ts'

export const presentThread = (thread: ThreadRecord): ThreadObject => ({
  id: thread.id,
  object: 'thread',
  created_at: thread.createdAt,
  metadata: thread.metadata,
  tool_resources: {},
})
