import type { RankingOptions } from '@melzi/contract/tool.ts'
import { kindOfCall, type BuiltInType } from './built-in-tools.ts'
import { CodeReader } from './code-reader.ts'
import type { RunJournal } from './run-journal.ts'
import type { StoredCall } from './run-record.ts'

/** In which form calls are kept and said. */
export interface CallForms {
  names: ReadonlyMap<BuiltInType, string>
  /** Shown with each file_search call; where the client left it out, the default (behaviour.md 12). */
  rankingOptions: RankingOptions
}

/**
 * A call of a tool while the model writes it. The first delta stands when it is made; `id`, `name` and `ranking_options` stand in no other
 * (behaviour.md 13).
 */
export class GrowingCall {
  readonly id: string
  readonly #journal: RunJournal | null
  readonly #index: number
  readonly #empty: StoredCall
  readonly #pieces: string[] = []
  readonly #code: CodeReader | null
  #source = ''
  #isComplete = false

  /** @param isSaid false: nothing is said of it before an earlier call has its outputs, see {@link sayCall} */
  constructor(
    journal: RunJournal,
    empty: StoredCall,
    { index, isSaid }: { index: number; isSaid: boolean },
  ) {
    this.id = empty.id
    this.#journal = isSaid ? journal : null
    this.#index = index
    this.#empty = empty
    this.#code = this.#empty.type === 'code_interpreter' ? new CodeReader() : null
    this.#journal?.openCall(index, this.#empty)
  }

  get argumentsText(): string {
    return this.#pieces.join('')
  }

  add(delta: string): void {
    this.#pieces.push(delta)
    if (this.#code !== null) this.#addSource(this.#code.read(delta))
    else if (this.#empty.type === 'function') this.#journal?.sayArguments(this.#index, delta)
  }

  /**
   * The arguments are whole. A call without any has `{}`, also on the stream: the deltas must add up to the call (behaviour.md 9, 13).
   */
  complete(): void {
    if (this.#isComplete) return
    this.#isComplete = true
    if (this.#code !== null) this.#addSource(this.#code.end().rest)
    else if (this.#pieces.length === 0) this.add('{}')
  }

  /** The call as it is kept, without an output. */
  get stored(): StoredCall {
    const call = this.#empty
    if (call.type === 'code_interpreter') {
      return { ...call, code_interpreter: { input: this.#source, outputs: [] } }
    }
    if (call.type === 'file_search') return { ...call, arguments: this.argumentsText }
    return { ...call, function: { ...call.function, arguments: this.argumentsText } }
  }

  #addSource(piece: string): void {
    if (piece === '') return
    this.#source += piece
    this.#journal?.sayInput(this.#index, piece)
  }
}

/**
 * Says a call whole that nothing was said of while the model wrote it: after a call of Python the next one waits for its outputs, since
 * SDKs take a call for done when the next one begins (behaviour.md 13).
 */
export const sayCall = (journal: RunJournal, index: number, call: StoredCall): void => {
  if (call.type === 'function') {
    journal.openCall(index, {
      ...call,
      function: { ...call.function, arguments: '', output: null },
    })
    journal.sayArguments(index, call.function.arguments)
  } else if (call.type === 'code_interpreter') {
    journal.openCall(index, { ...call, code_interpreter: { input: '', outputs: [] } })
    if (call.code_interpreter.input !== '') journal.sayInput(index, call.code_interpreter.input)
  } else {
    journal.openCall(index, { ...call, file_search: { ...call.file_search, results: [] } })
  }
}

export const emptyCall = (forms: CallForms, id: string, name: string): StoredCall => {
  const type = kindOfCall(forms.names, name)
  if (type === 'function') return { id, type, function: { name, arguments: '', output: null } }
  if (type === 'code_interpreter') {
    return { id, type, code_interpreter: { input: '', outputs: [] }, output: null, files: [] }
  }
  return {
    id,
    type,
    file_search: { ranking_options: forms.rankingOptions, results: [] },
    arguments: '',
    retrieval: null,
  }
}
