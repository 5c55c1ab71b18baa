import * as z from 'zod/mini'

const MAX_PAIRS = 16

/**
 * At most 16 pairs, keys up to 64 characters, values strings up to 512 (behaviour.md 3). Other values are refused, not converted.
 */
export const Metadata = z
  .record(z.string().check(z.maxLength(64)), z.string().check(z.maxLength(512)))
  .check(
    z.superRefine((map, context) => {
      const length = Object.keys(map).length
      if (length <= MAX_PAIRS) return
      context.addIssue({ code: 'too_big', origin: 'object', maximum: MAX_PAIRS, input: map })
    }),
  )
export type Metadata = z.infer<typeof Metadata>
