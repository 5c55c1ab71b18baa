/** One answer of the scripted model, and how it looks on the chat completions wire. */
interface ScriptedToolCall {
  name: string
  /** JSON text, or a value that becomes it. */
  arguments: unknown
  /** Into how many pieces the arguments are cut; 3 unless told. */
  pieces?: number
  /** Set to null to leave the id out, as some servers do. */
  id?: string | null
}

export interface ScriptedUsage {
  prompt_tokens: number
  completion_tokens: number
  cached_tokens?: number
  reasoning_tokens?: number
}

/** An answer in chat completions form; text first, then refusal, then tool calls. */
export interface ScriptedAnswer {
  text?: string | readonly string[]
  refusal?: string | readonly string[]
  toolCalls?: readonly ScriptedToolCall[]
  /** Default: `tool_calls` when there are some, else `stop`. */
  finishReason?: string
  /** Default: 10 + 5 tokens; null sends none. */
  usage?: ScriptedUsage | null
  /** Pause before each content chunk, in ms. */
  delayMs?: number
  /** Pause before the first byte of the head, in ms. */
  firstDelayMs?: number
  /** After this many content chunks nothing more comes and the connection stays open until the client goes. */
  hangAfter?: number
  /** After this many content chunks the connection is cut. */
  cutAfter?: number
}

/** An HTTP failure (or any other whole answer). */
export interface ScriptedFailure {
  status: number
  headers?: Record<string, string>
  /** Text as it is, any other value as JSON. */
  body?: unknown
  firstDelayMs?: number
}

/** Bytes of an event stream as given, piece by piece; for deviations no answer above can express. */
export interface ScriptedRaw {
  raw: string | readonly (string | Uint8Array)[]
  contentType?: string
  delayMs?: number
  firstDelayMs?: number
  hangAfter?: number
  cutAfter?: number
}

export type ScriptedTurn = ScriptedAnswer | ScriptedFailure | ScriptedRaw

export interface ChunkHead {
  id: string
  created: number
  model: string
}

const pieces = (text: string | readonly string[] | undefined): readonly string[] =>
  text === undefined ? [] : typeof text === 'string' ? [text] : text

const callArguments = (call: ScriptedToolCall): string =>
  typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments ?? {})

const cut = (text: string, count: number): string[] => {
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, count)))
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  )
}

let calls = 0
const callId = (call: ScriptedToolCall): string | null => {
  if (call.id !== undefined) return call.id
  calls += 1
  return `call_scripted${String(calls).padStart(16, '0')}`
}

const usageBody = (usage: ScriptedUsage) => ({
  prompt_tokens: usage.prompt_tokens,
  completion_tokens: usage.completion_tokens,
  total_tokens: usage.prompt_tokens + usage.completion_tokens,
  prompt_tokens_details: { cached_tokens: usage.cached_tokens ?? 0 },
  completion_tokens_details: { reasoning_tokens: usage.reasoning_tokens ?? 0 },
})

const usageOf = (answer: ScriptedAnswer): ScriptedUsage | null =>
  answer.usage === undefined ? { prompt_tokens: 10, completion_tokens: 5 } : answer.usage

const finishOf = (answer: ScriptedAnswer): string =>
  answer.finishReason ?? ((answer.toolCalls?.length ?? 0) > 0 ? 'tool_calls' : 'stop')

const callDeltas = (call: ScriptedToolCall, index: number): object[] => {
  const id = callId(call)
  const head = {
    index,
    ...(id === null ? {} : { id }),
    type: 'function',
    function: { name: call.name, arguments: '' },
  }
  const rest = cut(callArguments(call), call.pieces ?? 3).map((piece) => ({
    index,
    function: { arguments: piece },
  }))
  return [head, ...rest].map((part) => ({ tool_calls: [part] }))
}

/**
 * The JSON of a streamed answer's chunks, in three parts: the role chunk, the content chunks (what `hangAfter` and `cutAfter`
 * count), and the end with finish reason and, where the client asked for it, usage.
 */
export const answerChunks = (answer: ScriptedAnswer, head: ChunkHead, includeUsage: boolean) => {
  const chunk = (choices: object[], rest: object = {}) =>
    JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...rest })
  const delta = (value: object) =>
    chunk([{ index: 0, delta: value, logprobs: null, finish_reason: null }])
  const content = [
    ...pieces(answer.text).map((text) => delta({ content: text })),
    ...pieces(answer.refusal).map((text) => delta({ refusal: text })),
    ...(answer.toolCalls ?? []).flatMap(callDeltas).map(delta),
  ]
  const end = [chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: finishOf(answer) }])]
  const usage = usageOf(answer)
  if (includeUsage && usage !== null) end.push(chunk([], { usage: usageBody(usage) }))
  return { role: delta({ role: 'assistant', content: '' }), content, end }
}

/** The body of an answer that is not streamed. */
export const answerBody = (answer: ScriptedAnswer, head: ChunkHead): object => {
  const toolCalls = (answer.toolCalls ?? []).map((call) => ({
    id: callId(call),
    type: 'function',
    function: { name: call.name, arguments: callArguments(call) },
  }))
  const usage = usageOf(answer)
  const message = {
    role: 'assistant',
    content: answer.text === undefined ? null : pieces(answer.text).join(''),
    refusal: answer.refusal === undefined ? null : pieces(answer.refusal).join(''),
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
  }
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finishOf(answer) }]
  return {
    ...head,
    object: 'chat.completion',
    choices,
    ...(usage === null ? {} : { usage: usageBody(usage) }),
  }
}
