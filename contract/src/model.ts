import * as z from 'zod/mini'
import { unixSeconds } from './field.ts'

export const ModelObject = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: unixSeconds,
  owned_by: z.string(),
})
export type ModelObject = z.infer<typeof ModelObject>

export const ModelList = z.object({ object: z.literal('list'), data: z.array(ModelObject) })
export type ModelList = z.infer<typeof ModelList>
