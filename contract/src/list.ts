import * as z from 'zod/mini'

/** Query of every list call: `limit` 1..100, ids as exclusive cursors (behaviour.md 3). */
export const ListQuery = z.strictObject({
  limit: z._default(z.int().check(z.minimum(1), z.maximum(100)), 20),
  order: z._default(z.enum(['asc', 'desc']), 'desc'),
  after: z.optional(z.string()),
  before: z.optional(z.string()),
})
export type ListQuery = z.infer<typeof ListQuery>

/** Query of a call that takes none. */
export const NoQuery = z.strictObject({})

/** The list reply around one kind of object; both ids are null on an empty page. */
export const listOf = <T extends z.core.$ZodType>(item: T) =>
  z.object({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.nullable(z.string()),
    last_id: z.nullable(z.string()),
    has_more: z.boolean(),
  })

export interface ListReply<T> {
  object: 'list'
  data: T[]
  first_id: string | null
  last_id: string | null
  has_more: boolean
}
