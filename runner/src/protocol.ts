/**
 * One JSON object a line on the child's stdin and stdout. Everything that comes from the child after `ready` may have been
 * written by the plugin: `parseChildMessage` is the only way in, and its result holds nothing but what is declared here.
 */
export type HeaderList = [name: string, value: string][]

/** What one request may weigh besides its body, in characters. The child refuses more; the host ends a call that sends more. */
export const HTTP_LIMITS = { url: 8192, method: 32, headers: 200, headerText: 49_152 }

export interface HttpRequestMessage {
  t: 'http'
  id: number
  method: string
  url: string
  headers: HeaderList
  /** base64; null for no body. */
  body: string | null
  timeoutMs: number | null
}

export interface HttpReplyMessage {
  t: 'httpr'
  id: number
  status?: number
  reason?: string
  headers?: HeaderList
  /** base64, as it came over the wire (still content-encoded). */
  body?: string
  /** Instead of the above: one sentence. */
  error?: string
}

/** A file of SELECTED_FILES. */
export interface JobFile {
  /** As people see it; the file stands under a name made from it. */
  title: string
  /** Media type. */
  type: string
  /** base64. */
  data: string
}

export interface JobMessage {
  t: 'job'
  source: string
  arguments: unknown
  customizedParams: unknown
  conversation: unknown
  userCookie: string | null
  /** SELECTED_MODEL_TOKEN_LIMIT. */
  modelTokenLimit: number | null
  /** The plugin's own secrets, by name. */
  secrets: Record<string, string>
  files: JobFile[]
  stdoutBytes: number
  resultBytes: number
  /** What `plt.show()` may hand over. */
  pictures: { count: number; totalBytes: number }
  /** Import names that are not there, with the sentence that says how to get them. */
  missing: Record<string, string>
}

/** What the awaitables of plugins ask the host: `chat`, `infer_params`, `count_token` and `emb` (plugins.md 2). */
export type ModelQuestion =
  | { kind: 'chat'; conversation: unknown; functions: unknown }
  | { kind: 'infer'; conversation: unknown; description: unknown; parameters: unknown }
  | { kind: 'count'; text: string }
  | { kind: 'embed'; text: string }

export interface AskMessage {
  t: 'ask'
  id: number
  question: ModelQuestion
}

export interface AnswerMessage {
  t: 'answer'
  id: number
  value?: unknown
  /** Instead of the value: one sentence. */
  error?: string
}

export interface ReadyMessage {
  t: 'ready'
  walls: string[]
}

/** The child could not be made ready. */
export interface FailMessage {
  t: 'fail'
  message: string
}

export interface DoneMessage {
  t: 'done'
  ok: boolean
  output: string
  stdout: string
  stderr: string
  truncated: boolean
  error: { kind: 'python' | 'memory'; message: string; traceback: string | null } | null
  /** PNG files as base64, in the order they were shown. */
  pictures: string[]
  /** Pictures that were over the limits. */
  picturesLeftOut: number
}

export type ChildMessage =
  | ReadyMessage
  | FailMessage
  | HttpRequestMessage
  | AskMessage
  | DoneMessage

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === 'string'

/** Lone surrogates and NUL cannot be stored as text everywhere. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD')

const headerList = (value: unknown): HeaderList | null => {
  if (!Array.isArray(value) || value.length > HTTP_LIMITS.headers) return null
  const headers: HeaderList = []
  let total = 0
  for (const pair of value) {
    if (!Array.isArray(pair) || pair.length !== 2 || !isText(pair[0]) || !isText(pair[1]))
      return null
    total += pair[0].length + pair[1].length
    if (total > HTTP_LIMITS.headerText) return null
    headers.push([pair[0], pair[1]])
  }
  return headers
}

const httpRequest = (value: Record<string, unknown>): HttpRequestMessage | null => {
  const headers = headerList(value['headers'])
  const { id, method, url, body, timeoutMs } = value
  if (headers === null || !Number.isSafeInteger(id) || !isText(method) || !isText(url)) return null
  if (url.length > HTTP_LIMITS.url || method.length > HTTP_LIMITS.method) return null
  if (body !== null && !isText(body)) return null
  if (timeoutMs !== null && !(typeof timeoutMs === 'number' && timeoutMs >= 0)) return null
  return {
    t: 'http',
    id: id as number,
    method,
    url,
    headers,
    body,
    timeoutMs: timeoutMs as number | null,
  }
}

const question = (value: unknown): ModelQuestion | null => {
  if (!isRecord(value)) return null
  const { kind, conversation = null, functions = null } = value
  const { description = null, parameters = null, text } = value
  if (kind === 'chat') return { kind, conversation, functions }
  if (kind === 'infer') return { kind, conversation, description, parameters }
  if (kind !== 'count' && kind !== 'embed') return null
  return isText(text) ? { kind, text: storable(text) } : null
}

const ask = (value: Record<string, unknown>): AskMessage | null => {
  const asked = question(value['question'])
  const { id } = value
  return asked === null || !Number.isSafeInteger(id)
    ? null
    : { t: 'ask', id: id as number, question: asked }
}

/** base64 as encoders write it; what it holds is the host's to look at. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

const pictureList = (value: unknown): string[] | null =>
  Array.isArray(value) && value.every((item) => isText(item) && BASE64.test(item))
    ? (value as string[])
    : null

const done = (value: Record<string, unknown>): DoneMessage | null => {
  const { ok, truncated, error, picturesLeftOut } = value
  const pictures = pictureList(value['pictures'])
  if (pictures === null || !Number.isSafeInteger(picturesLeftOut)) return null
  if (typeof ok !== 'boolean' || typeof truncated !== 'boolean') return null
  if (!isText(value['output']) || !isText(value['stdout']) || !isText(value['stderr'])) return null
  const output = storable(value['output'])
  const stdout = storable(value['stdout'])
  const stderr = storable(value['stderr'])
  const shown = { pictures, picturesLeftOut: picturesLeftOut as number }
  if (error === null)
    return ok ? { t: 'done', ok, output, stdout, stderr, truncated, error: null, ...shown } : null
  if (ok || !isRecord(error) || !isText(error['message'])) return null
  const { kind, traceback } = error
  if (kind !== 'python' && kind !== 'memory') return null
  if (traceback !== null && !isText(traceback)) return null
  const message = storable(error['message'])
  const frames = traceback === null ? null : storable(traceback)
  return {
    t: 'done',
    ok,
    output,
    stdout,
    stderr,
    truncated,
    error: { kind, message, traceback: frames },
    ...shown,
  }
}

/** The message in one line of the child's stdout; null when the line is not one. Sizes are the caller's to check. */
export const parseChildMessage = (line: string): ChildMessage | null => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  if (!isRecord(value)) return null
  if (value['t'] === 'http') return httpRequest(value)
  if (value['t'] === 'ask') return ask(value)
  if (value['t'] === 'done') return done(value)
  if (value['t'] === 'fail')
    return isText(value['message']) ? { t: 'fail', message: value['message'] } : null
  if (value['t'] !== 'ready') return null
  const walls = value['walls']
  return Array.isArray(walls) && walls.every(isText) ? { t: 'ready', walls } : null
}
