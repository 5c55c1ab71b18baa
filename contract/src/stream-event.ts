/** Every event of a run's stream as `{event, data}` (behaviour.md 10 to 12). */
import * as z from 'zod/mini'
import { ErrorReply } from './error.ts'
import { MessageDelta, MessageObject } from './message.ts'
import { RunObject } from './run.ts'
import { RunStepDelta, RunStepObject } from './run-step.ts'
import { ThreadObject } from './thread.ts'

export const StreamEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('thread.created'), data: ThreadObject }),
  z.object({
    event: z.literal([
      'thread.run.created',
      'thread.run.queued',
      'thread.run.in_progress',
      'thread.run.requires_action',
      'thread.run.completed',
      'thread.run.incomplete',
      'thread.run.failed',
      'thread.run.cancelling',
      'thread.run.cancelled',
      'thread.run.expired',
    ]),
    data: RunObject,
  }),
  z.object({
    event: z.literal([
      'thread.run.step.created',
      'thread.run.step.in_progress',
      'thread.run.step.completed',
      'thread.run.step.failed',
      'thread.run.step.cancelled',
      'thread.run.step.expired',
    ]),
    data: RunStepObject,
  }),
  z.object({ event: z.literal('thread.run.step.delta'), data: RunStepDelta }),
  z.object({
    event: z.literal([
      'thread.message.created',
      'thread.message.in_progress',
      'thread.message.completed',
      'thread.message.incomplete',
    ]),
    data: MessageObject,
  }),
  z.object({ event: z.literal('thread.message.delta'), data: MessageDelta }),
  z.object({ event: z.literal('error'), data: ErrorReply }),
  z.object({ event: z.literal('done'), data: z.literal('[DONE]') }),
])
export type StreamEvent = z.infer<typeof StreamEvent>
export type StreamEventName = StreamEvent['event']

/** A run's stored state, for a reader whose place in the events is gone (GET …/events only, a call of this server's own). */
export const RunSnapshotEvent = z.object({
  event: z.literal('thread.run.snapshot'),
  data: z.object({
    run: RunObject,
    steps: z.array(RunStepObject),
    messages: z.array(MessageObject),
  }),
})

/** Query of GET …/events. `after`: the `id:` of the last event the reader has; 0 for all that is still there. */
export const RunEventsQuery = z.strictObject({
  after: z._default(z.int().check(z.minimum(0)), 0),
})
