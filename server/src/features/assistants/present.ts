import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { ToolResources } from '@melzi/contract/tool-resources.ts'
import { toolsOf, type Assistant } from './service.ts'

/** With the tool on, its list of files is there, also when it is empty (behaviour.md 4). */
const shownResources = ({ tools, toolResources }: Assistant): ToolResources => ({
  ...(tools.some((tool) => tool.type === 'code_interpreter') && {
    code_interpreter: { file_ids: [] },
  }),
  ...toolResources,
})

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
  tool_resources: shownResources(assistant),
  metadata: assistant.metadata,
  response_format: assistant.responseFormat,
})
