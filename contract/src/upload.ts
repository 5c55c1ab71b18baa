/** Uploads: files sent in parts (behaviour.md 14). */
import * as z from 'zod/mini'
import { unixSeconds } from './field.ts'
import { FileExpiresAfter, FileObject, FilePurposeInput } from './file.ts'

/** 8 GB. */
export const MAX_UPLOAD_BYTES = 8 * 1024 ** 3

const MAX_FILENAME = 1_024

export const CreateUploadRequest = z.strictObject({
  filename: z.string().check(z.minLength(1), z.maxLength(MAX_FILENAME)),
  purpose: FilePurposeInput,
  bytes: z.int().check(z.minimum(0), z.maximum(MAX_UPLOAD_BYTES)),
  mime_type: z.string(),
  expires_after: z.optional(FileExpiresAfter),
})
export type CreateUploadRequest = z.infer<typeof CreateUploadRequest>

/** A part is its `data` and nothing else. */
export const AddUploadPartFields = z.strictObject({})

export const CompleteUploadRequest = z.strictObject({
  part_ids: z.array(z.string()),
  md5: z.optional(z.string()),
})
export type CompleteUploadRequest = z.infer<typeof CompleteUploadRequest>

export const UploadStatus = z.enum(['pending', 'completed', 'cancelled', 'expired'])
export type UploadStatus = z.infer<typeof UploadStatus>

/** `file` is there only after completion. */
export const UploadObject = z.object({
  id: z.string(),
  object: z.literal('upload'),
  bytes: z.int(),
  created_at: unixSeconds,
  filename: z.string(),
  purpose: FilePurposeInput,
  status: UploadStatus,
  expires_at: unixSeconds,
  file: z.optional(z.nullable(FileObject)),
})
export type UploadObject = z.infer<typeof UploadObject>

export const UploadPartObject = z.object({
  id: z.string(),
  object: z.literal('upload.part'),
  created_at: unixSeconds,
  upload_id: z.string(),
})
export type UploadPartObject = z.infer<typeof UploadPartObject>
