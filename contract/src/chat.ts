/** Chat completions, as far as this server reads them: requests to models with another wire are converted, all others go through. */
import * as z from 'zod/mini'
import { ImageUrl, orNull } from './field.ts'
import { ReasoningEffort, ResponseFormat, Temperature, TopP } from './model-settings.ts'

const TextPart = z.object({ type: z.literal('text'), text: z.string() })
const UserPart = z.discriminatedUnion('type', [
  TextPart,
  z.object({
    type: z.literal('image_url'),
    image_url: z.object({
      url: ImageUrl,
      detail: z._default(z.enum(['auto', 'low', 'high']), 'auto'),
    }),
  }),
])
const Text = z.union([z.string(), z.array(TextPart)])
const ToolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
})

const ChatMessage = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: Text }),
  z.object({ role: z.literal('developer'), content: Text }),
  z.object({ role: z.literal('user'), content: z.union([z.string(), z.array(UserPart)]) }),
  z.object({
    role: z.literal('assistant'),
    content: orNull(Text),
    refusal: orNull(z.string()),
    tool_calls: orNull(z.array(ToolCall)),
  }),
  z.object({ role: z.literal('tool'), content: Text, tool_call_id: z.string() }),
])
export type ChatMessage = z.infer<typeof ChatMessage>

const FunctionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string().check(z.regex(/^[a-zA-Z0-9_-]{1,64}$/)),
    description: orNull(z.string()),
    parameters: orNull(z.record(z.string(), z.unknown())),
    strict: orNull(z.boolean()),
  }),
})

/** The settings every model here understands. What else a request holds, {@link UNKNOWN_TO_MODELS} aside, is advice and left out. */
export const CreateChatCompletionRequest = z.object({
  model: z.string(),
  messages: z.array(ChatMessage).check(z.minLength(1)),
  stream: orNull(z.boolean()),
  stream_options: orNull(z.object({ include_usage: orNull(z.boolean()) })),
  tools: orNull(z.array(FunctionTool).check(z.maxLength(128))),
  tool_choice: orNull(
    z.union([
      z.enum(['none', 'auto', 'required']),
      z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
    ]),
  ),
  parallel_tool_calls: orNull(z.boolean()),
  temperature: orNull(Temperature),
  top_p: orNull(TopP),
  max_tokens: orNull(z.int().check(z.minimum(1))),
  max_completion_tokens: orNull(z.int().check(z.minimum(1))),
  reasoning_effort: orNull(ReasoningEffort),
  response_format: orNull(ResponseFormat),
})
export type CreateChatCompletionRequest = z.infer<typeof CreateChatCompletionRequest>

/** Settings that change the answer and that a converted request cannot carry: named in a 400 when they ask for something. */
export const UNKNOWN_TO_MODELS = [
  'audio',
  'frequency_penalty',
  'function_call',
  'functions',
  'logit_bias',
  'logprobs',
  'n',
  'presence_penalty',
  'stop',
  'top_logprobs',
  'web_search_options',
] as const

/** Of a request that goes through as it came: the one key this server reads. */
export const ModelNamed = z.looseObject({ model: z.string().check(z.minLength(1)) })
