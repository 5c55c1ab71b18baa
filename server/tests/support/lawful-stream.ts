import assert from 'node:assert/strict'
import type { MessageDelta, MessageObject } from '@melzi/contract/message.ts'
import type { RunStepDelta, RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { StreamEvent } from '@melzi/contract/stream-event.ts'
import type { WireEvent } from './sse.ts'

/**
 * Says whether a finished stream keeps the rules of behaviour.md 10 to 13: what SDK helpers need so that they neither throw nor double
 * anything. The order of a particular flow is the business of its test.
 */

const END_STATES = ['completed', 'incomplete', 'failed', 'cancelled', 'expired']
const STEP_ENDS = ['completed', 'failed', 'cancelled', 'expired']

interface OpenPart {
  type: string
  text: string
}

interface OpenCall {
  type: string
  id: string
  name: string
  arguments: string
}

export interface StreamContext {
  /** The tool step that waited for the outputs this stream was opened with. */
  waitingStepId?: string
}

/** @throws AssertionError naming the broken rule and the event's position */
export const assertLawfulStream = (
  events: readonly WireEvent[],
  { waitingStepId }: StreamContext = {},
): void => {
  const law = new StreamLaw(waitingStepId)
  for (const [at, { event, data, raw }] of events.entries()) {
    const parsed = StreamEvent.safeParse({ event, data })
    assert.ok(parsed.success, `event ${at} ${event}: ${parsed.error?.message} in ${raw}`)
    try {
      law.take(parsed.data, data)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new assert.AssertionError({ message: `event ${at} ${event}: ${reason}\n${raw}` })
    }
  }
  law.end()
}

class StreamLaw {
  private step: { id: string; type: string; calls: OpenCall[] } | null = null
  private message: { id: string; parts: OpenPart[] } | null = null
  private ended = new Set<string>()
  private stepTokens = 0
  private runEnd: string | null = null
  private done = false

  constructor(waitingStepId: string | undefined) {
    if (waitingStepId !== undefined) this.step = { id: waitingStepId, type: 'waiting', calls: [] }
  }

  take(event: StreamEvent, raw: unknown): void {
    assert.ok(!this.done, 'nothing comes after done')
    switch (event.event) {
      case 'done':
        assert.notEqual(this.runEnd, null, 'done comes after the run has stopped')
        this.done = true
        return
      case 'error':
        assert.fail('an error event')
        return
      case 'thread.created':
        return
      case 'thread.run.step.delta':
        return this.stepDelta(event.data, raw)
      case 'thread.message.delta':
        return this.messageDelta(event.data, raw)
      case 'thread.run.step.created':
      case 'thread.run.step.in_progress':
      case 'thread.run.step.completed':
      case 'thread.run.step.failed':
      case 'thread.run.step.cancelled':
      case 'thread.run.step.expired':
        return this.takeStep(event.event.slice('thread.run.step.'.length), event.data)
      case 'thread.message.created':
      case 'thread.message.in_progress':
      case 'thread.message.completed':
      case 'thread.message.incomplete':
        return this.takeMessage(event.event.slice('thread.message.'.length), event.data)
      default:
        return this.takeRun(event.event.slice('thread.run.'.length), event.data)
    }
  }

  end(): void {
    assert.ok(this.done, 'the stream ends with done')
  }

  private takeRun(name: string, run: RunObject): void {
    assert.equal(this.runEnd, null, 'no run event after the one that stops the stream')
    assert.equal(run.status, name === 'created' ? 'queued' : name, 'the status matches the event')
    if (name === 'requires_action') {
      assert.ok((run.required_action?.submit_tool_outputs.tool_calls.length ?? 0) > 0)
      assert.equal(this.step?.type, 'tool_calls', 'a tool step is open')
      assert.equal(run.usage, null, 'usage is null while the client is awaited')
      this.runEnd = name
    } else if (END_STATES.includes(name)) {
      assert.equal(this.step, null, 'no step is open when the run ends')
      assert.equal(this.message, null, 'no message is open when the run ends')
      assert.equal(run.expires_at, null, 'an ended run has no expiry')
      if (name === 'failed') assert.ok(run.last_error, 'a failed run says why')
      if (name === 'completed') {
        assert.ok(run.completed_at && run.usage, 'completed_at and usage')
        assert.ok((run.usage?.total_tokens ?? 0) >= this.stepTokens, 'usage sums the steps')
      }
      this.runEnd = name
    }
  }

  private takeStep(name: string, step: RunStepObject): void {
    const isEnd = STEP_ENDS.includes(name)
    assert.equal(step.status, isEnd ? name : 'in_progress', 'the status matches the event')
    assert.ok(!this.ended.has(step.id), 'no step event after its end')
    if (name === 'created') {
      assert.equal(this.step, null, 'one open step at a time')
      this.step = { id: step.id, type: step.type, calls: [] }
    }
    assert.equal(this.step?.id, step.id, 'the step is the open one')
    const details = step.step_details
    if (!isEnd) {
      if (details.type === 'tool_calls')
        assert.deepEqual(details.tool_calls, [], 'calls come by deltas, not with the step')
      return
    }
    assert.equal(this.message, null, "the message ends before its step's end")
    if (name === 'completed') {
      assert.ok(step.usage, 'a completed step carries usage')
      this.stepTokens += step.usage?.total_tokens ?? 0
    }
    if (details.type === 'tool_calls' && this.step?.type === 'tool_calls') {
      const final = details.tool_calls.map((call) =>
        call.type === 'function'
          ? {
              type: call.type,
              id: call.id,
              name: call.function.name,
              arguments: call.function.arguments,
            }
          : { type: call.type, id: call.id, name: '', arguments: '' },
      )
      assert.deepEqual(final, this.step.calls, 'the deltas add up to the calls of the ended step')
    }
    this.step = null
    this.ended.add(step.id)
  }

  private takeMessage(name: string, message: MessageObject): void {
    const isEnd = name === 'completed' || name === 'incomplete'
    assert.equal(message.status, isEnd ? name : 'in_progress', 'the status matches the event')
    assert.ok(!this.ended.has(message.id), 'no message event after its end')
    if (name === 'created') {
      assert.equal(this.message, null, 'one open message at a time')
      assert.equal(this.step?.type, 'message_creation', 'a message comes inside its step')
      this.message = { id: message.id, parts: [] }
    }
    const open = this.message
    assert.equal(open?.id, message.id, 'the message is the open one')
    if (!isEnd) {
      assert.deepEqual(message.content, [], 'content comes by deltas')
      return
    }
    const final = message.content.map((part) => ({
      type: part.type,
      text: part.type === 'text' ? part.text.value : part.type === 'refusal' ? part.refusal : '',
    }))
    assert.deepEqual(final, open?.parts, 'the deltas add up to the message')
    if (name === 'completed') {
      assert.ok(final.length > 0, 'a completed message has a part')
      assert.ok(message.completed_at, 'completed_at')
    } else {
      assert.ok(message.incomplete_at && message.incomplete_details, 'incomplete: when and why')
    }
    this.message = null
    this.ended.add(message.id)
  }

  private messageDelta(event: MessageDelta, raw: unknown): void {
    const open = this.message
    assert.equal(open?.id, event.id, 'the delta is of the open message')
    if (open === null) return
    const delta = (raw as { delta: Record<string, unknown> }).delta
    assert.deepEqual(Object.keys(delta), ['content'], 'a message delta carries content alone')
    assert.doesNotMatch(JSON.stringify(delta), /:null/, 'null is never sent for "unchanged"')
    for (const part of event.delta.content ?? []) {
      const first: boolean = part.index === open.parts.length
      assert.ok(
        first || part.index === open.parts.length - 1,
        `part indexes are dense and rising (${part.index} after ${open.parts.length} parts)`,
      )
      const at: OpenPart = (open.parts[part.index] ??= { type: part.type, text: '' })
      assert.equal(at.type, part.type, 'a part keeps its type')
      if (part.type === 'text') {
        if (first) assert.ok(part.text?.annotations, 'the first text delta has annotations')
        else if (part.text?.annotations !== undefined)
          assert.ok(part.text.annotations.length > 0, 'no empty annotations later on')
        at.text += part.text?.value ?? ''
      } else if (part.type === 'refusal') at.text += part.refusal ?? ''
      else assert.ok(first, 'a picture comes in one delta')
    }
  }

  private stepDelta(event: RunStepDelta, raw: unknown): void {
    const open = this.step
    assert.equal(open?.id, event.id, 'the delta is of the open step')
    assert.equal(open?.type, 'tool_calls', 'only tool steps have deltas')
    if (open === null) return
    const delta = (raw as { delta: Record<string, unknown> }).delta
    assert.deepEqual(Object.keys(delta), ['step_details'], 'a step delta carries details alone')
    const details = event.delta.step_details
    const calls = details?.type === 'tool_calls' ? (details.tool_calls ?? []) : []
    const rawCalls = (delta as { step_details: { tool_calls: Record<string, unknown>[] } })
      .step_details.tool_calls
    for (const [i, call] of calls.entries()) {
      const first: boolean = call.index === open.calls.length
      assert.ok(
        first || call.index === open.calls.length - 1,
        `call indexes are dense and rising, one call after the other (${call.index})`,
      )
      const rawCall = rawCalls[i] ?? {}
      assert.equal('id' in rawCall, first, 'the id is sent once, first')
      const at: OpenCall = (open.calls[call.index] ??= {
        type: call.type,
        id: call.id ?? '',
        name: '',
        arguments: '',
      })
      if (call.type !== 'function') continue
      const rawFunction = rawCall['function'] as Record<string, unknown>
      assert.equal('name' in rawFunction, first, 'the name is sent once, first')
      assert.equal('output' in rawFunction, first, 'output is null in the first delta only')
      if (first) assert.equal(rawFunction['output'], null)
      at.name += call.function?.name ?? ''
      at.arguments += call.function?.arguments ?? ''
    }
  }
}
