import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AssistantObject } from '@melzi/contract/assistant.ts'
import type { ErrorReply } from '@melzi/contract/error.ts'
import type { FileObject } from '@melzi/contract/file.ts'
import type { ListReply } from '@melzi/contract/list.ts'
import type { MessageObject } from '@melzi/contract/message.ts'
import type { RunStepObject } from '@melzi/contract/run-step.ts'
import type { RunObject } from '@melzi/contract/run.ts'
import type { ThreadObject } from '@melzi/contract/thread.ts'
import type { Key } from './boot.ts'
import { validateEvent, validateRequest, validateResponse } from './openapi.ts'
import { validateByReference, validateEventByReference } from './reference.ts'
import { holdContentType, readEvents, type WireEvent } from './sse.ts'

/**
 * A plain HTTP client for black-box suites. Every accepted request and every answer of a path of the contract, stream events
 * included, is held against the published schema, and against the server's own API reference.
 */

export interface Reply {
  status: number
  headers: Headers
  /** Parsed JSON, null for an empty body. */
  body: unknown
}

export interface Refusal {
  status: number
  message?: string | RegExp
  param?: string | null
  code?: string | null
}

const END_STATES = ['completed', 'incomplete', 'failed', 'cancelled', 'expired', 'requires_action']

export class Api {
  readonly baseUrl: string
  private readonly headers: Record<string, string>

  /** @param headers in place of a key */
  constructor({ baseUrl, apiKey }: Key, headers?: Record<string, string>) {
    this.baseUrl = baseUrl
    this.headers = headers ?? { authorization: `Bearer ${apiKey}` }
  }

  /** @param path with its query, as the contract writes it after the base */
  async request(method: string, path: string, body?: unknown): Promise<Reply> {
    const response = await this.send(method, path, body)
    const text = await response.text()
    const reply = {
      status: response.status,
      headers: response.headers,
      body: text === '' ? null : (JSON.parse(text) as unknown),
    }
    const [pathname = ''] = path.split('?')
    if (reply.status < 400 && body !== undefined) validateRequest(method, pathname, body)
    validateResponse(method, pathname, reply.status, reply.body)
    validateByReference(method, pathname, reply.status, reply.body)
    return reply
  }

  async get<T>(path: string): Promise<T> {
    return (await this.accepted('GET', path)) as T
  }

  async post<T>(path: string, body: unknown = {}): Promise<T> {
    return (await this.accepted('POST', path, body)) as T
  }

  async delete<T>(path: string): Promise<T> {
    return (await this.accepted('DELETE', path)) as T
  }

  /** The bytes of a file, with the answer's headers. */
  async content(fileId: string): Promise<{ bytes: Buffer; headers: Headers }> {
    const response = await this.send('GET', `/files/${fileId}/content`, undefined)
    assert.equal(response.status, 200)
    return { bytes: Buffer.from(await response.arrayBuffer()), headers: response.headers }
  }

  /** Uploads a file. @param fields of the form beside the file, `expires_after[seconds]` and the like */
  file(
    bytes: string | Uint8Array<ArrayBuffer>,
    name: string,
    fields: Record<string, string> = { purpose: 'vision' },
  ): Promise<FileObject> {
    return this.post('/files', fileForm(bytes, name, fields))
  }

  /** Asserts that a request is refused in the contract's envelope, all four keys. */
  async refused(
    method: string,
    path: string,
    body: unknown,
    { status, message, ...rest }: Refusal,
  ): Promise<void> {
    const reply = await this.request(method, path, body)
    assert.equal(reply.status, status, JSON.stringify(reply.body))
    const { error } = reply.body as ErrorReply
    assert.deepEqual(Object.keys(error).toSorted(), ['code', 'message', 'param', 'type'])
    if (typeof message === 'string') assert.equal(error.message, message)
    if (message instanceof RegExp) assert.match(error.message, message)
    for (const [key, value] of Object.entries(rest))
      assert.equal(error[key as 'param' | 'code'], value, `${key} of ${JSON.stringify(error)}`)
  }

  /** Opens a stream and yields its events as they come; leaving the loop closes the connection. */
  async *stream(path: string, body: object): AsyncGenerator<WireEvent> {
    const response = await this.send('POST', path, { ...body, stream: true })
    if (response.status !== 200 || response.body === null)
      assert.fail(`no stream: ${response.status} ${await response.text()}`)
    holdContentType(response.headers)
    validateRequest('POST', path, { ...body, stream: true })
    for await (const event of readEvents(response.body)) {
      validateEvent(event.event, event.data)
      validateEventByReference(event.event, event.data)
      yield event
    }
  }

  /** A whole stream. */
  async events(path: string, body: object): Promise<WireEvent[]> {
    const events: WireEvent[] = []
    for await (const event of this.stream(path, body)) events.push(event)
    return events
  }

  assistant(fields: object = {}): Promise<AssistantObject> {
    return this.post('/assistants', { model: 'scripted', ...fields })
  }

  thread(...userMessages: string[]): Promise<ThreadObject> {
    return this.post('/threads', {
      messages: userMessages.map((content) => ({ role: 'user', content })),
    })
  }

  run(threadId: string, assistantId: string, fields: object = {}): Promise<RunObject> {
    return this.post(`/threads/${threadId}/runs`, { assistant_id: assistantId, ...fields })
  }

  /** Polls until the run stops, by default within 10 s. */
  async settled({ thread_id, id }: RunObject, timeoutMs = 10_000): Promise<RunObject> {
    const until = Date.now() + timeoutMs
    for (;;) {
      const run = await this.get<RunObject>(`/threads/${thread_id}/runs/${id}`)
      if (END_STATES.includes(run.status)) return run
      assert.ok(Date.now() < until, `run is still ${run.status}`)
      await sleep(25)
    }
  }

  /** Oldest first. */
  async messages(threadId: string): Promise<MessageObject[]> {
    const path = `/threads/${threadId}/messages?order=asc&limit=100`
    return (await this.get<ListReply<MessageObject>>(path)).data
  }

  /** Oldest first. */
  async steps({ thread_id, id }: RunObject): Promise<RunStepObject[]> {
    const path = `/threads/${thread_id}/runs/${id}/steps?order=asc&limit=100`
    return (await this.get<ListReply<RunStepObject>>(path)).data
  }

  /** @param body JSON, or a form that is sent as it is */
  private send(method: string, path: string, body: unknown): Promise<Response> {
    if (body instanceof FormData) {
      return fetch(this.baseUrl + path, { method, headers: this.headers, body })
    }
    return fetch(this.baseUrl + path, {
      method,
      headers: {
        ...this.headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
  }

  private async accepted(method: string, path: string, body?: unknown): Promise<unknown> {
    const reply = await this.request(method, path, body)
    assert.equal(reply.status, 200, `${method} ${path}: ${JSON.stringify(reply.body)}`)
    return reply.body
  }
}

/** A form with one file, the other fields first. */
export const fileForm = (
  bytes: string | Uint8Array<ArrayBuffer>,
  name: string,
  fields: Record<string, string>,
): FormData => {
  const form = new FormData()
  for (const [key, value] of Object.entries(fields)) form.append(key, value)
  form.append('file', new File([bytes], name))
  return form
}

/** A `fetch` for SDK clients that holds what they send and get against the schema; streams are judged by the SDK. */
export const checkedFetch =
  (baseUrl: string): typeof fetch =>
  async (input, init) => {
    // the form of openai 4 is a stream, which fetch takes only so
    const streamed = typeof init?.body === 'object' && init.body !== null
    const response = await fetch(input, streamed ? { ...init, duplex: 'half' } : init)
    const url = new URL(input instanceof Request ? input.url : input)
    const path = url.pathname.slice(new URL(baseUrl).pathname.length)
    const method = init?.method ?? 'GET'
    if (response.ok && typeof init?.body === 'string')
      validateRequest(method, path, JSON.parse(init.body))
    if (response.headers.get('content-type')?.startsWith('application/json')) {
      const body: unknown = await response.clone().json()
      validateResponse(method, path, response.status, body)
      validateByReference(method, path, response.status, body)
    }
    return response
  }

/** The text of a message's text parts. */
export const textOf = (message: MessageObject | undefined): string =>
  (message?.content ?? []).map((part) => (part.type === 'text' ? part.text.value : '')).join('')

/** A function tool that takes a price and a weight. */
export const unitPrice = {
  type: 'function',
  function: {
    name: 'unit_price',
    description: 'Price of one kilogram',
    parameters: {
      type: 'object',
      properties: { price: { type: 'number' }, weight: { type: 'number' } },
      required: ['price', 'weight'],
    },
  },
} as const
