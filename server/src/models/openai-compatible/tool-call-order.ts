import { newId } from '../../platform/ids.ts'
import type { ModelPart } from '../language-model.ts'

/** One piece of a tool call as servers send it; every field may be missing. */
export interface ToolCallDelta {
  index?: number | null
  id?: string | null
  function?: { name?: string | null; arguments?: unknown } | null
}

interface Call {
  index: number | null
  id: string | null
  name: string
  arguments: string
  /** Characters of the arguments already passed on. */
  passed: number
  isOpen: boolean
}

const isWholeJson = (text: string): boolean => {
  if (!text.trimEnd().endsWith('}')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    // A brace inside an unfinished text: more will follow.
    return false
  }
}

const argumentText = (value: unknown): string => {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Short ones such as `call_0` come again every turn, so they are no ids. */
const LASTING_ID = /^call_[A-Za-z0-9_-]{8,}$/

/**
 * Puts the pieces of tool calls in the order the run needs (behaviour.md 12): a call's arguments are finished before the next call is
 * opened. A later call waits until the arguments before it are whole JSON, or until the end. Makes ids where they are missing,
 * repeated or not lasting, and gives a call without arguments `{}`.
 * @param usedIds ids of earlier calls of the conversation, which must not come again
 * @param onlyFirst drops every call after the first: for servers that do not know `parallel_tool_calls: false`
 */
export const createToolCallOrder = (usedIds: ReadonlySet<string>, onlyFirst: boolean) => {
  const calls: Call[] = []
  const given = new Set(usedIds)
  let current = 0

  const idFor = (call: Call): string => {
    const isUsable = call.id !== null && LASTING_ID.test(call.id) && !given.has(call.id)
    const id = isUsable && call.id !== null ? call.id : newId('call_')
    given.add(id)
    return id
  }

  const isNewBeside = (call: Call, delta: ToolCallDelta): boolean => {
    const name = delta.function?.name ?? ''
    if (name === '') return false
    const isOtherId =
      typeof delta.id === 'string' && delta.id !== '' && call.id !== null && delta.id !== call.id
    const isOther = isOtherId || typeof delta.index !== 'number'
    const isOtherName = call.name !== '' && call.name !== name
    // Some servers repeat the name, and even make a new id, with every piece: only whole arguments end the call then.
    return (isOther && isOtherName) || ((isOther || isOtherName) && isWholeJson(call.arguments))
  }

  const callFor = (delta: ToolCallDelta): Call => {
    const byIndex =
      typeof delta.index === 'number'
        ? calls.findLast((call) => call.index === delta.index)
        : undefined
    const byId =
      typeof delta.id === 'string' && delta.id !== ''
        ? calls.find((call) => call.id === delta.id)
        : undefined
    const known = typeof delta.index === 'number' ? byIndex : (byId ?? calls.at(-1))
    if (known !== undefined && !isNewBeside(known, delta)) return known
    const made: Call = {
      index: delta.index ?? null,
      id: null,
      name: '',
      arguments: '',
      passed: 0,
      isOpen: false,
    }
    calls.push(made)
    return made
  }

  const passOn = (call: Call, out: ModelPart[]): void => {
    if (!call.isOpen)
      out.push({ type: 'tool-call', index: current, id: idFor(call), name: call.name })
    call.isOpen = true
    if (call.arguments.length > call.passed) {
      out.push({ type: 'tool-arguments', index: current, delta: call.arguments.slice(call.passed) })
      call.passed = call.arguments.length
    }
  }

  return {
    /** Calls seen so far. */
    get count() {
      return calls.length
    },
    read: (delta: ToolCallDelta, out: ModelPart[]): void => {
      const call = callFor(delta)
      if (typeof delta.id === 'string' && delta.id !== '') call.id ??= delta.id
      if (call.name === '') call.name = delta.function?.name ?? ''
      call.arguments += argumentText(delta.function?.arguments)
      for (;;) {
        const open = calls[current]
        if (open === undefined || open.name === '') return
        passOn(open, out)
        if (onlyFirst || current + 1 >= calls.length || !isWholeJson(open.arguments)) return
        current += 1
      }
    },
    /**
     * What is still held back, at the end of the answer.
     * @throws {TypeError} when a call never got a name
     */
    end: (out: ModelPart[]): void => {
      for (; current < (onlyFirst ? Math.min(1, calls.length) : calls.length); current += 1) {
        const call = calls[current]
        if (call === undefined) return
        if (call.name === '') throw new TypeError('A tool call has no name.')
        passOn(call, out)
        if (call.arguments.trim() === '')
          out.push({ type: 'tool-arguments', index: current, delta: '{}' })
      }
    },
  }
}
