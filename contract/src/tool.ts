/** Tools as clients send them (`…Input`) and as the server shows them (behaviour.md 4, 7). */
import * as z from 'zod/mini'

export const MAX_TOOLS = 128

export const FunctionName = z.string().check(z.regex(/^[a-zA-Z0-9_-]{1,64}$/))

const JsonObject = z.record(z.string(), z.unknown())

/** Why this can't be the schema of a function's arguments; null when it can. */
const schemaFault = (schema: Record<string, unknown>): string | null => {
  const { type, properties, required } = schema
  if (type !== undefined && type !== 'object') {
    return `schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(type)}'.`
  }
  if (
    properties !== undefined &&
    (typeof properties !== 'object' || properties === null || Array.isArray(properties))
  ) {
    return "'properties' is not of type 'object'."
  }
  if (
    required !== undefined &&
    !(Array.isArray(required) && required.every((name) => typeof name === 'string'))
  ) {
    return "'required' is not an array of strings."
  }
  return null
}

const FunctionDefinitionInput = z
  .strictObject({
    name: FunctionName,
    description: z.optional(z.string()),
    parameters: z.optional(JsonObject),
    strict: z.optional(z.nullable(z.boolean())),
  })
  .check(
    z.superRefine((definition, context) => {
      const fault = schemaFault(definition.parameters ?? {})
      if (fault === null) return
      context.addIssue({
        code: 'custom',
        path: ['parameters'],
        params: { rule: 'function_schema', name: definition.name, fault },
        input: definition.parameters,
      })
    }),
  )

const Ranker = z.enum(['auto', 'default_2024_08_21', 'default-2024-08-21'])
const scoreThreshold = z.number().check(z.minimum(0), z.maximum(1))
const HybridSearch = z.strictObject({
  embedding_weight: z.number().check(z.minimum(0)),
  text_weight: z.number().check(z.minimum(0)),
})

export const RankingOptions = z.strictObject({
  ranker: z.optional(Ranker),
  score_threshold: scoreThreshold,
  hybrid_search: z.optional(z.nullable(HybridSearch)),
})
export type RankingOptions = z.infer<typeof RankingOptions>

const FileSearchSettings = z.strictObject({
  max_num_results: z.optional(z.int().check(z.minimum(1), z.maximum(50))),
  ranking_options: z.optional(RankingOptions),
})

export const CodeInterpreterTool = z.strictObject({ type: z.literal('code_interpreter') })
export const FileSearchTool = z.strictObject({
  type: z.literal('file_search'),
  file_search: z.optional(FileSearchSettings),
})
export const FunctionToolInput = z.strictObject({
  type: z.literal('function'),
  function: FunctionDefinitionInput,
})
export type FunctionToolInput = z.infer<typeof FunctionToolInput>

export const ToolInput = z.discriminatedUnion('type', [
  CodeInterpreterTool,
  FileSearchTool,
  FunctionToolInput,
])
export type ToolInput = z.infer<typeof ToolInput>

export const ToolsInput = z.array(ToolInput).check(z.maxLength(MAX_TOOLS))
export type ToolsInput = z.infer<typeof ToolsInput>

/** A function tool comes back with `strict` and `parameters` filled in (behaviour.md 4, echo rules). */
export const FunctionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string(),
    description: z.optional(z.string()),
    parameters: JsonObject,
    strict: z.boolean(),
  }),
})
export type FunctionTool = z.infer<typeof FunctionTool>

export const Tool = z.discriminatedUnion('type', [
  CodeInterpreterTool,
  FileSearchTool,
  FunctionTool,
])
export type Tool = z.infer<typeof Tool>

/** A tool named by its type alone, as in a message's attachments. */
export const AttachmentTool = z.discriminatedUnion('type', [
  CodeInterpreterTool,
  z.strictObject({ type: z.literal('file_search') }),
])

export const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('function'),
      function: z.strictObject({ name: z.string() }),
    }),
    z.strictObject({ type: z.literal('code_interpreter') }),
    z.strictObject({ type: z.literal('file_search') }),
  ]),
])
export type ToolChoice = z.infer<typeof ToolChoice>
