/** What a person has here and how it goes away: export, erasure, retention. */
import * as z from 'zod/mini'
import { orNull } from './field.ts'

export const ErasePersonRequest = z.strictObject({
  /** The person's id again: nothing brings back what is erased. */
  confirm: z.string(),
  /** Who gets its assistants; without, they are deleted. */
  assistants_to: orNull(z.string()),
})
export type ErasePersonRequest = z.infer<typeof ErasePersonRequest>

export const ErasedPerson = z.object({
  id: z.string(),
  object: z.literal('person.erased'),
  deleted: z.literal(true),
  /** How much of each kind went. */
  erased: z.object({
    threads: z.int(),
    files: z.int(),
    vector_stores: z.int(),
    keys: z.int(),
    assistants: z.int(),
    plugins: z.int(),
  }),
})
export type ErasedPerson = z.infer<typeof ErasedPerson>

const days = z.nullable(z.int().check(z.minimum(1), z.maximum(36_500)))

export const RetentionObject = z.object({
  object: z.literal('retention'),
  /** Days after its last message a thread is deleted; null: never. */
  threads_days: days,
  /** Days after which arguments and outputs of plugin calls are forgotten; null: never. */
  plugin_calls_days: days,
})
export type RetentionObject = z.infer<typeof RetentionObject>

export const ModifyRetentionRequest = z.strictObject({
  threads_days: z.optional(days),
  plugin_calls_days: z.optional(days),
})
export type ModifyRetentionRequest = z.infer<typeof ModifyRetentionRequest>
