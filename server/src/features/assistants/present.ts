import type { AssistantObject } from '@melzi/contract/assistant.ts'
import { toolsOf, type Assistant } from './service.ts'

export const presentAssistant = (assistant: Assistant): AssistantObject => ({
  id: assistant.id,
  object: 'assistant',
  created_at: assistant.createdAt,
  name: assistant.name,
  description: assistant.description,
  model: assistant.model,
  instructions: assistant.instructions,
  tools: toolsOf(assistant),
  top_p: assistant.topP,
  temperature: assistant.temperature,
  reasoning_effort: assistant.reasoningEffort,
  tool_resources: {},
  metadata: assistant.metadata,
  response_format: assistant.responseFormat,
})
