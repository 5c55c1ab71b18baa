/** Files (behaviour.md 3, 14). */
import * as z from 'zod/mini'
import { unixSeconds } from './field.ts'
import { listOf } from './list.ts'

/** What a client may upload a file for, in the order error texts name them. */
export const FILE_PURPOSES = [
  'fine-tune',
  'assistants',
  'batch',
  'user_data',
  'vision',
  'evals',
] as const
export const FilePurposeInput = z.enum(FILE_PURPOSES)
export type FilePurposeInput = z.infer<typeof FilePurposeInput>

export const FilePurpose = z.enum([
  ...FILE_PURPOSES,
  'assistants_output',
  'batch_output',
  'fine-tune-results',
])
export type FilePurpose = z.infer<typeof FilePurpose>

/** An hour to thirty days. */
export const FileExpiresAfter = z.strictObject({
  anchor: z.literal('created_at'),
  seconds: z.int().check(z.minimum(3_600), z.maximum(2_592_000)),
})
export type FileExpiresAfter = z.infer<typeof FileExpiresAfter>

/** The fields of the form beside the file itself. Which purposes there are is checked afterwards, since that error has a form of its own. */
export const CreateFileFields = z.strictObject({
  purpose: z.string(),
  expires_after: z.optional(FileExpiresAfter),
})
export type CreateFileFields = z.infer<typeof CreateFileFields>

/** Up to 10,000 at a time, and no `before`. */
export const FileListQuery = z.strictObject({
  purpose: z.optional(z.string()),
  limit: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 10_000),
  order: z._default(z.enum(['asc', 'desc']), 'desc'),
  after: z.optional(z.string()),
})
export type FileListQuery = z.infer<typeof FileListQuery>

export const FileObject = z.object({
  object: z.literal('file'),
  id: z.string(),
  purpose: FilePurpose,
  filename: z.string(),
  bytes: z.int().check(z.minimum(0)),
  created_at: unixSeconds,
  expires_at: z.nullable(unixSeconds),
  status: z.enum(['uploaded', 'processed', 'error']),
  status_details: z.nullable(z.string()),
})
export type FileObject = z.infer<typeof FileObject>

export const FileList = listOf(FileObject)
export type FileList = z.infer<typeof FileList>
