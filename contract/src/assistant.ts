/** Assistants (behaviour.md 4). */
import * as z from 'zod/mini'
import { orDefault, orNull, unixSeconds } from './field.ts'
import { listOf } from './list.ts'
import { Metadata } from './metadata.ts'
import {
  Instructions,
  ReasoningEffort,
  ResponseFormat,
  Temperature,
  TopP,
} from './model-settings.ts'
import { Tool, ToolsInput } from './tool.ts'
import { ToolResources, ToolResourcesInput } from './tool-resources.ts'

const Name = z.string().check(z.maxLength(256))
const Description = z.string().check(z.maxLength(512))

/** After parsing every field is there: what was left out or null has its default. */
export const CreateAssistantRequest = z.strictObject({
  model: z.string(),
  name: orNull(Name),
  description: orNull(Description),
  instructions: orNull(Instructions),
  tools: z._default(ToolsInput, () => []),
  tool_resources: orDefault(ToolResourcesInput, () => ({})),
  metadata: orDefault(Metadata, () => ({})),
  temperature: orDefault(Temperature, () => 1),
  top_p: orDefault(TopP, () => 1),
  reasoning_effort: orNull(ReasoningEffort),
  response_format: orDefault(ResponseFormat, () => 'auto' as const),
})
export type CreateAssistantRequest = z.infer<typeof CreateAssistantRequest>

/** Absent keys stay as they are; null puts the default back. */
export const ModifyAssistantRequest = z.strictObject({
  model: z.optional(z.string()),
  name: z.nullish(Name),
  description: z.nullish(Description),
  instructions: z.nullish(Instructions),
  tools: z.optional(ToolsInput),
  tool_resources: z.nullish(ToolResources),
  metadata: z.nullish(Metadata),
  temperature: z.nullish(Temperature),
  top_p: z.nullish(TopP),
  reasoning_effort: z.nullish(ReasoningEffort),
  response_format: z.nullish(ResponseFormat),
})
export type ModifyAssistantRequest = z.infer<typeof ModifyAssistantRequest>

/** Keys in the live order. */
export const AssistantObject = z.object({
  id: z.string(),
  object: z.literal('assistant'),
  created_at: unixSeconds,
  name: z.nullable(z.string()),
  description: z.nullable(z.string()),
  model: z.string(),
  instructions: z.nullable(z.string()),
  tools: z.array(Tool),
  top_p: z.nullable(TopP),
  temperature: z.nullable(Temperature),
  reasoning_effort: z.nullable(ReasoningEffort),
  tool_resources: z.nullable(ToolResources),
  metadata: Metadata,
  response_format: z.nullable(ResponseFormat),
})
export type AssistantObject = z.infer<typeof AssistantObject>

export const AssistantList = listOf(AssistantObject)
export type AssistantList = z.infer<typeof AssistantList>
