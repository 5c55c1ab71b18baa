import * as z from 'zod/mini'
import { ChunkingStrategyInput } from './chunking-strategy.ts'
import { Metadata } from './metadata.ts'

const FileIds = z.array(z.string())
const CodeInterpreterResources = z.strictObject({
  file_ids: z._default(FileIds.check(z.maxLength(20)), () => []),
})
const VectorStoreIds = z.array(z.string()).check(z.maxLength(1))

/** What assistants, threads and runs hold for their tools: `{}` when nothing. */
export const ToolResources = z.strictObject({
  code_interpreter: z.optional(CodeInterpreterResources),
  file_search: z.optional(z.strictObject({ vector_store_ids: z.optional(VectorStoreIds) })),
})
export type ToolResources = z.infer<typeof ToolResources>

const NewVectorStore = z.strictObject({
  file_ids: z.optional(FileIds.check(z.maxLength(10_000))),
  chunking_strategy: z.optional(ChunkingStrategyInput),
  metadata: z.optional(z.nullable(Metadata)),
})

/** On create calls `vector_stores` is a write-only helper that makes a store (behaviour.md 4). */
export const ToolResourcesInput = z.strictObject({
  code_interpreter: z.optional(CodeInterpreterResources),
  file_search: z.optional(
    z.strictObject({
      vector_store_ids: z.optional(VectorStoreIds),
      vector_stores: z.optional(z.array(NewVectorStore).check(z.maxLength(1))),
    }),
  ),
})
export type ToolResourcesInput = z.infer<typeof ToolResourcesInput>
