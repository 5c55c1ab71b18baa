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

export interface JobMessage {
  t: 'job'
  source: string
  arguments: unknown
  customizedParams: unknown
  conversation: unknown
  userCookie: string | null
  stdoutBytes: number
  resultBytes: number
  /** Import names that are not there, with the sentence that says how to get them. */
  missing: Record<string, string>
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
}

export type ChildMessage = ReadyMessage | FailMessage | HttpRequestMessage | DoneMessage

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

const done = (value: Record<string, unknown>): DoneMessage | null => {
  const { ok, truncated, error } = value
  if (typeof ok !== 'boolean' || typeof truncated !== 'boolean') return null
  if (!isText(value['output']) || !isText(value['stdout']) || !isText(value['stderr'])) return null
  const output = storable(value['output'])
  const stdout = storable(value['stdout'])
  const stderr = storable(value['stderr'])
  if (error === null)
    return ok ? { t: 'done', ok, output, stdout, stderr, truncated, error: null } : null
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
  if (value['t'] === 'done') return done(value)
  if (value['t'] === 'fail')
    return isText(value['message']) ? { t: 'fail', message: value['message'] } : null
  if (value['t'] !== 'ready') return null
  const walls = value['walls']
  return Array.isArray(walls) && walls.every(isText) ? { t: 'ready', walls } : null
}
