import assert from 'node:assert/strict'
import type { StreamContext } from './lawful-stream.ts'
import type { WireEvent } from './sse.ts'
import * as sample from './stream-samples.ts'
import type { StreamRule } from './stream-rules.ts'

/** Streams that each break one rule, made from lawful ones. */

const { DONE, event, messageDelta, messageEvent, runEvent, stepEvent, text } = sample
const WAITED: StreamContext = { waitingStepId: 'step_2' }

type Violation = [rule: StreamRule, name: string, events: WireEvent[], context?: StreamContext]
const drop = (events: WireEvent[], at: number, count = 1) => events.toSpliced(at, count)
const put = (events: WireEvent[], at: number, ...more: WireEvent[]) =>
  events.toSpliced(at, 0, ...more)
const swap = (events: WireEvent[], at: number, one: WireEvent) => events.with(at, one)
/** Changes one event's data, deep inside. */
const edit = (events: WireEvent[], at: number, fields: object): WireEvent[] => {
  const old = events[at]
  assert.ok(old)
  return events.with(at, event(old.event, { ...(old.data as object), ...fields }))
}
const again = (events: WireEvent[], at: number, to: number): WireEvent[] =>
  put(events, to, events[at] as WireEvent)
const { plain, functionCall, submitted, search, interpreter } = sample

export const violations: Violation[] = [
  ['schema', 'an unknown event', swap(plain(), 0, event('thread.run.begun', {}))],
  [
    'schema',
    'an annotation without index',
    swap(search(), 12, sample.cited([{ ...sample.citation(), index: undefined }])),
  ],
  ['ends-with-done', 'no done', drop(plain(), 12)],
  ['done-after-stop', 'no end state', drop(plain(), 11)],
  ['nothing-after-done', 'an event after done', [...plain(), runEvent('queued')]],
  [
    'error-wrapped',
    'a bare error',
    [...plain().slice(0, 8), sample.errorEvent({ more: 1 })],
    { mayBreak: true },
  ],
  [
    'nothing-after-error',
    'done after an error',
    [...plain().slice(0, 8), sample.errorEvent(), DONE],
    { mayBreak: true },
  ],
  ['no-error', 'an error', [...plain().slice(0, 8), sample.errorEvent()]],
  ['thread-first', 'no thread where one was made', plain(), { makesThread: true }],
  ['thread-first', 'a thread that was not made', sample.withThread(), { makesThread: false }],
  ['thread-first', 'a thread later', put(plain(), 3, sample.withThread()[0] as WireEvent)],
  ['run-first', 'no run.created', drop(plain(), 0)],
  ['run-first', 'no run.queued', drop(plain(), 1)],
  ['run-first', 'a step first', plain().slice(3)],
  ['submit-first', 'run.created after outputs', plain(), WAITED],
  ['submit-first', 'the waiting step does not end', submitted().slice(1), WAITED],
  ['submit-first', 'another step ends', submitted(), { waitingStepId: 'step_9' }],
  ['submit-first', 'no run.queued after outputs', drop(submitted(), 1), WAITED],
  ['one-run', 'another run', edit(plain(), 2, { id: 'run_2' })],
  ['one-run', 'a message of another thread', edit(plain(), 5, { thread_id: 'thread_2' })],
  ['run-order', 'in_progress again', again(plain(), 2, 3)],
  ['run-order', 'no in_progress', drop(plain(), 2, 9)],
  ['status', 'a run that says otherwise', edit(plain(), 2, { status: 'queued' })],
  ['status', 'a step that says otherwise', edit(plain(), 10, { status: 'in_progress' })],
  ['status', 'a message that says otherwise', edit(plain(), 6, { status: 'completed' })],
  ['stop-is-last', 'a step after the end', again(plain(), 3, 12)],
  ['work-in-progress', 'a step while queued', drop(plain(), 2)],
  ['action-open-step', 'the step ends first', put(functionCall(), 8, sample.functionEnd('1'))],
  ['action-calls', 'other arguments', swap(functionCall(), 8, sample.OTHER_ACTION())],
  [
    'action-calls',
    'no calls',
    swap(functionCall(), 8, sample.REQUIRES_ACTION({ required_action: null })),
  ],
  ['action-usage', 'usage while waiting', edit(functionCall(), 8, { usage: sample.USAGE })],
  ['end-closes', 'a step left open', drop(plain(), 10)],
  ['end-expiry', 'a run that still expires', edit(plain(), 11, { expires_at: 601 })],
  ['completed-run', 'no usage', edit(plain(), 11, { usage: null })],
  ['completed-run', 'no completed_at', edit(plain(), 11, { completed_at: null })],
  ['usage-sum', 'usage of one step only', edit(search(), 15, { usage: sample.USAGE })],
  ['failed-run', 'no reason', edit(sample.failure(), 10, { last_error: null })],
  ['cancelled-run', 'no time', edit(sample.cancelled(), 11, { cancelled_at: null })],
  ['incomplete-run', 'no reason', edit(sample.tokenLimit(), 10, { incomplete_details: null })],
  ['one-step', 'a second step', put(plain(), 5, stepEvent('created', { id: 'step_9' }))],
  ['step-start', 'in_progress again', again(plain(), 4, 5)],
  ['step-start', 'no in_progress', drop(functionCall().with(8, sample.functionEnd('1')), 4, 4)],
  ['open-step', 'the end of another step', edit(plain(), 10, { id: 'step_9' })],
  ['open-step', 'in_progress without created', drop(plain(), 3)],
  ['step-again', 'an end again', again(plain(), 10, 11)],
  [
    'step-empty',
    'calls with the step',
    swap(
      functionCall(),
      3,
      event('thread.run.step.created', {
        ...(functionCall()[3]?.data as object),
        step_details: (sample.functionEnd(null).data as { step_details: object }).step_details,
      }),
    ),
  ],
  ['step-message', 'the message left open', drop(plain(), 9)],
  ['step-message', 'no message at all', drop(plain(), 5, 5)],
  [
    'step-message',
    'another message',
    edit(plain(), 10, {
      step_details: { type: 'message_creation', message_creation: { message_id: 'msg_9' } },
    }),
  ],
  ['step-usage', 'no usage', edit(plain(), 10, { usage: null })],
  ['step-times', 'a failed step without a reason', edit(sample.failure(), 9, { last_error: null })],
  [
    'step-times',
    'a cancelled step without a time',
    edit(sample.cancelled(), 10, { cancelled_at: null }),
  ],
  [
    'step-sum',
    'a piece of arguments is missing',
    drop(
      search()
        .with(5, functionCall()[5] as WireEvent)
        .with(6, sample.functionEnd('1')),
      99,
    ),
  ],
  ['step-sum', 'an output that was not streamed', drop(interpreter(), 9)],
  ['step-some', 'no call', drop(search(), 5).with(5, sample.toolsEnd([]))],
  [
    'output-filled',
    'the waiting step without outputs',
    swap(submitted(), 0, sample.functionEnd(null)),
    WAITED,
  ],
  [
    'output-filled',
    'a step without outputs, and on',
    put(functionCall(), 8, sample.functionEnd(null)),
  ],
  ['results-filled', 'a search without results', swap(search(), 6, sample.searchEnd(undefined))],
  ['step-delta-place', 'before the step is in progress', drop(functionCall(), 4)],
  ['step-delta-place', 'a delta of no step', edit(functionCall(), 5, { id: 'step_9' })],
  [
    'step-delta-alone',
    'an id in the delta',
    edit(functionCall(), 5, {
      delta: {
        id: 'step_2',
        step_details: { type: 'tool_calls', tool_calls: [sample.FUNCTION_FIRST] },
      },
    }),
  ],
  [
    'call-index',
    'an index that skips',
    swap(functionCall(), 5, sample.callDelta({ ...sample.FUNCTION_FIRST, index: 1 })),
  ],
  [
    'call-index',
    'calls interleaved',
    put(functionCall(), 6, sample.callDelta({ ...sample.FUNCTION_FIRST, index: 1, id: 'call_2' })),
  ],
  ['call-type', 'another type', swap(functionCall(), 6, sample.code({ input: 'x' }))],
  ['call-id', 'the id again', again(functionCall(), 5, 6)],
  [
    'call-id',
    'no id',
    swap(functionCall(), 5, sample.callDelta({ ...sample.FUNCTION_FIRST, id: undefined })),
  ],
  [
    'function-first',
    'no output',
    swap(
      functionCall(),
      5,
      sample.callDelta({ ...sample.FUNCTION_FIRST, function: { name: 'f', arguments: '' } }),
    ),
  ],
  [
    'function-first',
    'arguments at once',
    swap(
      functionCall(),
      5,
      sample.callDelta({
        ...sample.FUNCTION_FIRST,
        function: { name: 'f', arguments: '{', output: null },
      }),
    ),
  ],
  [
    'function-later',
    'the name again',
    swap(
      functionCall(),
      6,
      sample.callDelta({ index: 0, type: 'function', function: { name: 'f', arguments: '{"a"' } }),
    ),
  ],
  [
    'search-delta',
    'no results',
    swap(search(), 5, sample.callDelta({ ...sample.SEARCH, file_search: { results: [] } })),
  ],
  [
    'search-delta',
    'results in the delta',
    swap(
      search(),
      5,
      sample.callDelta({
        ...sample.SEARCH,
        file_search: {
          ...sample.SEARCH.file_search,
          results: [{ file_id: 'f', file_name: 'a', score: 1 }],
        },
      }),
    ),
  ],
  [
    'code-first',
    'input at once',
    swap(interpreter(), 5, sample.codeFirst({ input: 'print', outputs: [] })),
  ],
  ['code-first', 'no outputs', swap(interpreter(), 5, sample.codeFirst({ input: '' }))],
  [
    'code-later',
    'input and outputs',
    swap(interpreter(), 7, sample.code({ input: '(1+1)', outputs: [] })),
  ],
  ['code-order', 'input after an output', put(interpreter(), 9, sample.code({ input: 'x' }))],
  ['output-index', 'an output again', again(interpreter(), 8, 9)],
  ['one-message', 'a second message', again(plain(), 5, 7)],
  ['message-step', 'a message without a step', drop(plain(), 3, 2)],
  ['message-step', 'before the step is in progress', drop(plain(), 4)],
  ['message-step', 'a message in a tool step', put(functionCall(), 5, messageEvent('created'))],
  ['message-start', 'in_progress again', again(plain(), 6, 7)],
  ['message-start', 'no in_progress', drop(plain(), 6, 3)],
  ['open-message', 'the end of another', edit(plain(), 9, { id: 'msg_9' })],
  ['open-message', 'in_progress without created', drop(plain(), 5)],
  ['message-again', 'an end again', again(plain(), 9, 10)],
  [
    'message-empty',
    'content with the message',
    swap(plain(), 5, messageEvent('created', [text('Hel')])),
  ],
  ['message-sum', 'a delta is missing', drop(plain(), 8)],
  [
    'message-sum',
    'an annotation that was not streamed',
    swap(
      search(),
      12,
      sample.cited(
        [sample.citation({ start_index: 3 })].map((one) => ({
          ...one,
          file_citation: { file_id: 'file-9', quote: '' },
        })),
      ),
    ),
  ],
  ['message-part', 'no part', drop(plain(), 7, 2).with(7, messageEvent('completed'))],
  ['message-times', 'no completed_at', edit(plain(), 9, { completed_at: null })],
  ['message-times', 'no reason', edit(sample.failure(), 8, { incomplete_details: null })],
  [
    'reason-fits',
    'failed, and the step completes',
    edit(sample.tokenLimit(), 8, { incomplete_details: { reason: 'run_failed' } }),
  ],
  ['delta-open', 'before its message', drop(plain(), 5, 2)],
  ['delta-open', 'before the message is in progress', drop(plain(), 6)],
  ['delta-open', 'of another message', edit(plain(), 7, { id: 'msg_9' })],
  [
    'delta-alone',
    'the role',
    edit(plain(), 7, { delta: { role: 'assistant', content: [sample.FIRST] } }),
  ],
  [
    'no-null',
    'null in a message delta',
    swap(
      plain(),
      8,
      event('thread.message.delta', {
        id: 'msg_1',
        object: 'thread.message.delta',
        delta: { content: [{ ...sample.LATER, more: null }] },
      }),
    ),
  ],
  [
    'no-null',
    'null in a call',
    swap(functionCall(), 6, sample.callDelta({ ...sample.functionLater('{"a"'), more: null })),
  ],
  [
    'part-index',
    'an index that skips',
    swap(plain(), 8, messageDelta({ ...sample.LATER, index: 2 })),
  ],
  ['part-index', 'an earlier part again', put(interpreter(), 17, messageDelta(sample.IMAGE))],
  [
    'part-type',
    'another type',
    swap(plain(), 8, messageDelta({ index: 0, type: 'refusal', refusal: 'lo' })),
  ],
  ['text-first', 'no annotations', swap(plain(), 7, messageDelta({ ...sample.LATER }))],
  ['text-later', 'empty annotations again', swap(plain(), 8, messageDelta(sample.FIRST))],
  ['image-once', 'a picture again', again(interpreter(), 15, 16)],
  [
    'image-first',
    'a picture after text',
    put(plain(), 9, messageDelta({ ...sample.IMAGE, index: 1 })),
  ],
  [
    'annotation-index',
    'an index that skips',
    swap(search(), 12, sample.cited([sample.citation({ index: 1 })])),
  ],
  ['annotation-index', 'an annotation again', again(search(), 12, 13)],
  [
    'annotation-offsets',
    'counted from the delta',
    swap(search(), 12, sample.cited([sample.citation({ start_index: 0, end_index: 11 })])),
  ],
  [
    'annotation-whole',
    'more than the marker',
    swap(drop(search(), 11), 11, sample.cited([sample.citation()], 'Hel【4:0†a.txt】')),
  ],
  [
    'citation-marker',
    'no quote',
    swap(search(), 12, sample.cited([sample.citation({ file_citation: { file_id: 'file-1' } })])),
  ],
  [
    'citation-marker',
    'no marker',
    swap(search(), 12, sample.cited([sample.citation({ text: '[4:0]', end_index: 8 })], '[4:0]')),
  ],
  [
    'path-marker',
    'another folder',
    swap(
      interpreter(),
      16,
      sample.pathDelta(
        sample.filePath({ text: 'sandbox:/tmp/x', end_index: 14 }),
        'sandbox:/tmp/x',
      ),
    ),
  ],
]
