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
  tagZh: '執行步驟',
  description: 'What a run did: each message it wrote, each turn of tool calls it made.',
  descriptionZh: '執行做過的事：寫下的每則訊息、每一輪工具呼叫。',
  operations: [
    {
      id: 'listRunSteps',
      method: 'get',
      path: '/threads/{thread_id}/runs/{run_id}/steps',
      summary: 'List run steps',
      summaryZh: '列出執行步驟',
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
      summaryZh: '讀取執行步驟',
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
