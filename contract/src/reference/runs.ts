import { ListQuery } from '../list.ts'
import {
  CancelRunRequest,
  CreateRunRequest,
  CreateThreadAndRunRequest,
  LastError,
  ModifyRunRequest,
  RequiredAction,
  RunList,
  RunObject,
  RunStatus,
  RunUsage,
  SubmitToolOutputsRequest,
  TruncationStrategy,
} from '../run.ts'
import { IncludeQuery } from '../run-step.ts'
import { MessageDelta } from '../message.ts'
import { RunEventsQuery, RunSnapshotEvent, StreamEvent } from '../stream-event.ts'
import { ToolChoice } from '../tool.ts'
import * as z from 'zod/mini'
import { json, jsonOrEvents, type Part } from './operation.ts'

const ReplayedEvent = z.union([StreamEvent, RunSnapshotEvent])

const STREAMS =
  'With `"stream": true` the answer is the run’s events until it ends or waits for you.'

export const runPart: Part = {
  tag: 'Runs',
  description: 'An assistant at work on a thread.',
  operations: [
    {
      id: 'createThreadAndRun',
      method: 'post',
      path: '/threads/runs',
      summary: 'Create a thread and run it',
      description: `Both in one call. ${STREAMS}`,
      body: {
        type: 'json',
        schema: CreateThreadAndRunRequest,
        example: {
          assistant_id: 'asst_abc123',
          thread: { messages: [{ role: 'user', content: 'How many days of leave are there?' }] },
        },
      },
      reply: jsonOrEvents(RunObject, StreamEvent),
      errors: [404, 429],
      sdk: 'beta.threads.create_and_run',
    },
    {
      id: 'createRun',
      method: 'post',
      path: '/threads/{thread_id}/runs',
      summary: 'Run a thread',
      description: `The answer comes at once, with status \`queued\`. ${STREAMS} A thread has one active run at a time; a second one is refused with 400, unless it may wait (\`queue\`). A client that leaves does not end the run.`,
      query: { schema: IncludeQuery },
      body: {
        type: 'json',
        schema: CreateRunRequest,
        example: { assistant_id: 'asst_abc123', stream: true },
      },
      reply: jsonOrEvents(RunObject, StreamEvent),
      errors: [429],
      sdk: 'beta.threads.runs.create',
    },
    {
      id: 'listRuns',
      method: 'get',
      path: '/threads/{thread_id}/runs',
      summary: 'List runs',
      description: 'The runs of a thread.',
      query: { schema: ListQuery, example: { limit: 20 } },
      reply: json(RunList),
      sdk: 'beta.threads.runs.list',
    },
    {
      id: 'getRun',
      method: 'get',
      path: '/threads/{thread_id}/runs/{run_id}',
      summary: 'Read a run',
      description:
        'While the run is not at its end, the header `openai-poll-after-ms` says when to ask again.',
      reply: json(RunObject),
      sdk: 'beta.threads.runs.retrieve',
    },
    {
      id: 'modifyRun',
      method: 'post',
      path: '/threads/{thread_id}/runs/{run_id}',
      summary: 'Change a run’s metadata',
      description: 'Nothing else of a run can be changed.',
      body: { type: 'json', schema: ModifyRunRequest, example: { metadata: { ticket: '4711' } } },
      reply: json(RunObject),
      sdk: 'beta.threads.runs.update',
    },
    {
      id: 'submitToolOuputsToRun',
      method: 'post',
      path: '/threads/{thread_id}/runs/{run_id}/submit_tool_outputs',
      summary: 'Submit tool outputs',
      description: `For a run at \`requires_action\`: the outputs of all its calls, in one request. ${STREAMS}`,
      body: {
        type: 'json',
        schema: SubmitToolOutputsRequest,
        example: { tool_outputs: [{ tool_call_id: 'call_abc123', output: '60 dollars per kg' }] },
      },
      reply: jsonOrEvents(RunObject, StreamEvent),
      sdk: 'beta.threads.runs.submit_tool_outputs',
    },
    {
      id: 'cancelRun',
      method: 'post',
      path: '/threads/{thread_id}/runs/{run_id}/cancel',
      summary: 'Cancel a run',
      description:
        'What the run has completed stays; a message it was writing ends as `incomplete`. A run that waits for its turn is cancelled at once; messages it came with keep their places.',
      body: { type: 'json', schema: CancelRunRequest, example: {} },
      reply: json(RunObject),
      sdk: 'beta.threads.runs.cancel',
    },
    {
      id: 'readRunEvents',
      method: 'get',
      path: '/threads/{thread_id}/runs/{run_id}/events',
      summary: 'Read a run’s events again',
      description:
        'Melzi’s own. Replays what is still there and follows the run to its end, past `requires_action`. Each event has an `id:` line; come back with it in `after` or in the header `Last-Event-ID`. When that place is gone, the first event is `thread.run.snapshot`.',
      query: { schema: RunEventsQuery, example: { after: 0 } },
      reply: { 'text/event-stream': ReplayedEvent },
    },
  ],
  schemas: {
    CreateRunRequest,
    CreateThreadAndRunRequest,
    LastError,
    MessageDelta,
    ModifyRunRequest,
    ReplayedEvent,
    RequiredAction,
    RunList,
    RunObject,
    RunSnapshotEvent,
    RunStatus,
    RunUsage,
    StreamEvent,
    SubmitToolOutputsRequest,
    ToolChoice,
    TruncationStrategy,
  },
  notes: {
    'readRunEvents.after': 'The `id:` of the last event you have; 0 for all that is still there.',
    'CreateRunRequest.model': 'Instead of the assistant’s model.',
    'CreateRunRequest.instructions': 'Instead of the assistant’s instructions.',
    'CreateRunRequest.additional_instructions': 'After the assistant’s instructions.',
    'CreateRunRequest.additional_messages': 'Added to the thread before the run begins.',
    'CreateRunRequest.tools': 'Instead of the assistant’s tools.',
    'CreateRunRequest.queue':
      'Melzi’s own. While another run is active, this one waits for its turn as `queued` instead of being refused, with the settings of now and its additional messages: first come, first served, together with messages that wait. At most 64 wait on a thread.',
    'CreateThreadAndRunRequest.thread': 'The thread to make; empty when left out.',
    'CreateThreadAndRunRequest.tools': 'Instead of the assistant’s tools.',
    'RunObject.expires_at':
      'When a run that waits for tool outputs is given up. Unix seconds; null in line, since it counts from the run’s turn.',
    'RunObject.required_action':
      'The calls that wait for you, while the status is requires_action.',
    'RunObject.last_error': 'Why the run failed; null unless it did.',
    'RunObject.usage': 'Tokens of all model calls; null until the run ends.',
  },
}
