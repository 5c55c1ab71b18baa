import type {
  RunStepDelta,
  RunStepObject,
  ToolCall,
  ToolCallDelta,
} from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import { hold, same } from './stream-rules.ts'

/** One step of a stream, from step.created to its end: the rules of behaviour.md 11 to 13 that hold inside it. */

type StepEnd = 'completed' | 'failed' | 'cancelled' | 'expired'
export const isStepEnd = (name: string): name is StepEnd =>
  ['completed', 'failed', 'cancelled', 'expired'].includes(name)

interface FunctionSoFar {
  type: 'function'
  id: string
  name: string
  arguments: string
}
interface CodeSoFar {
  type: 'code_interpreter'
  id: string
  input: string
  outputs: object[]
}
type CallSoFar = FunctionSoFar | CodeSoFar | { type: 'file_search'; id: string }
type Deltas<T extends ToolCallDelta['type']> = Extract<ToolCallDelta, { type: T }>

/** What a call says, in the form the deltas are summed up in. */
const finalCall = (call: ToolCall): CallSoFar => {
  switch (call.type) {
    case 'function': {
      const { name, arguments: args } = call.function
      return { type: 'function', id: call.id, name, arguments: args }
    }
    case 'code_interpreter':
      return { type: 'code_interpreter', id: call.id, ...call.code_interpreter }
    case 'file_search':
      return { type: 'file_search', id: call.id }
  }
}

export class OpenStep {
  readonly id: string
  readonly type: RunStepObject['type']
  /** Whether it was open before this stream, waiting for the client's outputs. */
  readonly #waited: boolean
  readonly #messageId: string | null
  #begun = false
  #messageEnd: string | null = null
  readonly #calls: CallSoFar[] = []

  constructor(step: RunStepObject, { waited = false } = {}) {
    this.id = step.id
    this.type = step.type
    this.#waited = waited
    const details = step.step_details
    this.#messageId =
      details.type === 'message_creation' ? details.message_creation.message_id : null
    if (!waited) this.#mustBeEmpty(step)
  }

  begin(step: RunStepObject): void {
    hold('step-start', !this.#begun && !this.#waited, 'step.in_progress again')
    this.#mustBeEmpty(step)
    this.#begun = true
  }

  /** A message opens inside this step. */
  holdMessage(messageId: string): void {
    hold(
      'message-step',
      this.#begun && this.#messageEnd === null && this.#messageId === messageId,
      `${messageId} in a step of ${this.#messageId}`,
    )
  }

  /** The message of this step ended. @param why 'completed', or the reason of an incomplete one */
  messageEnded(why: string): void {
    this.#messageEnd = why
  }

  /** The calls the client is asked for are ones this step streamed. */
  holdAction(run: RunObject): void {
    const asked = run.required_action?.submit_tool_outputs.tool_calls ?? []
    const streamed = asked.map(({ id }) =>
      this.#calls.find((call) => call.type === 'function' && call.id === id),
    )
    const wanted = asked.map((call) => ({ type: call.type, id: call.id, ...call.function }))
    hold('action-calls', asked.length > 0 && same(wanted, streamed), JSON.stringify(wanted))
  }

  /** @returns the id of a call that has no output although the step completed: a limit must have cut it; null when there is none */
  end(step: RunStepObject, name: StepEnd): string | null {
    hold('step-start', this.#begun || this.#waited, 'no step.in_progress')
    if (name === 'completed') hold('step-usage', step.usage && step.completed_at)
    else if (name === 'failed') hold('step-times', step.failed_at && step.last_error)
    else if (name === 'cancelled') hold('step-times', step.cancelled_at)
    if (step.step_details.type === 'tool_calls')
      return this.#endTools(step.step_details.tool_calls, name)
    this.#endMessage(step.step_details.message_creation.message_id, name)
    return null
  }

  /** @param raw the event's data as it came */
  delta(event: RunStepDelta, raw: unknown): void {
    hold('step-delta-place', this.#begun && this.type === 'tool_calls')
    const { delta } = raw as { delta: Record<string, unknown> }
    hold('step-delta-alone', same(Object.keys(delta), ['step_details']), Object.keys(delta).join())
    const details = delta['step_details'] as { tool_calls: Record<string, object>[] }
    for (const [i, call] of event.delta.step_details.tool_calls.entries())
      this.#call(call, details.tool_calls[i] ?? {})
  }

  #mustBeEmpty({ step_details: details }: RunStepObject): void {
    hold('step-empty', details.type !== 'tool_calls' || details.tool_calls.length === 0)
  }

  #endMessage(messageId: string, name: StepEnd): void {
    hold('step-message', messageId === this.#messageId, 'it names another message')
    hold('step-message', name !== 'completed' || this.#messageEnd !== null, 'no message came')
    if (this.#messageEnd === null) return
    const fits: Record<string, StepEnd> = {
      completed: 'completed',
      max_tokens: 'completed',
      content_filter: 'completed',
      run_failed: 'failed',
      run_cancelled: 'cancelled',
      run_expired: 'expired',
    }
    hold('reason-fits', fits[this.#messageEnd] === name, `${this.#messageEnd} and ${name}`)
  }

  #endTools(calls: readonly ToolCall[], name: StepEnd): string | null {
    if (!this.#waited) {
      const final = calls.map(finalCall)
      hold(
        'step-sum',
        same(final, this.#calls),
        `${JSON.stringify(final)} and ${JSON.stringify(this.#calls)}`,
      )
    }
    if (name !== 'completed') return null
    hold('step-some', calls.length > 0)
    for (const call of calls)
      if (call.type === 'file_search') hold('results-filled', call.file_search.results, call.id)
    const empty = calls.find((call) => call.type === 'function' && call.function.output === null)
    hold('output-filled', empty === undefined || !this.#waited, empty?.id)
    return empty?.id ?? null
  }

  #call(call: ToolCallDelta, raw: Record<string, object>): void {
    const first = call.index === this.#calls.length
    hold('call-index', first || call.index === this.#calls.length - 1, `${call.index}`)
    const before = this.#calls[call.index]
    hold('call-type', before === undefined || before.type === call.type)
    hold('call-id', (raw['id'] !== undefined) === first && call.id !== '')
    // the one null of a delta is the output of a function's first
    hold('no-null', !JSON.stringify(raw).replace('"output":null', '').includes(':null'))
    const keys = Object.keys(raw[call.type] ?? {}).toSorted()
    const id = call.id ?? ''
    switch (call.type) {
      case 'function':
        return this.#function(call, before as FunctionSoFar | undefined, keys, id)
      case 'code_interpreter':
        return this.#code(call, before as CodeSoFar | undefined, keys, id)
      case 'file_search':
        hold(
          'search-delta',
          first &&
            same(keys, ['ranking_options', 'results']) &&
            call.file_search.results?.length === 0,
          keys.join(),
        )
        this.#calls.push({ type: 'file_search', id })
    }
  }

  #function(
    { function: piece }: Deltas<'function'>,
    before: FunctionSoFar | undefined,
    keys: string[],
    id: string,
  ): void {
    if (before === undefined) {
      hold('function-first', same(keys, ['arguments', 'name', 'output']), keys.join())
      hold('function-first', piece.arguments === '' && piece.name && piece.output === null)
      this.#calls.push({ type: 'function', id, name: piece.name, arguments: '' })
      return
    }
    hold('function-later', same(keys, ['arguments']), keys.join())
    before.arguments += piece.arguments ?? ''
  }

  #code(
    { code_interpreter: piece }: Deltas<'code_interpreter'>,
    before: CodeSoFar | undefined,
    keys: string[],
    id: string,
  ): void {
    if (before === undefined) {
      hold('code-first', piece.input === '' && piece.outputs?.length === 0, keys.join())
      this.#calls.push({ type: 'code_interpreter', id, input: '', outputs: [] })
      return
    }
    hold('code-later', same(keys, ['input']) || same(keys, ['outputs']), keys.join())
    if (piece.input !== undefined) {
      hold('code-order', before.outputs.length === 0)
      before.input += piece.input
    }
    for (const { index, ...output } of piece.outputs ?? []) {
      hold('output-index', index === before.outputs.length, `${index}`)
      before.outputs.push(output)
    }
  }
}
