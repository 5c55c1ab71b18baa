import type { FeedbackObject } from '@melzi/contract/feedback.ts'
import type { FeedbackRecord } from './service.ts'

export const presentFeedback = (record: FeedbackRecord): FeedbackObject => ({
  id: record.id,
  object: 'thread.message.feedback',
  created_at: record.createdAt,
  updated_at: record.updatedAt,
  message_id: record.messageId,
  thread_id: record.threadId,
  run_id: record.runId,
  assistant_id: record.assistantId,
  rating: record.rating,
  comment: record.comment,
  answer: record.answer,
})
