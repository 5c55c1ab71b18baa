/** Messages, their content parts in and out, and the delta of a streamed one (behaviour.md 6, 12). */
import * as z from 'zod/mini'
import { ImageUrl, lengthWithoutDataUrls, orDefault, unixSeconds } from './field.ts'
import { ListQuery, listOf } from './list.ts'
import { Metadata } from './metadata.ts'
import { AttachmentTool } from './tool.ts'

const MAX_TEXT = 256_000

/** Up to 256,000 characters, `data:` URLs in it not counted. */
export const MessageText = z.string().check(
  z.superRefine((text, context) => {
    if (text.length <= MAX_TEXT) return
    const length = lengthWithoutDataUrls(text)
    if (length <= MAX_TEXT) return
    context.addIssue({ code: 'too_big', origin: 'string', maximum: MAX_TEXT, length, input: text })
  }),
)

const Role = z.enum(['user', 'assistant'])
const Detail = z.enum(['auto', 'low', 'high'])

export const TextPartInput = z.strictObject({ type: z.literal('text'), text: MessageText })
export const ImageUrlPartInput = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: ImageUrl, detail: z._default(Detail, 'auto') }),
})
export const ImageFilePartInput = z.strictObject({
  type: z.literal('image_file'),
  image_file: z.strictObject({ file_id: z.string(), detail: z.optional(Detail) }),
})
export const MessagePartInput = z.discriminatedUnion('type', [
  ImageFilePartInput,
  ImageUrlPartInput,
  TextPartInput,
])
export type MessagePartInput = z.infer<typeof MessagePartInput>

export const Attachment = z.strictObject({ file_id: z.string(), tools: z.array(AttachmentTool) })
export type Attachment = z.infer<typeof Attachment>

export const CreateMessageRequest = z.strictObject({
  role: Role,
  content: z.union([MessageText, z.array(MessagePartInput).check(z.minLength(1))]),
  attachments: orDefault(z.array(Attachment), () => []),
  metadata: orDefault(Metadata, () => ({})),
})
export type CreateMessageRequest = z.infer<typeof CreateMessageRequest>

/** Melzi's own: on a thread with an active run, to wait for a turn instead of being refused. */
export const Queue = orDefault(z.boolean(), () => false)

/** A message for a thread that may be busy. */
export const AddMessageRequest = z.extend(CreateMessageRequest, { queue: Queue })
export type AddMessageRequest = z.infer<typeof AddMessageRequest>

export const ModifyMessageRequest = z.strictObject({ metadata: z.nullish(Metadata) })
export type ModifyMessageRequest = z.infer<typeof ModifyMessageRequest>

export const MessageListQuery = z.extend(ListQuery, { run_id: z.optional(z.string()) })
export type MessageListQuery = z.infer<typeof MessageListQuery>

const annotationBase = { text: z.string(), start_index: z.int(), end_index: z.int() }
export const Annotation = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('file_citation'),
    ...annotationBase,
    file_citation: z.object({ file_id: z.string() }),
  }),
  z.object({
    type: z.literal('file_path'),
    ...annotationBase,
    file_path: z.object({ file_id: z.string() }),
  }),
])
export type Annotation = z.infer<typeof Annotation>

export const TextPart = z.object({
  type: z.literal('text'),
  text: z.object({ value: z.string(), annotations: z.array(Annotation) }),
})
export type TextPart = z.infer<typeof TextPart>
export const ImageUrlPart = z.object({
  type: z.literal('image_url'),
  image_url: z.object({ url: z.string(), detail: Detail }),
})
export const ImageFilePart = z.object({
  type: z.literal('image_file'),
  image_file: z.object({ file_id: z.string(), detail: z.optional(Detail) }),
})
export const RefusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() })
export type RefusalPart = z.infer<typeof RefusalPart>
export const MessagePart = z.discriminatedUnion('type', [
  ImageFilePart,
  ImageUrlPart,
  TextPart,
  RefusalPart,
])
export type MessagePart = z.infer<typeof MessagePart>

export const MessageStatus = z.enum(['in_progress', 'incomplete', 'completed'])
export type MessageStatus = z.infer<typeof MessageStatus>

export const MessageIncompleteReason = z.enum([
  'content_filter',
  'max_tokens',
  'run_cancelled',
  'run_expired',
  'run_failed',
])
export type MessageIncompleteReason = z.infer<typeof MessageIncompleteReason>

/** Sent in full everywhere, also the four fields the live API left out of REST replies (README.md table B). */
export const MessageObject = z.object({
  id: z.string(),
  object: z.literal('thread.message'),
  created_at: unixSeconds,
  assistant_id: z.nullable(z.string()),
  thread_id: z.string(),
  run_id: z.nullable(z.string()),
  status: MessageStatus,
  incomplete_details: z.nullable(z.object({ reason: MessageIncompleteReason })),
  incomplete_at: z.nullable(unixSeconds),
  completed_at: z.nullable(unixSeconds),
  role: Role,
  content: z.array(MessagePart),
  attachments: z.nullable(z.array(Attachment)),
  metadata: Metadata,
  /** Ours: there while the message waits for its turn, and nowhere else. */
  melzi: z.optional(z.object({ queued: z.literal(true) })),
})
export type MessageObject = z.infer<typeof MessageObject>

export const MessageList = listOf(MessageObject)
export type MessageList = z.infer<typeof MessageList>

const annotationDeltaBase = {
  index: z.int(),
  text: z.optional(z.string()),
  start_index: z.optional(z.int()),
  end_index: z.optional(z.int()),
}
const AnnotationDelta = z.discriminatedUnion('type', [
  z.object({
    ...annotationDeltaBase,
    type: z.literal('file_citation'),
    file_citation: z.optional(
      z.object({ file_id: z.optional(z.string()), quote: z.optional(z.string()) }),
    ),
  }),
  z.object({
    ...annotationDeltaBase,
    type: z.literal('file_path'),
    file_path: z.optional(z.object({ file_id: z.optional(z.string()) })),
  }),
])

/** `index` counts content parts, dense from 0; `annotations` stands in a part's first delta only (behaviour.md 12). */
export const MessagePartDelta = z.discriminatedUnion('type', [
  z.object({
    index: z.int(),
    type: z.literal('text'),
    text: z.optional(
      z.object({
        value: z.optional(z.string()),
        annotations: z.optional(z.array(AnnotationDelta)),
      }),
    ),
  }),
  z.object({ index: z.int(), type: z.literal('refusal'), refusal: z.optional(z.string()) }),
  z.object({
    index: z.int(),
    type: z.literal('image_file'),
    image_file: z.optional(
      z.object({ file_id: z.optional(z.string()), detail: z.optional(Detail) }),
    ),
  }),
  z.object({
    index: z.int(),
    type: z.literal('image_url'),
    image_url: z.optional(z.object({ url: z.optional(z.string()), detail: z.optional(Detail) })),
  }),
])
export type MessagePartDelta = z.infer<typeof MessagePartDelta>

export const MessageDelta = z.object({
  id: z.string(),
  object: z.literal('thread.message.delta'),
  delta: z.object({ content: z.array(MessagePartDelta) }),
})
export type MessageDelta = z.infer<typeof MessageDelta>
