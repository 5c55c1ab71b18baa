/** Vector stores (behaviour.md 14). */
import * as z from 'zod/mini'
import { ChunkingStrategyInput } from './chunking-strategy.ts'
import { orDefault, orNull, unixSeconds } from './field.ts'
import { listOf } from './list.ts'
import { Metadata } from './metadata.ts'

const count = z.int().check(z.minimum(0))

export const FileCounts = z.object({
  in_progress: count,
  completed: count,
  failed: count,
  cancelled: count,
  total: count,
})
export type FileCounts = z.infer<typeof FileCounts>

export const ExpiresAfter = z.strictObject({
  anchor: z.literal('last_active_at'),
  days: z.int().check(z.minimum(1), z.maximum(365)),
})
export type ExpiresAfter = z.infer<typeof ExpiresAfter>

/** The live API takes `description`, which the published schema lacks. */
export const CreateVectorStoreRequest = z.strictObject({
  file_ids: orDefault(z.array(z.string()).check(z.maxLength(500)), () => []),
  name: orNull(z.string().check(z.maxLength(256))),
  description: orNull(z.string().check(z.maxLength(512))),
  expires_after: orNull(ExpiresAfter),
  chunking_strategy: orNull(ChunkingStrategyInput),
  metadata: orDefault(Metadata, () => ({})),
})
export type CreateVectorStoreRequest = z.infer<typeof CreateVectorStoreRequest>

export const ModifyVectorStoreRequest = z.strictObject({
  name: z.nullish(z.string().check(z.maxLength(256))),
  expires_after: z.nullish(ExpiresAfter),
  metadata: z.nullish(Metadata),
})
export type ModifyVectorStoreRequest = z.infer<typeof ModifyVectorStoreRequest>

export const VectorStoreObject = z.object({
  id: z.string(),
  object: z.literal('vector_store'),
  created_at: unixSeconds,
  name: z.nullable(z.string()),
  description: z.nullable(z.string()),
  usage_bytes: count,
  file_counts: FileCounts,
  status: z.enum(['expired', 'in_progress', 'completed']),
  expires_after: z.nullable(ExpiresAfter),
  expires_at: z.nullable(unixSeconds),
  last_active_at: z.nullable(unixSeconds),
  metadata: Metadata,
  /** Ours: by what the store is searched. Without an embeddings provider full text serves alone. */
  melzi: z.object({ search: z.enum(['text', 'text_and_vectors']) }),
})
export type VectorStoreObject = z.infer<typeof VectorStoreObject>

export const VectorStoreList = listOf(VectorStoreObject)
export type VectorStoreList = z.infer<typeof VectorStoreList>
