import assert from 'node:assert/strict'
import { judge, type StreamContext } from '../server/tests/support/lawful-stream.ts'
import {
  validateEvent,
  validateRequest,
  validateResponse,
} from '../server/tests/support/openapi.ts'
import { holdContentType, readEvents, type WireEvent } from '../server/tests/support/sse.ts'
import { BrokenStreamRule } from '../server/tests/support/stream-rules.ts'

/** A plain HTTP client. Every answer of a path of the contract is held against the published schema. */

const TIMEOUT_MS = 60_000
/** Where a POST makes an object of its own. */
const MAKES = new Set(['/assistants', '/threads', '/files', '/vector_stores'])

export interface Request {
  /** Becomes JSON; a form goes as it is. */
  body?: unknown
  /** Text that goes as it is. */
  raw?: string
  headers?: Record<string, string>
  /** Another key; null for none. */
  key?: string | null
}

export interface Reply {
  status: number
  headers: Headers
  text: string
  /** Parsed, where the answer is JSON; else undefined. */
  body: unknown
}

export interface Refusal {
  status: number
  message?: string | RegExp
  param?: string | null
  code?: string | null
  type?: string
}

interface ErrorBody {
  message: string
  type: string
  param: string | null
  code: string | null
}

export const errorOf = (reply: Reply): ErrorBody => {
  const { error } = (reply.body ?? {}) as { error?: ErrorBody }
  assert.ok(error, `no error in ${reply.status} ${reply.text.slice(0, 300)}`)
  return error
}

/** `404 no such thing (code)`: what a server answered, for rows that are nobody's rule. */
export const told = (reply: Reply): string => {
  if (reply.status < 400) return `${reply.status}`
  const { message, code } = errorOf(reply)
  return `${reply.status} ${message.slice(0, 160)}${code === null ? '' : ` (${code})`}`
}

export class Client {
  readonly baseUrl: string
  readonly #key: string
  readonly #made: (path: string) => void

  /** @param made hears the path of every object that a call made, so that it can be deleted in the end */
  constructor(baseUrl: string, key: string, made: (path: string) => void = () => {}) {
    this.baseUrl = baseUrl.replace(/\/+$/, '')
    this.#key = key
    this.#made = made
  }

  /** Only the transport: nothing is checked. */
  async fetch(method: string, path: string, request: Request = {}): Promise<Response> {
    const { body, raw, headers = {}, key = this.#key } = request
    const isForm = body instanceof FormData
    const json = body === undefined || isForm ? undefined : JSON.stringify(body)
    return await fetch(this.baseUrl + path, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(json === undefined && raw === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: isForm ? body : (raw ?? json ?? null),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  }

  /** @throws Error when the answer is not as published, an error without its envelope, or the server's fault */
  async send(method: string, path: string, request: Request = {}): Promise<Reply> {
    const response = await this.fetch(method, path, request)
    const text = await response.text()
    const { status, headers } = response
    const isJson = headers.get('content-type')?.startsWith('application/json') ?? false
    const reply = {
      status,
      headers,
      text,
      body: isJson ? (JSON.parse(text) as unknown) : undefined,
    }
    const [pathname = ''] = path.split('?')
    assert.ok(status < 500 || status === 502, `${status} ${text.slice(0, 300)}`)
    if (status >= 400) {
      assert.ok(isJson, `${status} without JSON: ${text.slice(0, 200)}`)
      assert.deepEqual(Object.keys(errorOf(reply)).toSorted(), ['code', 'message', 'param', 'type'])
    } else if (request.body !== undefined && !(request.body instanceof FormData))
      validateRequest(method, pathname, request.body)
    if (method === 'POST' && status < 400 && isJson) this.#note(pathname, reply.body)
    if (isJson) validateResponse(method, pathname, status, reply.body)
    return reply
  }

  #note(path: string, body: unknown): void {
    const { id, thread_id } = body as { id?: string; thread_id?: string }
    if (path === '/threads/runs') this.#made(`/threads/${thread_id}`)
    else if (MAKES.has(path)) this.#made(`${path}/${id}`)
  }

  /** An accepted call. */
  async call<T>(method: string, path: string, body?: unknown, request: Request = {}): Promise<T> {
    const reply = await this.send(method, path, {
      ...request,
      ...(body === undefined ? {} : { body }),
    })
    assert.equal(reply.status, 200, `${method} ${path}: ${reply.text.slice(0, 300)}`)
    return reply.body as T
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path)
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.call('POST', path, body)
  }

  delete<T>(path: string): Promise<T> {
    return this.call('DELETE', path)
  }

  /** A refused call. */
  async refused(
    method: string,
    path: string,
    request: Request,
    { status, message, ...rest }: Refusal,
  ): Promise<Reply> {
    const reply = await this.send(method, path, request)
    assert.equal(reply.status, status, `${method} ${path}: ${reply.text.slice(0, 300)}`)
    const error = errorOf(reply)
    if (typeof message === 'string') assert.equal(error.message, message)
    else if (message !== undefined) assert.match(error.message, message)
    for (const [key, value] of Object.entries(rest))
      assert.equal(error[key as keyof ErrorBody], value, `${key} of ${JSON.stringify(error)}`)
    return reply
  }

  /** A whole stream, judged by every rule there is. @param each hears every event as it comes */
  async events(
    path: string,
    body: object,
    context: StreamContext = {},
    each: (event: WireEvent, all: readonly WireEvent[]) => Promise<void> | void = () => {},
  ): Promise<WireEvent[]> {
    const response = await this.fetch('POST', path, { body: { ...body, stream: true } })
    if (response.status !== 200 || response.body === null)
      assert.fail(`no stream: ${response.status} ${(await response.text()).slice(0, 300)}`)
    holdContentType(response.headers)
    const events: WireEvent[] = []
    for await (const event of readEvents(response.body)) {
      events.push(event)
      await each(event, events)
    }
    judge(events, context, ({ event, data }) => {
      try {
        validateEvent(event, data)
      } catch (error) {
        throw new BrokenStreamRule('schema', error instanceof Error ? error.message : String(error))
      }
    })
    return events
  }
}
