/** HTTP without a network: every request is a line to the host's egress broker, every reply a line back. */
import {
  HTTP_LIMITS,
  type HeaderList,
  type HttpReplyMessage,
  type HttpRequestMessage,
} from './protocol.ts'

export interface BridgeReply {
  status: number
  reason: string
  headers: HeaderList
  body: Uint8Array<ArrayBuffer>
}

interface Base64Bytes extends Uint8Array<ArrayBuffer> {
  toBase64(): string
}
const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  (Uint8Array as unknown as { fromBase64(text: string): Uint8Array<ArrayBuffer> }).fromBase64(text)

const MAX_REDIRECTS = 20
const BODILESS = new Set([101, 204, 205, 304])
const REDIRECTS = new Set([301, 302, 303, 307, 308])

export class HttpBridge {
  #nextId = 1
  readonly #waiting = new Map<
    number,
    { resolve: (reply: BridgeReply) => void; reject: (error: Error) => void }
  >()
  readonly #send: (message: HttpRequestMessage) => void

  constructor(send: (message: HttpRequestMessage) => void) {
    this.#send = send
  }

  /** One hop; redirects come back as they are. Rejects with the broker's sentence when it refuses. */
  request(
    method: string,
    url: string,
    headers: HeaderList,
    body: Uint8Array | null,
    timeoutMs: number | null,
  ): Promise<BridgeReply> {
    const tooLarge = excess(method, url, headers)
    if (tooLarge !== null) return Promise.reject(new TypeError(tooLarge))
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      const text = body === null ? null : (new Uint8Array(body) as Base64Bytes).toBase64()
      this.#send({ t: 'http', id, method, url, headers, body: text, timeoutMs })
    })
  }

  settle(reply: HttpReplyMessage): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (reply.error !== undefined) waiting?.reject(new TypeError(reply.error))
    else {
      const { status = 0, reason = '', headers = [], body = '' } = reply
      waiting?.resolve({ status, reason, headers, body: fromBase64(body) })
    }
  }

  /** The web's `fetch` over the bridge, with its redirect rules; `response.url` is the last hop's. */
  fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (typeof input === 'string' && !URL.canParse(input))
      throw new TypeError(
        `'${input.slice(0, 200)}' is not a whole address: a plugin runs on the server and not in a web page; begin it with https://`,
      )
    const request = new Request(input, init)
    let body = request.body === null ? null : new Uint8Array(await request.arrayBuffer())
    let method = request.method
    let url = request.url
    const headers = new Headers(request.headers)
    if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'gzip, deflate')
    if (!headers.has('accept')) headers.set('accept', '*/*')
    for (let hop = 0; ; hop += 1) {
      const reply = await this.#abortable(
        this.request(method, url, [...headers], body, null),
        request.signal,
      )
      const location = reply.headers.find(([name]) => name.toLowerCase() === 'location')?.[1]
      if (!REDIRECTS.has(reply.status) || location === undefined || request.redirect === 'manual') {
        return toResponse(reply, url, hop > 0)
      }
      if (request.redirect === 'error')
        throw new TypeError(`${url} redirects, and the call forbids redirects`)
      if (hop === MAX_REDIRECTS)
        throw new TypeError(`${url} redirects more than ${MAX_REDIRECTS} times`)
      const next = new URL(location, url)
      if (next.origin !== new URL(url).origin) headers.delete('authorization')
      const becomesGet =
        reply.status === 303 ? method !== 'HEAD' : reply.status < 303 && method === 'POST'
      if (becomesGet) {
        method = 'GET'
        body = null
        headers.delete('content-type')
      }
      url = next.href
    }
  }

  #abortable(reply: Promise<BridgeReply>, signal: AbortSignal): Promise<BridgeReply> {
    if (signal.aborted) return Promise.reject(signal.reason)
    return Promise.race([
      reply,
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
    ])
  }
}

const excess = (method: string, url: string, headers: HeaderList): string | null => {
  if (method.length > HTTP_LIMITS.method) return 'The method of the request is too long.'
  if (url.length > HTTP_LIMITS.url)
    return `The URL of the request is longer than ${HTTP_LIMITS.url} characters.`
  const text = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  return headers.length > HTTP_LIMITS.headers || text > HTTP_LIMITS.headerText
    ? 'The headers of the request are too large.'
    : null
}

const toResponse = (reply: BridgeReply, url: string, redirected: boolean): Response => {
  const headers = new Headers()
  for (const [name, value] of reply.headers) headers.append(name, value)
  const encoding = headers.get('content-encoding')?.toLowerCase()
  let body: BodyInit | null = BODILESS.has(reply.status) ? null : reply.body
  if (body !== null && reply.body.length > 0 && (encoding === 'gzip' || encoding === 'deflate')) {
    body = new Blob([reply.body]).stream().pipeThrough(new DecompressionStream(encoding))
    headers.delete('content-length')
  }
  const response = new Response(body, { status: reply.status, statusText: reply.reason, headers })
  Object.defineProperty(response, 'url', { value: url })
  Object.defineProperty(response, 'redirected', { value: redirected })
  return response
}
