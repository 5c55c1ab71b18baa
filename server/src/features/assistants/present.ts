import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { ToolResources } from '@melzi/contract/tool-resources.ts'
import { atLeast } from '../../platform/principal.ts'
import { toolsOf, withoutSettings, type Assistant } from './service.ts'

/** With the tool on, its list of files is there, also when it is empty (behaviour.md 4). */
const shownResources = ({ tools, toolResources }: Assistant): ToolResources => ({
  ...(tools.some((tool) => tool.type === 'code_interpreter') && {
    code_interpreter: { file_ids: [] },
  }),
  ...toolResources,
})

/** Those who may use it and no more see that it is there, and what it can do (design 5). */
export const presentAssistant = (assistant: Assistant): AssistantObject =>
  atLeast(assistant.right, 'view')
    ? wholeAssistant(assistant)
    : {
        ...wholeAssistant(assistant),
        instructions: null,
        tools: withoutSettings(toolsOf(assistant)),
        tool_resources: {},
        metadata: {},
        response_format: 'auto',
      }

const wholeAssistant = (assistant: Assistant): AssistantObject => ({
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
