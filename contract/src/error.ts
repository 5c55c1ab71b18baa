import * as z from 'zod/mini'

export const ErrorDetail = z.object({
  message: z.string(),
  type: z.string(),
  param: z.nullable(z.string()),
  code: z.nullable(z.string()),
})
export type ErrorDetail = z.infer<typeof ErrorDetail>

/** The envelope of every error, and the data of a stream's `error` event: always all four keys in `error` (behaviour.md 2, 10). */
export const ErrorReply = z.object({
  error: ErrorDetail,
  /** Only on errors of files (README.md table C). */
  detail: z.optional(z.object({ message: z.string(), code: z.nullable(z.string()) })),
})
export type ErrorReply = z.infer<typeof ErrorReply>
