import type {
  JSONSchema7,
  LanguageModelV4CallOptions,
  LanguageModelV4FunctionTool,
  LanguageModelV4ToolChoice,
} from '@ai-sdk/provider'

import type { ModelRequest, PromptFunction } from '../language-model.ts'
import type { Vendor } from './settings.ts'
import type { ThoughtMemory } from './thought-memory.ts'
import { toPrompt } from './to-prompt.ts'

const asTool = (fn: PromptFunction): LanguageModelV4FunctionTool => ({
  type: 'function',
  name: fn.name,
  ...(fn.description === null ? {} : { description: fn.description }),
  inputSchema: (Object.keys(fn.parameters).length === 0
    ? { type: 'object', properties: {} }
    : fn.parameters) as JSONSchema7,
  ...(fn.strict ? { strict: true } : {}),
})

/** A hosted tool's choice holds when it is offered as a function, as for OpenAI-compatible servers. */
const toolChoice = (request: ModelRequest): LanguageModelV4ToolChoice => {
  const choice = request.toolChoice
  if (typeof choice === 'string') return { type: choice }
  const toolName = choice.type === 'function' ? choice.function.name : choice.type
  return request.functions.some((fn) => fn.name === toolName)
    ? { type: 'tool', toolName }
    : { type: 'auto' }
}

/**
 * A value of 1, which every run has unless told otherwise, is the default of Claude and changes nothing; its newer models refuse a
 * request that holds both.
 */
const sampling = (request: ModelRequest, vendor: Vendor) => {
  const isSpared = vendor === 'anthropic' || vendor === 'bedrock'
  const given = (value: number | null) => value !== null && !(isSpared && value === 1)
  return {
    ...(given(request.temperature) ? { temperature: request.temperature ?? 1 } : {}),
    ...(given(request.topP) ? { topP: request.topP ?? 1 } : {}),
  }
}

const responseFormat = (
  format: ModelRequest['responseFormat'],
): Pick<LanguageModelV4CallOptions, 'responseFormat'> => {
  if (typeof format === 'string' || format.type === 'text') return {}
  if (format.type === 'json_object') return { responseFormat: { type: 'json' } }
  const { name, description, schema } = format.json_schema
  return {
    responseFormat: {
      type: 'json',
      name,
      ...(description === undefined ? {} : { description }),
      ...(schema === undefined ? {} : { schema: schema as JSONSchema7 }),
    },
  }
}

/**
 * Claude that thinks wants its thinking back before a tool's output. Where it was lost (a restart, another node, another model's
 * turn) the vendor refuses the request, so that this turn goes without.
 */
const mayThink = (request: ModelRequest, vendor: Vendor, memory: ThoughtMemory): boolean => {
  if (vendor !== 'anthropic' && vendor !== 'bedrock') return true
  const turn = request.messages.findLast((message) => message.role !== 'tool')
  if (turn?.role !== 'assistant') return true
  const call = turn.toolCalls[0]
  return call === undefined || memory.find(call.id) !== null
}

const reasoning = (
  request: ModelRequest,
  vendor: Vendor,
  memory: ThoughtMemory,
): Pick<LanguageModelV4CallOptions, 'reasoning'> => {
  const effort = request.reasoningEffort
  if (effort === null || (effort !== 'none' && !mayThink(request, vendor, memory))) return {}
  // The AI SDK knows no more than xhigh.
  const known = effort === 'max' ? 'xhigh' : effort
  return { reasoning: known as NonNullable<LanguageModelV4CallOptions['reasoning']> }
}

const vendorOptions = (
  request: ModelRequest,
  vendor: Vendor,
): Pick<LanguageModelV4CallOptions, 'providerOptions'> => {
  const onlyOne = request.functions.length > 0 && !request.parallelToolCalls
  const format = request.responseFormat
  const strict =
    typeof format === 'object' && format.type === 'json_schema'
      ? { strictJsonSchema: format.json_schema.strict ?? false }
      : {}
  switch (vendor) {
    case 'anthropic':
      return onlyOne ? { providerOptions: { anthropic: { disableParallelToolUse: true } } } : {}
    case 'mistral':
      return {
        providerOptions: {
          mistral: { ...(onlyOne ? { parallelToolCalls: false } : {}), ...strict },
        },
      }
    case 'azure':
      return {
        providerOptions: {
          openai: { ...(onlyOne ? { parallelToolCalls: false } : {}), ...strict },
        },
      }
    case 'google':
    case 'bedrock':
      // Neither has such a setting: calls after the first are dropped as they come.
      return {}
  }
}

/**
 * A request in the AI SDK's form, without its signal. Images go as they are: see inlineImages for the model's setting.
 * @throws {ModelError} `invalid_prompt` for an image without a usable address
 */
export const toCallOptions = (
  request: ModelRequest,
  vendor: Vendor,
  memory: ThoughtMemory,
): LanguageModelV4CallOptions => ({
  prompt: toPrompt(request.messages, vendor, memory),
  ...(request.functions.length === 0
    ? {}
    : { tools: request.functions.map(asTool), toolChoice: toolChoice(request) }),
  ...sampling(request, vendor),
  ...(request.maxTokens === null ? {} : { maxOutputTokens: request.maxTokens }),
  ...reasoning(request, vendor, memory),
  ...responseFormat(request.responseFormat),
  ...vendorOptions(request, vendor),
})
