import assert from 'node:assert/strict'

/** What behaviour.md 10 to 13 asks of a stream, each rule by its name. Judges say which one is broken. */
export const STREAM_RULES = {
  // 10: bytes
  'content-type': 'the answer is text/event-stream; charset=utf-8',
  'utf-8': 'the bytes are UTF-8 without a byte order mark',
  lf: 'lines end with LF',
  'event-line':
    'an event has one event line and one data line, each with one space after the colon',
  'no-id': 'no id line',
  'no-retry': 'no retry line',
  'blank-line': 'every event ends with a blank line',
  json: 'the data is one line of JSON, or exactly [DONE]',
  unescaped: 'text above ASCII is sent as it is, not as \\u escapes',
  'done-exactly': 'the last data is exactly [DONE], under the event name done',
  // 10, 11: the stream as a whole
  schema: 'every event is as published',
  'ends-with-done': 'the stream ends with done',
  'done-after-stop': 'done comes after the run has stopped',
  'nothing-after-done': 'nothing comes after done',
  'error-wrapped': 'the data of an error event is wrapped, with all four keys',
  'nothing-after-error': 'nothing comes after an error event',
  'no-error': 'no error event in a stream that is expected to be whole',
  'thread-first': 'thread.created comes first and only when the request made the thread',
  'run-first': 'a new run begins with run.created, run.queued',
  'submit-first': 'a submit stream begins with the completed step that had waited, then run.queued',
  'one-run': 'every event is of one run and one thread',
  'run-order': 'the status moves as the table of states allows, each said once',
  status: 'the status inside matches the event',
  'stop-is-last': 'no event but done after the one that stops the stream',
  'work-in-progress': 'steps and messages come while the run is in progress',
  // 8, 11: what run events carry
  'action-open-step': 'the tool step stays open when the client is asked to act',
  'action-calls': 'required_action holds the function calls as they were streamed',
  'action-usage': 'usage is null while the client is awaited',
  'end-closes': 'no step and no message is open when the run ends',
  'end-expiry': 'a completed, incomplete or failed run has no expiry',
  'completed-run': 'a completed run has completed_at and usage',
  'usage-sum': 'the usage of a run is the sum of its steps',
  'failed-run': 'a failed run has last_error and failed_at',
  'cancelled-run': 'a cancelled run has cancelled_at',
  'incomplete-run': 'an incomplete run has completed_at and says why',
  // 11, 13: steps
  'one-step': 'one open step at a time',
  'step-start': 'a step begins with step.created, then step.in_progress, each once',
  'open-step': 'a step event is of the open step',
  'step-again': 'no step event after its end',
  'step-empty': 'tool calls come by deltas, not with the step',
  'step-message': 'a message step ends after its one message, and names it',
  'step-usage': 'a completed step carries usage and completed_at',
  'step-times': 'a step that did not complete says when, and a failed one why',
  'step-sum': 'the deltas add up to the calls of the ended step',
  'step-some': 'a completed tool step has a call',
  'output-filled':
    'a completed tool step carries the outputs of its functions, but where a token limit cut it',
  'results-filled': 'a completed search carries its results',
  // 12, 13: step deltas
  'step-delta-place': 'a step delta is of the open tool step, after step.in_progress',
  'step-delta-alone': 'a step delta carries step_details alone',
  'call-index': 'call indexes are dense and rising, one call after the other',
  'call-type': 'a call keeps its type',
  'call-id': 'the id of a call is sent once, first',
  'function-first': 'the first delta of a function call has name, empty arguments and output null',
  'function-later': 'a later delta of a function call has arguments alone',
  'search-delta': 'a file search is one delta with ranking_options and results []',
  'code-first': 'the first delta of a code interpreter call has input "" and outputs []',
  'code-later':
    'a later delta of a code interpreter call has a piece of input, or outputs, not both',
  'code-order': 'no input after the first output',
  'output-index': 'output indexes are dense and rising, one delta per output',
  // 11, 13: messages
  'one-message': 'one open message at a time',
  'message-step': 'a message comes inside its own step, after step.in_progress',
  'message-start': 'a message begins with message.created, then message.in_progress, each once',
  'open-message': 'a message event is of the open message',
  'message-again': 'no message event after its end',
  'message-empty': 'content comes by deltas, not with the message',
  'message-sum': 'the deltas add up to the message',
  'message-part': 'a completed message has a part',
  'message-times': 'a completed message says when; an incomplete one when and why',
  'reason-fits': 'why a message is incomplete fits how its step ends',
  // 12, 13: message deltas
  'delta-open': 'a message delta is of the open message, after message.in_progress',
  'delta-alone': 'a message delta carries content alone',
  'no-null': 'null is never sent for "unchanged"',
  'part-index': 'part indexes are dense and rising',
  'part-type': 'a part keeps its type',
  'text-first': 'the first text delta has annotations',
  'text-later': 'a later text delta has annotations only where it brings some',
  'image-once': 'a picture comes in one delta, with its file',
  'image-first': 'picture parts come before text',
  'annotation-index': 'annotation indexes are dense and rising, each sent once',
  'annotation-offsets':
    'the offsets of an annotation cover its text in the whole part, end exclusive',
  'annotation-whole': 'the delta that brings an annotation holds its whole text',
  'citation-marker': 'a citation has a marker, its file, and an empty quote',
  'path-marker': "a file path's text is below sandbox:/mnt/data/, and it names the file",
} as const

export type StreamRule = keyof typeof STREAM_RULES

export class BrokenStreamRule extends assert.AssertionError {
  readonly rule: StreamRule
  readonly detail: string

  constructor(rule: StreamRule, detail = '') {
    super({ message: `${STREAM_RULES[rule]} (${rule})${detail === '' ? '' : `: ${detail}`}` })
    this.rule = rule
    this.detail = detail
  }
}

/** @throws BrokenStreamRule when the condition does not hold */
export function hold(rule: StreamRule, condition: unknown, detail = ''): asserts condition {
  if (!condition) throw new BrokenStreamRule(rule, detail)
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export const same = (a: unknown, b: unknown): boolean => {
  try {
    assert.deepEqual(a, b)
    return true
  } catch (error) {
    if (error instanceof assert.AssertionError) return false
    throw error
  }
}
