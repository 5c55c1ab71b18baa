/** Files of vector stores, and batches of them (behaviour.md 14). */
import * as z from 'zod/mini'
import { ChunkingStrategy, ChunkingStrategyInput } from './chunking-strategy.ts'
import { orDefault, orNull, unixSeconds } from './field.ts'
import { ListQuery, listOf } from './list.ts'
import { FileCounts } from './vector-store.ts'

const MAX_PAIRS = 16

/** As metadata, but numbers and booleans stay what they are. */
export const Attributes = z
  .record(
    z.string().check(z.maxLength(64)),
    z.union([z.string().check(z.maxLength(512)), z.number(), z.boolean()]),
  )
  .check(
    z.superRefine((map, context) => {
      const length = Object.keys(map).length
      if (length <= MAX_PAIRS) return
      context.addIssue({ code: 'too_big', origin: 'object', maximum: MAX_PAIRS, input: map })
    }),
  )
export type Attributes = z.infer<typeof Attributes>

export const CreateStoreFileRequest = z.strictObject({
  file_id: z.string(),
  chunking_strategy: orNull(ChunkingStrategyInput),
  attributes: orDefault(Attributes, () => ({})),
})
export type CreateStoreFileRequest = z.infer<typeof CreateStoreFileRequest>

/** The one thing that can be changed; null empties them. */
export const ModifyStoreFileRequest = z.strictObject({ attributes: z.nullable(Attributes) })
export type ModifyStoreFileRequest = z.infer<typeof ModifyStoreFileRequest>

const MAX_BATCH = 2_000

/** `file_ids` or `files`, one of them; settings beside `files` go for those that bring none. */
export const CreateFileBatchRequest = z.strictObject({
  file_ids: z.optional(z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_BATCH))),
  files: z.optional(z.array(CreateStoreFileRequest).check(z.minLength(1), z.maxLength(MAX_BATCH))),
  chunking_strategy: orNull(ChunkingStrategyInput),
  attributes: orDefault(Attributes, () => ({})),
})
export type CreateFileBatchRequest = z.infer<typeof CreateFileBatchRequest>

export const StoreFileStatus = z.enum(['in_progress', 'completed', 'cancelled', 'failed'])
export type StoreFileStatus = z.infer<typeof StoreFileStatus>

export const StoreFileListQuery = z.extend(ListQuery, { filter: z.optional(StoreFileStatus) })
export type StoreFileListQuery = z.infer<typeof StoreFileListQuery>

export const StoreFileError = z.object({
  code: z.enum(['server_error', 'unsupported_file', 'invalid_file']),
  message: z.string(),
})
export type StoreFileError = z.infer<typeof StoreFileError>

/** Its id is the file's. */
export const StoreFileObject = z.object({
  id: z.string(),
  object: z.literal('vector_store.file'),
  usage_bytes: z.int().check(z.minimum(0)),
  created_at: unixSeconds,
  vector_store_id: z.string(),
  status: StoreFileStatus,
  last_error: z.nullable(StoreFileError),
  chunking_strategy: ChunkingStrategy,
  attributes: Attributes,
})
export type StoreFileObject = z.infer<typeof StoreFileObject>

export const StoreFileList = listOf(StoreFileObject)
export type StoreFileList = z.infer<typeof StoreFileList>

/** The live name of the object; the published schema says files_batch. */
export const FileBatchObject = z.object({
  id: z.string(),
  object: z.literal('vector_store.file_batch'),
  created_at: unixSeconds,
  vector_store_id: z.string(),
  status: StoreFileStatus,
  file_counts: FileCounts,
})
export type FileBatchObject = z.infer<typeof FileBatchObject>

export const StoreFileContent = z.object({
  object: z.literal('vector_store.file_content.page'),
  data: z.array(z.object({ type: z.literal('text'), text: z.string() })),
  has_more: z.boolean(),
  next_page: z.nullable(z.string()),
})
export type StoreFileContent = z.infer<typeof StoreFileContent>
