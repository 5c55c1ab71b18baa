import {
  AssistantList,
  AssistantObject,
  CreateAssistantRequest,
  ModifyAssistantRequest,
} from '../assistant.ts'
import { DeletedAssistant } from '../deleted.ts'
import { ListQuery } from '../list.ts'
import { Metadata } from '../metadata.ts'
import { ReasoningEffort, ResponseFormat } from '../model-settings.ts'
import { FunctionTool, FunctionToolInput, RankingOptions, Tool, ToolInput } from '../tool.ts'
import { ToolResources, ToolResourcesInput } from '../tool-resources.ts'
import { json, type Part } from './operation.ts'

export const assistantPart: Part = {
  tag: 'Assistants',
  description: 'A model with instructions, tools and files, kept under an id.',
  operations: [
    {
      id: 'listAssistants',
      method: 'get',
      path: '/assistants',
      summary: 'List assistants',
      description: 'Your assistants, the newest first unless `order` says otherwise.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(AssistantList),
      sdk: 'beta.assistants.list',
    },
    {
      id: 'createAssistant',
      method: 'post',
      path: '/assistants',
      summary: 'Create an assistant',
      description: 'What is left out or null has its default.',
      body: {
        type: 'json',
        schema: CreateAssistantRequest,
        example: {
          model: 'gpt-4o',
          name: 'Librarian',
          instructions: 'Answer from the handbook, and say where it stands.',
          tools: [{ type: 'file_search' }],
        },
      },
      reply: json(AssistantObject),
      errors: [404],
      sdk: 'beta.assistants.create',
    },
    {
      id: 'getAssistant',
      method: 'get',
      path: '/assistants/{assistant_id}',
      summary: 'Read an assistant',
      description: 'One assistant as it is now.',
      reply: json(AssistantObject),
      sdk: 'beta.assistants.retrieve',
    },
    {
      id: 'modifyAssistant',
      method: 'post',
      path: '/assistants/{assistant_id}',
      summary: 'Change an assistant',
      description:
        'Keys that are left out stay as they are; null puts the default back. Runs that have begun keep the settings they began with.',
      body: {
        type: 'json',
        schema: ModifyAssistantRequest,
        example: { instructions: 'Answer in one sentence.' },
      },
      reply: json(AssistantObject),
      sdk: 'beta.assistants.update',
    },
    {
      id: 'deleteAssistant',
      method: 'delete',
      path: '/assistants/{assistant_id}',
      summary: 'Delete an assistant',
      description: 'Threads and messages stay.',
      reply: json(DeletedAssistant),
      sdk: 'beta.assistants.delete',
    },
  ],
  schemas: {
    AssistantList,
    AssistantObject,
    CreateAssistantRequest,
    DeletedAssistant,
    FunctionTool,
    FunctionToolInput,
    Metadata,
    ModifyAssistantRequest,
    RankingOptions,
    ReasoningEffort,
    ResponseFormat,
    Tool,
    ToolInput,
    ToolResources,
    ToolResourcesInput,
  },
}
