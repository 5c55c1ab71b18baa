/** How a store's files are cut into chunks (behaviour.md 14). */
import * as z from 'zod/mini'

/** Sizes in tokens; chunks may repeat at most half of the one before. */
const StaticChunking = z
  .strictObject({
    max_chunk_size_tokens: z.int().check(z.minimum(100), z.maximum(4096)),
    chunk_overlap_tokens: z.int().check(z.minimum(0)),
  })
  .check(
    z.superRefine(({ max_chunk_size_tokens: size, chunk_overlap_tokens: overlap }, context) => {
      if (overlap <= size / 2) return
      context.addIssue({
        code: 'too_big',
        origin: 'int',
        maximum: Math.floor(size / 2),
        input: overlap,
        path: ['chunk_overlap_tokens'],
      })
    }),
  )

export const ChunkingStrategyInput = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto') }),
  z.strictObject({ type: z.literal('static'), static: StaticChunking }),
])
export type ChunkingStrategyInput = z.infer<typeof ChunkingStrategyInput>

/** `auto` is told as what it stands for. */
export const ChunkingStrategy = z.discriminatedUnion('type', [
  z.object({ type: z.literal('static'), static: StaticChunking }),
  z.object({ type: z.literal('other') }),
])
export type ChunkingStrategy = z.infer<typeof ChunkingStrategy>
