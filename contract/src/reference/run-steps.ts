import {
  CodeInterpreterToolCall,
  FileSearchToolCall,
  FunctionToolCall,
  IncludeQuery,
  RunStepDelta,
  RunStepList,
  RunStepListQuery,
  RunStepObject,
  StepDetails,
  ToolCall,
} from '../run-step.ts'
import { json, type Part } from './operation.ts'

export const runStepPart: Part = {
  tag: 'Run steps',
  description: 'What a run did: each message it wrote, each turn of tool calls it made.',
  operations: [
    {
      id: 'listRunSteps',
      method: 'get',
      path: '/threads/{thread_id}/runs/{run_id}/steps',
      summary: 'List run steps',
      description: 'The steps of a run.',
      query: { schema: RunStepListQuery, example: { order: 'asc' } },
      reply: json(RunStepList),
      sdk: 'beta.threads.runs.steps.list',
    },
    {
      id: 'getRunStep',
      method: 'get',
      path: '/threads/{thread_id}/runs/{run_id}/steps/{step_id}',
      summary: 'Read a run step',
      description: 'One step.',
      query: { schema: IncludeQuery },
      reply: json(RunStepObject),
      sdk: 'beta.threads.runs.steps.retrieve',
    },
  ],
  schemas: {
    CodeInterpreterToolCall,
    FileSearchToolCall,
    FunctionToolCall,
    RunStepDelta,
    RunStepList,
    RunStepObject,
    StepDetails,
    ToolCall,
  },
  notes: {
    'RunStepObject.step_details': 'The message that was written, or the calls that were made.',
    'FunctionToolCall.function': 'Name, arguments as JSON text, and the output once it is there.',
  },
}
