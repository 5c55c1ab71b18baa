/** Thumbs and comments on answers. */
import * as z from 'zod/mini'
import { orDefault, orNull, unixSeconds } from './field.ts'
import { listOf, ListQuery } from './list.ts'

export const Rating = z.enum(['up', 'down'])

export const FeedbackObject = z.object({
  id: z.string(),
  object: z.literal('thread.message.feedback'),
  created_at: unixSeconds,
  updated_at: unixSeconds,
  message_id: z.string(),
  thread_id: z.string(),
  run_id: z.nullable(z.string()),
  assistant_id: z.string(),
  rating: Rating,
  comment: z.nullable(z.string()),
  /** The answer as it was, where its reader lets the makers of the assistant see it. */
  answer: z.nullable(z.string()),
})
export type FeedbackObject = z.infer<typeof FeedbackObject>
export const FeedbackList = listOf(FeedbackObject)

export const GiveFeedbackRequest = z.strictObject({
  rating: Rating,
  comment: orNull(z.string().check(z.maxLength(4_000))),
  /** Whether the makers of the assistant may read the answer that this is about. */
  share_answer: orDefault(z.boolean(), () => false),
})
export type GiveFeedbackRequest = z.infer<typeof GiveFeedbackRequest>

export const FeedbackListQuery = z.extend(ListQuery, { rating: z.optional(Rating) })
export type FeedbackListQuery = z.infer<typeof FeedbackListQuery>

export const FeedbackExportQuery = z.strictObject({
  rating: z.optional(Rating),
  format: z._default(z.enum(['csv', 'jsonl']), 'csv'),
})
export type FeedbackExportQuery = z.infer<typeof FeedbackExportQuery>

export const DeletedFeedback = z.object({
  id: z.string(),
  object: z.literal('thread.message.feedback.deleted'),
  deleted: z.literal(true),
})
export type DeletedFeedback = z.infer<typeof DeletedFeedback>
