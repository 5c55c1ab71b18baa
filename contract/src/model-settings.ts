/** Settings of a model call that assistants and runs share (behaviour.md 4, 7). */
import * as z from 'zod/mini'

export const Temperature = z.number().check(z.minimum(0), z.maximum(2))
export const TopP = z.number().check(z.minimum(0), z.maximum(1))
export const Instructions = z.string().check(z.maxLength(256_000))

export const ReasoningEffort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
export type ReasoningEffort = z.infer<typeof ReasoningEffort>

export const ResponseFormat = z.union([
  z.literal('auto'),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('json_object') }),
    z.strictObject({
      type: z.literal('json_schema'),
      json_schema: z.strictObject({
        name: z.string().check(z.regex(/^[a-zA-Z0-9_-]{1,64}$/)),
        description: z.optional(z.string()),
        schema: z.optional(z.record(z.string(), z.unknown())),
        strict: z.optional(z.nullable(z.boolean())),
      }),
    }),
  ]),
])
export type ResponseFormat = z.infer<typeof ResponseFormat>
